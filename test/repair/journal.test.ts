import { expect, it } from 'vitest';
import { findRun } from '../../src/repair/journal.ts';
import { SIMULATED_FAULTS } from '../support/simulated-faults.ts';
import { planFrom, SimulatedOperator } from '../support/simulated-run.ts';

it('believes the shared journal where the own file says something else of the same entry', async () => {
  const { platform } = await SIMULATED_FAULTS.f02();
  const alice = new SimulatedOperator(platform);
  // Her connection breaks with the entry after the start: it is in her file alone.
  alice.at = (place) => {
    if (place === '1.1.after-act') platform.ledger.mood = 'silent';
  };
  expect(await alice.apply(await planFrom(platform))).toMatchObject({ outcome: 'needs-person' });
  platform.ledger.mood = 'works';
  const file = platform.fileEntries.entries();
  const lost = file.at(-1);
  if (lost === undefined) throw new Error('nothing was journalled');
  const { signal } = new AbortController();
  await platform.ledger.open().append({ ...lost, kind: 'step-unknown', operator: 'bob' }, signal);
  const places = [platform.ledger.open(), platform.fileEntries.open()];
  const record = await findRun(places, 'run1', signal);
  expect(record?.phases[0].steps.get(lost.step ?? 0)?.status).toBe('unknown');
});
