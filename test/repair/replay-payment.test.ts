import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import type { MarkRow, PaymentRow, PlatformState } from '../../src/platform/state.ts';
import type { PlanDraft, PlannedRecord } from '../../src/repair/plan.ts';
import { withColumn, withGuard } from '../support/schema-states.ts';
import {
  DAY,
  deadLetter,
  HOUR,
  healthyState,
  idsOf,
  logLine,
  NOW,
  seenValue,
  withAllocation,
  withContainer,
  withDeadLetters,
  withGroup,
  withLogLines,
  withMark,
  withPurchase,
  withTopicAbsent,
  withUnseen,
} from '../support/states.ts';
import { adminServerError, markedNotSent, named, partitionOfPayment, planOf, withPaid } from './support.ts';

const PAYMENT = idsOf(1).payment;
const PARTITION = partitionOfPayment(1);
const NAMED = { repair: 'replay-payment', payments: [PAYMENT] } as const;

function recordsOf({ steps }: PlanDraft): readonly PlannedRecord[] {
  return steps.flatMap(({ action }) => (action.kind === 'produce-record' ? [action.record] : []));
}

const text = (base64: string | null): string => Buffer.from(base64 ?? '', 'base64').toString('utf8');

function headersOf({ headers }: PlannedRecord): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, text(value)]));
}

const mark = (patch: Partial<MarkRow>): MarkRow => ({
  eventId: idsOf(1).payment,
  eventType: 'PURCHASE_CONFIRMED',
  correlationId: PAYMENT,
  source: 'payment-service',
  processedAtMs: NOW - HOUR,
  ...patch,
});

function withRow(state: PlatformState, patch: Partial<PaymentRow>): PlatformState {
  const payments = seenValue(state.payments);
  const unfinished = payments.unfinished.map((row) => ({ ...row, ...patch }));
  return { ...state, payments: seen({ ...payments, unfinished }, NOW) };
}

/** Passed and dropped in silence: the record is still on the topic. */
const dropped = (): PlatformState => withPaid(healthyState(), { upTo: 'purchase-read' });

/** The fallback made the purchase, and nobody announced it. */
const unannounced = (): PlatformState =>
  withPaid(healthyState(), {
    upTo: 'purchase-row',
    without: ['confirmed-record', 'purchase-read'],
    row: { metadata: JSON.stringify({ courseId: idsOf(1).course, sessionCount: 10 }) },
  });

describe('replay-payment', () => {
  it('rebuilds what was never sent from the payment, under the id that its mark announced', () => {
    const [record] = recordsOf(planOf(withMark(markedNotSent(), mark({ eventId: 'x' }))));
    if (record === undefined) throw new Error('nothing is sent');
    const confirmedAtMs = NOW - HOUR;
    expect(record).toMatchObject({
      topic: 'purchase-confirmed',
      partition: PARTITION,
      copyOf: null,
      eventType: 'PURCHASE_CONFIRMED',
      eventId: PAYMENT,
      notBefore: 4n,
    });
    expect(text(record.key)).toBe(PAYMENT);
    const envelope = { eventId: PAYMENT, correlationId: PAYMENT, source: 'payment-service', version: '1.0' };
    expect(headersOf(record)).toEqual({ ...envelope, eventType: 'PURCHASE_CONFIRMED' });
    expect(JSON.parse(text(record.value))).toEqual({
      paymentId: PAYMENT,
      studentId: idsOf(1).student,
      courseId: idsOf(1).course,
      amountCents: 100_000,
      metadata: { courseId: idsOf(1).course, sessionCount: 10, timeSlot: '5:00 PM' },
      userId: idsOf(1).student,
      role: 'student',
      timestamp: confirmedAtMs,
      _metadata: { ...envelope, timestamp: confirmedAtMs },
    });
  });

  it('names an event that nobody announced after its payment, the same whenever it is planned', () => {
    const state = withPaid(healthyState(), { upTo: 'payment-row', row: { metadata: '{"courseId":"c"}' } });
    const [record] = recordsOf(planOf(state));
    expect(record?.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(recordsOf(planOf(state))[0]).toEqual(record);
  });

  it('copies the original where the topic still has it, and keeps its bytes out of the plan', () => {
    const plan = planOf(dropped(), NAMED);
    expect(recordsOf(plan)[0]).toMatchObject({
      copyOf: { topic: 'purchase-confirmed', partition: PARTITION, offset: 4n },
      eventId: PAYMENT,
      value: null,
      headers: [],
      notBefore: 5n,
    });
    expect(plan.previews[0]).toMatchObject({ effect: 're-read', payment: PAYMENT, refuses: false });
  });

  it('announces a purchase that nobody announced, under its own id', () => {
    const [record] = recordsOf(planOf(unannounced(), NAMED));
    if (record === undefined) throw new Error('nothing is sent');
    expect(record).toMatchObject({ topic: 'purchase-created', eventId: idsOf(1).purchase });
    expect(headersOf(record)).toMatchObject({ source: 'purchase-worker', eventType: 'PURCHASE_CREATED' });
    expect(JSON.parse(text(record.value))).toMatchObject({
      purchaseId: idsOf(1).purchase,
      studentId: idsOf(1).student,
      purchaseTier: 10,
    });
  });

  it('sends no prefixed event id where the column takes uuids alone', () => {
    const marked = withMark(
      unannounced(),
      mark({
        eventType: 'PURCHASE_CREATED',
        eventId: `purchase-created-${idsOf(1).purchase}`,
        source: 'cache-worker',
      }),
    );
    const wide = recordsOf(planOf(marked, NAMED))[0];
    const narrow = recordsOf(planOf(withColumn(marked, 'processed_events', 'event_id', 'uuid'), NAMED))[0];
    expect([wide?.eventId, narrow?.eventId]).toEqual([
      `purchase-created-${idsOf(1).purchase}`,
      idsOf(1).purchase,
    ]);
  });

  it('sends one, then ten, then the rest, and waits after each', () => {
    const { steps, confirm } = planOf(markedNotSent(14));
    const kinds = steps.map(({ action }) => (action.kind === 'produce-record' ? 'send' : 'wait'));
    expect(kinds.join(' ')).toBe(`send wait ${'send '.repeat(10)}wait send send send wait`);
    expect(confirm).toBe('kodingcaravan:14');
    const waits = steps.flatMap(({ action }) => (action.kind === 'wait-drain' ? [action] : []));
    expect(waits.map(({ payments }) => payments.length)).toEqual([1, 10, 3]);
    expect(waits[0]?.withinMs).toBe(121_000);
  });

  it('has nothing to do for a payment that arrived', () => {
    const plan = planOf(withPaid(healthyState(), { upTo: 'cache-read' }), NAMED);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals[0]?.reason).toBe('nothing of it is missing');
  });

  it('leaves out what must not be sent, names it, and sends the rest', () => {
    const two = withPaid(markedNotSent(), {
      n: 2,
      upTo: 'confirmed-mark',
      row: { startDate: '2025-01-01', metadata: '{}' },
    });
    const plan = planOf(two);
    expect(recordsOf(plan).map(({ key }) => text(key))).toEqual([PAYMENT]);
    expect(plan.refusals).toEqual([
      expect.objectContaining({
        repair: 'replay-payment',
        payments: [idsOf(2).payment],
        reason: 'its start date 2025-01-01 is past',
      }),
    ]);
    expect(plan.payments).toEqual([PAYMENT]);
  });
});

describe('replay-payment refuses', () => {
  function refused(state: PlatformState, selection: Parameters<typeof planOf>[1] = NAMED): string {
    const plan = planOf(state, selection);
    expect(named(plan.steps)).toEqual([]);
    const [first] = plan.refusals;
    expect(first?.hint).toMatch(/\S/);
    expect(first?.payments).toEqual(selection.payments);
    return first?.reason ?? '';
  }

  it.each([
    ['unpaid', { status: 'refunded' }, 'not paid'],
    ['without course', { courseId: null }, 'names no course'],
    ['a second payment', { earlierUnfinishedOfPair: idsOf(7).payment }, 'second payment'],
    ['with two numbers of sessions', { sessionCount: 10, purchaseTier: 20 }, 'names 10 sessions and tier 20'],
    ['with a date that is no date', { startDate: '25/11/2026' }, 'is no date'],
    ['with a date that is past', { startDate: '2026-01-06' }, 'is past'],
    ['older than 48 hours', { confirmedAtMs: NOW - 3 * DAY }, 'more than 48 hours ago'],
  ] as const)('a payment %s', (_, patch, reason) => {
    expect(refused(withRow(markedNotSent(), patch))).toContain(reason);
  });

  it('an older payment only until it is asked for', () => {
    const old = withRow(markedNotSent(), { confirmedAtMs: NOW - 3 * DAY });
    expect(recordsOf(planOf(old, { ...NAMED, includeOlder: true }))).toHaveLength(1);
  });

  it('to revive a purchase that has ended', () => {
    const ended = withPurchase(markedNotSent(), {
      purchaseId: idsOf(1).purchase,
      studentId: idsOf(1).student,
      courseId: idsOf(1).course,
      isActive: false,
      createdAtMs: NOW - HOUR / 2,
      expiresAtMs: null,
      paymentId: null,
    });
    expect(refused(ended)).toMatch(/ended/);
  });

  it('an id of another kind, or one that was not followed', () => {
    const state = withPaid(healthyState(), { upTo: 'allocation-row' });
    const of = (id: string) => refused(state, { ...NAMED, payments: [id as typeof PAYMENT] });
    expect(of(idsOf(1).purchase)).toContain('is a purchase, not a payment');
    expect(of(idsOf(1).allocation)).toContain('is an allocation, not a payment');
    expect(of(idsOf(9).payment)).toContain('was not followed');
  });

  it('what is on its way, or waits unread', () => {
    const young = withPaid(healthyState(), { upTo: 'confirmed-mark', ageMs: 5_000, row: { metadata: '{}' } });
    expect(refused(young)).toContain('on its way');
    expect(refused(withPaid(healthyState(), { upTo: 'confirmed-record' }))).toContain('waits unread');
  });

  it('what could not be looked at', () => {
    for (const part of ['purchases', 'records', 'schema', 'groups', 'marks'] as const) {
      expect(recordsOf(planOf(withUnseen(dropped(), part), NAMED))).toEqual([]);
    }
  });

  it('a payment whose record failed before: its dead letter is the one to give back', () => {
    const failed = withDeadLetters(dropped(), [
      deadLetter('purchase-confirmed', PARTITION, 4n, { failureReason: 'no slot' }),
    ]);
    expect(refused(failed)).toContain('failed before: no slot');
  });

  it('what would be ignored', () => {
    const own = withMark(dropped(), mark({ source: 'purchase-worker' }));
    expect(refused(own)).toContain('would be ignored');
    const recovers = withLogLines(own, 'purchase-worker', [
      logLine({ atMs: NOW - 2 * HOUR, kind: 'recovery' }),
    ]);
    expect(recordsOf(planOf(recovers, NAMED))).toHaveLength(1);
    const skipped = withLogLines(dropped(), 'purchase-worker', [
      logLine({
        atMs: NOW - HOUR,
        kind: 'skipped-processed',
        eventType: 'PURCHASE_CONFIRMED',
        correlationId: PAYMENT,
      }),
    ]);
    expect(refused(skipped)).toContain('has skipped it as processed before');
  });

  it('sessions under any mark, and points to where they are made instead', () => {
    const state = withMark(
      withPaid(healthyState(), { upTo: 'sessions-read' }),
      mark({ eventType: 'TRAINER_ALLOCATED', eventId: idsOf(1).allocation, source: 'cache-worker' }),
    );
    const plan = planOf(state, NAMED);
    expect(recordsOf(plan)).toEqual([]);
    expect(plan.refusals[0]?.hint).toContain(`/allocations/${idsOf(1).allocation}/create-sessions`);
  });

  it('a student whose allocation waits for a person or has ended', () => {
    const base = withPaid(healthyState(), { upTo: 'allocation-read' });
    const cancelled = withAllocation(base, {
      allocationId: idsOf(1).allocation,
      studentId: idsOf(1).student,
      courseId: idsOf(1).course,
      trainerId: null,
      status: 'cancelled',
      requestedAtMs: NOW - HOUR,
      createdAtMs: NOW - HOUR,
      updatedAtMs: NOW - HOUR,
    });
    expect(recordsOf(planOf(cancelled, NAMED))).toEqual([]);
  });

  it('while the stage cannot handle it', () => {
    expect(refused(withGuard(markedNotSent(), 'unique_active_purchase', { state: 'absent' }))).toContain(
      'unique_active_purchase',
    );
    expect(refused(withTopicAbsent(markedNotSent(), 'purchase-confirmed'))).toMatch(/does not exist|was not/);
    const stopped = withContainer(
      withGroup(markedNotSent(), 'purchase-creation-workers', { states: ['Empty'] }),
      'purchase-worker',
      { status: 'exited', exitCode: 0, finishedAtMs: NOW - HOUR },
    );
    expect(refused(stopped)).toContain('is not a member');
  });

  it('while a cause of its stage is still active', () => {
    const state = withPaid(adminServerError(), {
      n: 2,
      upTo: 'purchase-row',
      row: { metadata: '{"courseId":"c"}' },
    });
    expect(refused(state, { ...NAMED, payments: [idsOf(2).payment] })).toContain(
      'while this lasts: auto-assign answers with a server error',
    );
  });

  it('another stage than the one that is missing', () => {
    expect(refused(markedNotSent(), { ...NAMED, stage: 'allocation' })).toContain(
      'what is missing of it is the stage purchase',
    );
  });
});
