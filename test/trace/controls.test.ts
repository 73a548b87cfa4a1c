/** Healthy but noisy (catalogue.md 5.4): what must not be taken for a loss. */
import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { cohorts } from '../../src/trace/cohorts.ts';
import { traceUnfinished } from '../../src/trace/trace-payment.ts';
import {
  DAY,
  HOUR,
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  SECOND,
  seenValue,
  withAllocation,
  withLogLines,
  withMark,
  withPayment,
  withPurchase,
} from '../support/states.ts';
import { traceOf } from './support.ts';

const ids = idsOf(1);
const older = (patch: object) => ({
  purchaseId: idsOf(9).purchase,
  studentId: ids.student,
  courseId: ids.course,
  isActive: true,
  createdAtMs: NOW - 90 * DAY,
  expiresAtMs: NOW + 10 * DAY,
  paymentId: null,
  ...patch,
});
const unmarked = (state: PlatformState, eventType: string): PlatformState => ({
  ...state,
  marks: seen(
    seenValue(state.marks).filter((mark) => mark.eventType !== eventType),
    NOW,
  ),
});

describe('h5: what waits for a person', () => {
  it('is a repeat, a payment without course, and a pending allocation, none of them stuck', () => {
    const repeat = withPurchase(withPayment(healthyState(), { upTo: 'purchase-read' }), older({}));
    const noCourse = withPayment(repeat, { n: 2, upTo: 'purchase-read', row: { courseId: null } });
    const three = idsOf(3);
    const state = withAllocation(withPayment(noCourse, { n: 3, upTo: 'allocation-read' }), {
      allocationId: three.allocation,
      studentId: three.student,
      courseId: three.course,
      trainerId: null,
      status: 'pending',
      requestedAtMs: NOW - 50 * MINUTE,
      createdAtMs: NOW - 50 * MINUTE,
      updatedAtMs: NOW - 50 * MINUTE,
    });
    const found = cohorts(state, traceUnfinished(state));
    expect(
      found.map((cohort) => [cohort.kind, cohort.class, cohort.firstMissing.hop, cohort.traces.length]),
    ).toEqual(
      expect.arrayContaining([
        ['needs-decision', 'repeat', 'purchase-row', 1],
        ['needs-decision', 'no-course', 'purchase-row', 1],
        ['needs-decision', 'ordinary', 'allocation-row', 1],
      ]),
    );
    expect(found).toHaveLength(3);
    expect(traceOf(state).contradictions).toEqual([]);
  });

  it('is not a payment whose older purchase had been ended', () => {
    const state = withPurchase(
      withPayment(healthyState(), { upTo: 'purchase-read' }),
      older({ isActive: false }),
    );
    expect(traceOf(state)).toMatchObject({ class: 'ordinary', kind: 'stuck' });
  });
});

describe('h7: TRAINER_ALLOCATED twice, marks under the allocation id', () => {
  it('is complete, without contradiction, although session-worker skipped the second copy', () => {
    const skip = logLine({
      kind: 'skipped-processed',
      eventType: 'TRAINER_ALLOCATED',
      correlationId: ids.payment,
      atMs: NOW - 59 * MINUTE,
    });
    const state = withLogLines(withPayment(healthyState(), { upTo: 'cache-read' }), 'session-worker', [skip]);
    expect(seenValue(state.marks).some((mark) => mark.correlationId === ids.allocation)).toBe(true);
    expect(traceOf(state)).toMatchObject({ kind: 'complete', contradictions: [] });
  });
});

describe('h8: cache-worker marked first, all sessions there', () => {
  it('is complete', () => {
    const state = unmarked(withPayment(healthyState(), { upTo: 'cache-read' }), 'TRAINER_ALLOCATED');
    const cached = withMark(state, {
      eventId: ids.allocation,
      eventType: 'TRAINER_ALLOCATED',
      correlationId: ids.payment,
      source: 'cache-worker',
      processedAtMs: NOW - 59 * MINUTE,
    });
    expect(traceOf(cached)).toMatchObject({ kind: 'complete', contradictions: [] });
  });
});

describe('h9: sessions by top-up or approval by hand', () => {
  it('leave old pages, nothing stuck', () => {
    const topUp = withPayment(healthyState(), { upTo: 'cache-read', without: ['generated-record'] });
    expect(traceOf(topUp)).toMatchObject({ kind: 'pages-old', firstMissing: { state: 'complete' } });
    const byHand = withPayment(healthyState(), {
      upTo: 'cache-read',
      without: ['allocated-record', 'sessions-read', 'generated-record'],
    });
    expect(traceOf(byHand)).toMatchObject({ kind: 'pages-old', firstMissing: { state: 'complete' } });
  });
});

describe('h11: a renewal', () => {
  const renewed = (upTo: 'cache-read' | 'allocation-read'): PlatformState =>
    withAllocation(
      withPurchase(
        withPayment(healthyState(), { upTo }),
        older({ isActive: false, expiresAtMs: NOW - 5 * DAY }),
      ),
      {
        allocationId: idsOf(9).allocation,
        studentId: ids.student,
        courseId: ids.course,
        trainerId: 'trainer',
        status: 'completed',
        requestedAtMs: NOW - 90 * DAY,
        createdAtMs: NOW - 90 * DAY,
        updatedAtMs: NOW - 5 * DAY,
      },
    );

  it('is complete by its own rows', () => {
    expect(traceOf(renewed('cache-read'))).toMatchObject({
      class: 'renewal',
      kind: 'complete',
      contradictions: [],
    });
  });

  it("is stuck without them: last term's allocation is not its own", () => {
    expect(traceOf(renewed('allocation-read'))).toMatchObject({
      class: 'renewal',
      kind: 'stuck',
      firstMissing: { hop: 'allocation-row' },
    });
  });
});

describe('h2: many payments within grace', () => {
  it('are in progress', () => {
    const state = [1, 2, 3, 4].reduce(
      (next, n) => withPayment(next, { n, upTo: 'confirmed-record', ageMs: 20 * SECOND }),
      healthyState(),
    );
    expect(traceUnfinished(state).map(({ kind }) => kind)).toEqual(Array(4).fill('in-progress'));
  });
});

describe('an ended purchase', () => {
  it('needs nothing later', () => {
    const state = withPayment(healthyState(), { upTo: 'purchase-row', ageMs: 2 * HOUR });
    const purchases = seen(
      seenValue(state.purchases).map((row) => ({ ...row, isActive: false })),
      NOW,
    );
    expect(traceOf({ ...state, purchases })).toMatchObject({
      class: 'ended',
      kind: 'complete',
      contradictions: [],
    });
  });
});
