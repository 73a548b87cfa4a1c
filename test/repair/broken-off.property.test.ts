import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/repair/execute.ts';
import type { PaymentRecord } from '../support/platform-rows.ts';
import { SIMULATED_FAULTS, type SimulatedFaultId } from '../support/simulated-faults.ts';
import type { SimulatedPlatform } from '../support/simulated-platform.ts';
import { planFrom, SimulatedOperator } from '../support/simulated-run.ts';

const FAULTS = Object.keys(SIMULATED_FAULTS) as readonly SimulatedFaultId[];
const STAGES = ['purchase-worker', 'allocation-worker', 'session-worker'] as const;

/** A second fault beside the first, how the run is broken off, what happens then, and how it is ended. */
const story = fc.record({
  fault: fc.constantFrom(...FAULTS),
  beside: fc.option(fc.constantFrom(...STAGES), { freq: 2 }),
  others: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }),
  end: fc.constantFrom('dies', 'interrupted', 'stays'),
  at: fc.nat({ max: 24 }),
  meanwhile: fc.constantFrom('nothing', 'refund', 'time'),
  how: fc.constantFrom('resume', 'undo'),
});

async function broken(platform: SimulatedPlatform, end: 'dies' | 'interrupted' | 'stays', at: number) {
  const operator = new SimulatedOperator(platform);
  operator.at = (place) => {
    if (operator.places.length !== at + 1) return;
    if (end === 'dies') operator.diesAt = place;
    if (end === 'interrupted') operator.interrupt();
  };
  return operator.apply(await planFrom(platform));
}

function refund({ database }: SimulatedPlatform, { id }: PaymentRecord): void {
  const payments = database.rows.payments.map((row) =>
    row.id === id ? { ...row, status: 'refunded' } : row,
  );
  database.rows = { ...database.rows, payments };
}

/** Workers that ran before and are down now, of which the result says nothing. */
function leftInSilence(platform: SimulatedPlatform, before: readonly string[], result: RunResult) {
  const said = [...result.reasons, ...result.stays].join('\n');
  const down = before.filter((worker) => !platform.running().includes(worker));
  return down.filter((worker) => !said.includes(`docker start kodingcaravan-${worker}`));
}

describe('a run that is broken off', { timeout: 60_000 }, () => {
  it('doubles nothing, calls only what arrived fixed, lets no worker at a refund, and leaves none stopped in silence', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ fault, beside, others, end, at, meanwhile, how }) => {
        const { platform, payment } = await SIMULATED_FAULTS[fault]();
        if (beside !== null) platform.stop(beside);
        const payments = [payment, ...others.map((partition) => platform.pay({ partition }))];
        platform.pass(20_000);
        const before = platform.running();
        let result = await broken(platform, end, at);
        const isBegun = platform.ledger.entries().length > 0;
        let refunded: readonly number[] | null = null;
        if (isBegun && (result === null || result.outcome === 'interrupted')) {
          platform.pass(20_000);
          if (meanwhile === 'refund') {
            refund(platform, payment);
            refunded = platform.delivered(payment);
          }
          if (meanwhile === 'time') platform.pass(120_000);
          result = await new SimulatedOperator(platform, 'bob')[how]();
        }
        platform.pass(1_000);
        for (const one of payments) {
          const [purchases, allocations, sessions] = platform.delivered(one);
          expect(purchases).toBeLessThanOrEqual(1);
          expect(allocations).toBeLessThanOrEqual(1);
          expect(sessions).toBeLessThanOrEqual(7);
        }
        if (refunded !== null) expect(platform.delivered(payment)).toEqual(refunded);
        if (result === null) return;
        expect(leftInSilence(platform, before, result)).toEqual([]);
        if (result.outcome !== 'fixed') return;
        const moved = new Set(result.phases.flatMap(({ plan }) => plan.payments.map(String)));
        for (const one of payments.filter(
          ({ id }) => moved.has(id) && (refunded === null || id !== payment.id),
        ))
          expect(platform.delivered(one)).toEqual([1, 1, 7]);
      }),
      { numRuns: 40 },
    );
  });
});
