import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { type DoctorRun, doctor, documentOf } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import { dockerEvents, fingerprint, statisticsSettle } from '../support/fingerprint.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';

const TIMEOUT_MS = 300_000;
/** A busy machine may not answer in time: what is looked for here is what is told, not its speed. */
const PATIENT = ['--timeout', '60s'];
/** Moves the offsets of purchase-worker, which it stops first. */
const FAULT = 'f19';
const WORKER_STOPPED = '1.1.after-outcome';

describeLive('runs in a later diagnosis', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  const run = (
    home: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<DoctorRun> =>
    doctor([...args, ...PATIENT, '--project', lab.project, '--config', lab.configFile], {
      cwd: lab.projectDirectory,
      environment: { HOME: home, ...environment },
    });

  it('tell of one that was killed with a worker stopped, until it has ended', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using home = await emptyFolder();
    const elsewhere = join(home.path, 'another-operator');
    await injectBeside(lab, FAULT);
    const diagnosed = async (...args: readonly string[]) =>
      documentOf(await run(elsewhere, ['diagnose', '--json', ...args]));
    expect((await diagnosed()).runs).toEqual([]);

    const killed = await run(home.path, ['fix', '--yes'], {
      KC_ALLOW_FAIL_POINTS: '1',
      KC_FAIL_POINT: WORKER_STOPPED,
    });
    expect(killed.exitCode, killed.stdout + killed.stderr).toBeNull();
    await statisticsSettle(lab);
    const before = await fingerprint(lab);
    expect(before.tables.join('\n')).toContain('kc_doctor.journal r:');
    const sinceMs = Date.now();

    const seen = await diagnosed();
    expect(seen.runs).toMatchObject([
      { end: null, lock: 'free', stopped: [{ service: 'purchase-worker', certain: true }] },
    ]);
    const [left] = seen.runs ?? [];
    if (left === undefined) throw new Error('no run was seen');
    const who = `run ${left.run} by ${left.operator}`;
    const human = (await run(elsewhere, ['diagnose'])).stdout.replaceAll(/\s+/g, ' ');
    expect(human).toContain(`! ${who} stopped purchase-worker `);
    expect(human).toContain(`ago and has not ended kc-doctor history ${left.run}`);
    expect(human).toContain(`next kc-doctor fix --resume ${left.run} `);

    const file = join(home.path, 'state.json');
    await run(elsewhere, ['snapshot', '-o', file]);
    const recorded = documentOf(await doctor(['--json', '--from', file], { cwd: home.path }));
    expect(recorded.runs).toEqual(seen.runs);

    const guest = await run(elsewhere, ['diagnose', '--json'], { POSTGRES_URL: lab.readOnlyDatabaseUrl });
    expect(documentOf(guest).runs).toBeNull();
    expect(documentOf(guest).coverage.notLooked).toMatchObject([
      { system: 'postgres', operation: 'journal of runs', code: 'unauthorized' },
    ]);
    expect(guest.exitCode, guest.stdout).toBe(seen.exitCode);
    expect(await dockerEvents(lab, sinceMs, Date.now())).toEqual([]);
    expect(await fingerprint(lab)).toEqual(before);

    const resumed = await run(elsewhere, ['fix', '--resume', left.run, '--yes']);
    expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    const after = await diagnosed();
    expect(after.runs).toMatchObject([
      { run: left.run, end: { kind: 'verified' }, stopped: [], lock: 'free' },
    ]);
    expect(after.exitCode, after.headline).toBe(0);
  });
});
