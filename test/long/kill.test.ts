import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import { type DoctorRun, doctor } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { consentTo, DELIVERED, repairOf, runsOf } from '../support/repairs.ts';

const TRIAL_TIMEOUT_MS = 300_000;

/** Fault, where the process dies, and what is done then. Every kind of act, each boundary around it. */
const TRIALS = [
  ['f02', '1.1.before-intent', 'resume'],
  ['f02', '1.1.after-intent', 'resume'],
  ['f02', '1.1.after-act', 'undo'],
  ['f02', '1.1.after-outcome', 'undo'],
  ['f02', '1.before-verifying', 'resume'],
  ['f19', '1.1.after-intent', 'undo'],
  ['f19', '1.1.after-act', 'undo'],
  ['f19', '1.1.after-outcome', 'resume'],
  ['f19', '1.3.before-intent', 'undo'],
  ['f19', '1.3.after-intent', 'resume'],
  ['f19', '1.3.after-act', 'resume'],
  ['f19', '1.4.after-act', 'resume'],
  ['f33', '1.after-opening', 'resume'],
  ['f33', '1.1.after-intent', 'resume'],
  ['f33', '1.1.after-act', 'resume'],
  ['f33', '1.1.after-outcome', 'resume'],
  ['f15', '1.1.after-act', 'undo'],
  ['f15', '1.5.after-act', 'resume'],
  ['f15', '1.6.after-intent', 'resume'],
  ['f15', '1.8.after-act', 'resume'],
] as const;

describeLive('kill -9 in the middle of a repair', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  const run = (
    home: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<DoctorRun> =>
    doctor([...args, '--json', '--project', lab.project, '--config', lab.configFile], {
      cwd: lab.projectDirectory,
      environment: { HOME: home, ...environment },
    });

  it.each(TRIALS)('%s, dead at %s, then %s', { timeout: TRIAL_TIMEOUT_MS }, async (id, place, then) => {
    await using home = await emptyFolder();
    const { bystander, payments } = await injectBeside(lab, id);
    const untouched = await rowsOf(lab, bystander);
    const consent = consentTo(repairOf(await run(home.path, ['fix', '--dry-run'])));

    const killed = await run(home.path, ['fix', ...consent], {
      KC_ALLOW_FAIL_POINTS: '1',
      KC_FAIL_POINT: place,
    });
    expect(killed.exitCode, `died at ${place}: ${killed.stderr}`).toBeNull();
    const [left] = runsOf(await run(home.path, ['history']));
    if (left === undefined) throw new Error('the run is not in the journal');
    expect(left.end).toBeNull();

    if (then === 'resume') {
      const resumed = await run(home.path, ['fix', '--resume', left.run, ...consent]);
      expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    } else {
      const undone = await run(home.path, ['undo', left.run, '--yes']);
      expect([0, 13], undone.stdout + undone.stderr).toContain(undone.exitCode);
      const [end] = runsOf(await run(home.path, ['history']));
      expect(end?.end?.kind).toBe(undone.exitCode === 0 ? 'undone' : 'failed');
      // What was taken back can be repaired again, unless the payment has arrived meanwhile.
      const again = repairOf(await run(home.path, ['fix', '--dry-run']));
      if ((again.plan?.steps.length ?? 0) > 0) {
        const repaired = await run(home.path, ['fix', ...consentTo(again)]);
        expect(repaired.exitCode, repaired.stdout + repaired.stderr).toBe(0);
      }
    }
    for (const payment of payments) expect(await deliveryOf(lab, payment)).toEqual(DELIVERED);
    expect(await rowsOf(lab, bystander)).toEqual(untouched);
  });
});
