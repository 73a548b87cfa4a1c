import { describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import { cohorts, splitCohort } from '../../src/trace/cohorts.ts';
import type { Cohort } from '../../src/trace/trace.ts';
import { traceUnfinished } from '../../src/trace/trace-payment.ts';
import {
  deadLetter,
  healthyState,
  idsOf,
  MINUTE,
  NOW,
  type PaymentChange,
  withDeadLetters,
  withGroup,
  withMark,
  withPayment,
} from '../support/states.ts';

const found = (state: PlatformState): readonly Cohort[] => cohorts(state, traceUnfinished(state));
const paid = (...changes: readonly PaymentChange[]): PlatformState =>
  changes.reduce((state, change, index) => withPayment(state, { n: index + 1, ...change }), healthyState());

describe('cohorts', () => {
  it('are none on a healthy platform, and leave out what arrived', () => {
    expect(found(healthyState())).toEqual([]);
    expect(found(paid({ upTo: 'cache-read' }))).toEqual([]);
  });

  it('hold payments that stopped alike, newest first, with their sums by currency', () => {
    const state = withGroup(
      paid(
        { upTo: 'confirmed-record', ageMs: 30 * MINUTE },
        { upTo: 'confirmed-record', ageMs: 20 * MINUTE },
        { upTo: 'confirmed-record', ageMs: 10 * MINUTE, row: { currency: 'EUR', amountCents: 5_000 } },
      ),
      'purchase-creation-workers',
      { states: ['Empty', 'Empty', 'Empty'] },
    );
    const [cohort, ...others] = found(state);
    expect(others).toEqual([]);
    expect(cohort).toMatchObject({
      kind: 'stuck',
      stage: 'purchase',
      class: 'ordinary',
      firstMissing: { hop: 'purchase-read' },
      oldestAtMs: NOW - 30 * MINUTE,
      newestAtMs: NOW - 10 * MINUTE,
      sums: [
        { currency: 'EUR', cents: 5_000 },
        { currency: 'INR', cents: 200_000 },
      ],
    });
    expect(cohort?.traces.map(({ payment }) => payment)).toEqual([3, 2, 1].map((n) => idsOf(n).payment));
  });

  it('keep apart different hops', () => {
    const state = paid({ upTo: 'confirmed-mark' }, { upTo: 'purchase-read' }, { upTo: 'sessions-read' });
    expect(new Set(found(state).map(({ firstMissing }) => firstMissing.hop))).toEqual(
      new Set(['confirmed-record', 'purchase-row', 'sessions-rows']),
    );
  });

  it('keep a record that fails apart from those that wait behind it', () => {
    const letters = [2, 1].map((minutes) =>
      deadLetter('purchase-confirmed', 1, 4n, { atMs: NOW - minutes * MINUTE }),
    );
    const state = withDeadLetters(
      paid({ upTo: 'confirmed-record' }, { upTo: 'confirmed-record' }, { upTo: 'confirmed-record' }),
      letters,
    );
    expect(found(state).map((cohort) => cohort.traces.map(({ payment }) => payment))).toEqual(
      expect.arrayContaining([[idsOf(1).payment], [idsOf(2).payment, idsOf(3).payment]]),
    );
  });

  it('keep apart whose mark decides', () => {
    const marked = (state: PlatformState, n: number, source: string) =>
      withMark(state, {
        eventId: idsOf(n).allocation,
        eventType: 'TRAINER_ALLOCATED',
        correlationId: idsOf(n).payment,
        source,
        processedAtMs: NOW - MINUTE,
      });
    const two = paid({ upTo: 'sessions-read' }, { upTo: 'sessions-read', partition: 0 });
    const alike = marked(marked(two, 1, 'cache-worker'), 2, 'cache-worker');
    expect(found(alike)).toHaveLength(1);
    expect(found(marked(marked(two, 1, 'cache-worker'), 2, 'session-worker'))).toHaveLength(2);
  });

  it('are the same, with the same ids, whatever the order of the traces', () => {
    const state = paid({ upTo: 'confirmed-mark' }, { upTo: 'confirmed-mark' }, { upTo: 'purchase-read' });
    const traces = traceUnfinished(state);
    expect(cohorts(state, traces.toReversed())).toEqual(cohorts(state, traces));
  });

  it('split in two by a predicate, and stay whole where it tells nothing apart', () => {
    const state = paid(
      { upTo: 'confirmed-mark', ageMs: 30 * MINUTE },
      { upTo: 'confirmed-mark', ageMs: 10 * MINUTE },
    );
    const [cohort] = found(state);
    if (cohort === undefined) throw new Error('no cohort');
    const isEarly = ({ confirmedAtMs }: { confirmedAtMs: number | null }) =>
      (confirmedAtMs ?? 0) < NOW - 20 * MINUTE;
    const parts = splitCohort(cohort, isEarly);
    expect(parts.map((part) => part.traces.map(({ payment }) => payment))).toEqual([
      [idsOf(1).payment],
      [idsOf(2).payment],
    ]);
    expect(new Set([cohort.id, ...parts.map(({ id }) => id)]).size).toBe(3);
    expect(splitCohort(cohort, () => true)).toEqual([cohort]);
  });
});
