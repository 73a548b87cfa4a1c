import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { summaryOf } from '../support/doctor.ts';
import { injectAndLook, nameOf } from '../support/faults.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';

/** Causes that the decoy suggests: neither on top nor beside the true one. */
const DECOYS: Readonly<Record<string, readonly string[]>> = {
  d1: ['old-worker-image', 'dead-letters-unsettled'],
  d5: ['unique-guard-missing'],
  d7: ['cache-mark-blocks-sessions', 'guard-skips'],
  d11: ['worker-crash-loop', 'worker-stopped'],
  d14: ['worker-stopped'],
};

describeLive('decoys beside a fault, live', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  it.each(Object.keys(DECOYS))('%s: the true cause wins', async (id) => {
    const { expects, run, document, hurt } = await injectAndLook(lab, id);
    const told = summaryOf(document);
    expect(nameOf(hurt[0]?.causes[0], expects.topCause), told).toBe(expects.topCause);
    const beside = hurt.flatMap(({ together }) => together.map((cause) => cause.id));
    expect(
      beside.filter((cause) => DECOYS[id]?.includes(cause)),
      told,
    ).toEqual([]);
    expect(run.exitCode, told).toBe(expects.exitCode);
    await lab.heal();
  });
});
