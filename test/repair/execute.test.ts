import { describe, expect, it } from 'vitest';
import { SIMULATED_FAULTS, type SimulatedFaultId } from '../support/simulated-faults.ts';
import { planFrom, SimulatedOperator } from '../support/simulated-run.ts';

const FAULTS = Object.keys(SIMULATED_FAULTS) as readonly SimulatedFaultId[];

describe('a repair', () => {
  it.each(FAULTS)('%s: the payment arrives once, and bystanders stay as they are', async (id) => {
    const { platform, payment } = await SIMULATED_FAULTS[id]();
    const plan = await planFrom(platform);
    const bystanders = platform.rowsWithout(payment);
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'fixed', reasons: [] });
    expect(plan.payments).toEqual([payment.id]);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
    expect(platform.rowsWithout(payment)).toEqual(bystanders);
  });

  it.each(FAULTS)('%s: planning changes nothing', async (id) => {
    const { platform } = await SIMULATED_FAULTS[id]();
    const before = platform.counters();
    await planFrom(platform);
    expect(platform.counters()).toEqual(before);
  });

  it.each(FAULTS)('%s: says in the journal what it did, in order and without gaps', async (id) => {
    const { platform } = await SIMULATED_FAULTS[id]();
    const operator = new SimulatedOperator(platform);
    await operator.apply(await planFrom(platform));
    const entries = platform.ledger.entries();
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
    expect(entries[0]?.kind).toBe('run-opened');
    expect(entries.at(-1)?.kind).toBe('run-verified');
    const acting = entries.filter(({ kind }) => kind === 'step-intended').map(({ step }) => step);
    for (const step of acting) {
      const kinds = entries.filter((entry) => entry.step === step).map(({ kind }) => kind);
      expect(kinds).toEqual(['step-intended', 'step-done']);
    }
    expect(platform.fileEntries.entries()).toEqual(entries);
  });
});
