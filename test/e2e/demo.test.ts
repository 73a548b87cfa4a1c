import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { doctor, documentOf } from '../support/doctor.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What each recorded platform must come to: the cause that its write-up arrived at. */
const RECORDED: Readonly<Record<string, { readonly exitCode: number; readonly top: string | null }>> = {
  'healthy.json': { exitCode: 0, top: null },
  'root-cause-analysis.json': { exitCode: 1, top: 'worker-not-deployed@allocation' },
  'why-purchase-not-created.json': { exitCode: 1, top: 'worker-not-deployed@purchase' },
};

describe('the recorded platforms', () => {
  it('are all known here', () => {
    expect(readdirSync(new URL('../../incidents', import.meta.url)).toSorted()).toEqual(
      Object.keys(RECORDED),
    );
  });

  it.each(Object.entries(RECORDED))('%s comes to the cause of its write-up', async (file, expected) => {
    const run = await doctor(['--json', '--from', `incidents/${file}`], { cwd: ROOT });
    const [cohort] = documentOf(run).cohorts;
    const top = cohort?.causes[0];
    expect(top === undefined ? null : `${top.id}@${top.stage}`).toBe(expected.top);
    expect(run.exitCode).toBe(expected.exitCode);
    if (top !== undefined) expect(top.level).toBe('confirmed');
  });

  it('trace from a recording stops where the diagnosis does', async () => {
    const payment = '1fa90c93-ea40-4ba9-a7bf-4ed47e735b91';
    const run = await doctor(['trace', payment, '--from', 'incidents/root-cause-analysis.json'], {
      cwd: ROOT,
    });
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/✗ read by allocation-worker .*\n?.*stops here/);
  });

  it('fix plans from a recording, and says what a person must do first', async () => {
    const run = await doctor(['fix', '--dry-run', '--from', 'incidents/root-cause-analysis.json'], {
      cwd: ROOT,
    });
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('docker compose create allocation-worker && kc-doctor fix');
  });
});
