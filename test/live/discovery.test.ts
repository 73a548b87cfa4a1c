import { lookup } from 'node:dns/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { doctor, documentOf, summaryOf } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';

/** What the lab's services call each other, and this host cannot resolve. */
const COMPOSE_NAMES = ['kafka', 'admin-service'];

describeLive('finding a platform without configuration', labMissing, () => {
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ({ lab, dispose } = await openTestLab({ warm: true }));
    await lab.waitForIdle();
  });
  afterAll(async () => {
    await dispose?.();
  });

  it('looks everywhere and is healthy, from an empty folder', async () => {
    for (const name of COMPOSE_NAMES) await expect(lookup(name), name).rejects.toThrow();
    await using folder = await emptyFolder();
    const run = await doctor(['--json', '--project', lab.project], { cwd: folder.path });
    const document = documentOf(run);
    expect(run.exitCode, summaryOf(document)).toBe(0);
    expect(document.coverage.notLooked, summaryOf(document)).toEqual([]);
    const blind = document.checks.filter(({ required, status }) => required && status === 'unknown');
    expect(blind).toEqual([]);
    expect(run.stderr).toBe('');
  });

  it('needs no name of a project where only one is there, and lists them where there are several', async () => {
    await using folder = await emptyFolder();
    const run = await doctor(['--json'], { cwd: folder.path });
    // Whether other platforms are on this daemon is not for this test to say.
    const isAlone = !run.stderr.includes('compose projects with workers of the pipeline');
    expect(run.exitCode, `${run.stdout}${run.stderr}`).toBe(isAlone ? 0 : 2);
    expect(isAlone ? run.stdout : run.stderr).toContain(lab.project);
  });

  it('says what each setting is and that Docker told it, without a secret', async () => {
    await using folder = await emptyFolder();
    const run = await doctor(['config', '--json', '--project', lab.project], { cwd: folder.path });
    const { settings } = JSON.parse(run.stdout) as {
      readonly settings: readonly { readonly key: string; readonly value: string; readonly source: string }[];
    };
    const sourceOf = (key: string) => settings.find((row) => row.key === key)?.source;
    expect(sourceOf('projectDir')).toBe('Docker (compose label)');
    expect(sourceOf('kafka.brokers')).toMatch(/\.env\.production KAFKA_BROKERS$/);
    expect(sourceOf('addressMap (found)')).toBe('Docker');
    expect(run.stdout).not.toContain(new URL(lab.platformDatabaseUrl).password);
    expect(run.exitCode).toBe(0);
  });

  it('suggests the name that was meant', async () => {
    await using folder = await emptyFolder();
    const run = await doctor(['--project', `${lab.project}x`], { cwd: folder.path });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(`--project ${lab.project}`);
  });
});
