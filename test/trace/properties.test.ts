import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { cohorts } from '../../src/trace/cohorts.ts';
import { traceUnfinished } from '../../src/trace/trace-payment.ts';
import {
  deadLetter,
  HOUR,
  healthyState,
  MINUTE,
  NOW,
  PARTS,
  type Step,
  seenValue,
  withDeadLetters,
  withGroup,
  withPayment,
  withUnseen,
} from '../support/states.ts';

const STEPS: readonly Step[] = [
  'payment-row',
  'confirmed-mark',
  'confirmed-record',
  'purchase-read',
  'purchase-row',
  'created-record',
  'allocation-read',
  'allocation-mark',
  'allocated-record',
  'sessions-read',
];

const anyPayment = fc.record({
  upTo: fc.constantFrom(...STEPS),
  ageMs: fc.integer({ min: 1_000, max: 5 * HOUR }),
  partition: fc.constantFrom(0, 1, 2),
  without: fc.subarray([
    'confirmed-mark',
    'purchase-read',
    'allocation-read',
    'allocation-mark',
  ] satisfies Step[]),
  row: fc.constantFrom({}, { courseId: null }),
});

const anyState = fc
  .record({
    payments: fc.array(anyPayment, { minLength: 1, maxLength: 4 }),
    empty: fc.subarray([
      'purchase-creation-workers',
      'trainer-allocation-workers',
      'session-scheduling-workers',
    ]),
    letters: fc.subarray(['purchase-confirmed', 'purchase-created', 'trainer-allocated']),
  })
  .map(({ payments, empty, letters }): PlatformState => {
    const paid = payments.reduce(
      (state, change, n) => withPayment(state, { ...change, n: n + 1 }),
      healthyState(),
    );
    const left = empty.reduce(
      (state, group) => withGroup(state, group, { states: ['Empty', 'Empty', 'Empty'] }),
      paid,
    );
    return withDeadLetters(
      left,
      letters.flatMap((topic) => [2, 1].map((m) => deadLetter(topic, 1, 4n, { atMs: NOW - m * MINUTE }))),
    );
  });

const kinds = (state: PlatformState): ReadonlyMap<string, string> =>
  new Map(traceUnfinished(state).map(({ payment, kind }) => [payment, kind]));

describe('tracing', { timeout: 60_000 }, () => {
  it('never shows a payment as healthier because a part was hidden', () => {
    fc.assert(
      fc.property(anyState, fc.subarray([...PARTS], { minLength: 1, maxLength: 3 }), (state, hidden) => {
        const before = kinds(state);
        const after = kinds(hidden.reduce((next, part) => withUnseen(next, part), state));
        for (const [payment, kind] of before) {
          if (kind !== 'stuck' && kind !== 'needs-decision') continue;
          expect(['stuck', 'needs-decision', 'undetermined', undefined]).toContain(after.get(payment));
        }
        if (hidden.includes('payments')) expect(after.size).toBe(0);
      }),
      { numRuns: 120 },
    );
  });

  it('does not depend on the order of rows', () => {
    const reversed = (state: PlatformState): PlatformState => {
      const payments = seenValue(state.payments);
      return {
        ...state,
        payments: seen({ ...payments, unfinished: payments.unfinished.toReversed() }, NOW),
        purchases: seen(seenValue(state.purchases).toReversed(), NOW),
        allocations: seen(seenValue(state.allocations).toReversed(), NOW),
        sessions: seen(seenValue(state.sessions).toReversed(), NOW),
        marks: seen(seenValue(state.marks).toReversed(), NOW),
      };
    };
    fc.assert(
      fc.property(anyState, (state) => {
        const other = reversed(state);
        expect(cohorts(other, traceUnfinished(other))).toEqual(cohorts(state, traceUnfinished(state)));
      }),
      { numRuns: 60 },
    );
  });

  it('puts every payment that did not arrive into exactly one cohort', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const traces = traceUnfinished(state);
        const inCohorts = cohorts(state, traces).flatMap((cohort) =>
          cohort.traces.map(({ payment }) => payment),
        );
        const expected = traces.filter(({ kind }) => kind !== 'complete').map(({ payment }) => payment);
        expect(inCohorts.toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 60 },
    );
  });
});
