import { describe, expect, it } from 'vitest';
import { SIMULATED_FAULTS, type SimulatedFaultId } from '../support/simulated-faults.ts';
import { planFrom, SimulatedOperator } from '../support/simulated-run.ts';

const FAULTS = Object.keys(SIMULATED_FAULTS) as readonly SimulatedFaultId[];

/** Every place where the process may die, found by a run that does not. */
async function placesOf(id: SimulatedFaultId): Promise<readonly string[]> {
  const { platform } = await SIMULATED_FAULTS[id]();
  const operator = new SimulatedOperator(platform);
  await operator.apply(await planFrom(platform));
  return operator.places;
}

async function killedAt(id: SimulatedFaultId, place: string) {
  const fault = await SIMULATED_FAULTS[id]();
  const { platform, payment } = fault;
  const plan = await planFrom(platform);
  const bystanders = platform.rowsWithout(payment);
  const running = platform.running();
  const operator = new SimulatedOperator(platform);
  operator.diesAt = place;
  expect(await operator.apply(plan), place).toBeNull();
  platform.pass(3_000);
  const isJournalled = platform.ledger.entries().length > 0;
  return { ...fault, running, bystanders, isJournalled };
}

describe.each(FAULTS)('%s, killed at each boundary', { timeout: 120_000 }, (id) => {
  it('is finished by --resume: nothing lost, nothing doubled', async () => {
    for (const place of await placesOf(id)) {
      const { platform, payment, bystanders, isJournalled } = await killedAt(id, place);
      const second = new SimulatedOperator(platform, 'bob');
      const result = isJournalled ? await second.resume() : await second.apply(await planFrom(platform));
      expect(result, place).toMatchObject({ outcome: 'fixed' });
      expect(platform.delivered(payment), place).toEqual([1, 1, 7]);
      expect(platform.rowsWithout(payment), place).toEqual(bystanders);
      const record = await second.record();
      expect(record.end?.kind, place).toBe('verified');
    }
  });

  it('is taken back by undo as far as it can be, and can be repaired again', async () => {
    for (const place of await placesOf(id)) {
      const { platform, payment, running, bystanders, isJournalled } = await killedAt(id, place);
      if (!isJournalled) continue;
      const second = new SimulatedOperator(platform, 'bob');
      const undone = await second.undo();
      expect(['undone', 'needs-person'], place).toContain(undone?.outcome);
      if (undone?.outcome === 'undone') expect(platform.running(), place).toEqual(running);
      else expect(undone?.reasons.length, place).toBeGreaterThan(0);
      platform.pass(20_000);
      const next = await planFrom(platform);
      if (next.steps.length > 0) await second.apply(next, 'run2');
      expect(platform.delivered(payment), place).toEqual([1, 1, 7]);
      expect(platform.rowsWithout(payment), place).toEqual(bystanders);
    }
  });
});
