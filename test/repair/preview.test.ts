import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/platform/pipeline.ts';
import type { PaymentRow, PlatformState, PurchaseRow, RecordSeen } from '../../src/platform/state.ts';
import { judgeRecord, openPreviewer, previewRange } from '../../src/repair/preview.ts';
import {
  DAY,
  HOUR,
  healthyState,
  idsOf,
  NOW,
  record,
  SECOND,
  seenValue,
  withAllocation,
  withMark,
  withPayment,
  withPurchase,
  withSessions,
  withUnseen,
} from '../support/states.ts';
import { partitionOfPayment, TOPIC, withPaid, withWaiting } from './support.ts';

const IDS = idsOf(1);
const TOPICS = {
  purchase: 'purchase-confirmed',
  allocation: 'purchase-created',
  sessions: 'trainer-allocated',
} as const;
type RowStage = keyof typeof TOPICS;

const own = (stage: RowStage, patch: Partial<RecordSeen> = {}): RecordSeen =>
  record(TOPICS[stage], partitionOfPayment(1), 4n, {
    key: IDS.payment,
    paymentId: IDS.payment,
    purchaseId: IDS.purchase,
    allocationId: IDS.allocation,
    studentId: IDS.student,
    courseId: IDS.course,
    ...patch,
  });

function effectOf(
  state: PlatformState,
  stage: RowStage,
  read: RecordSeen = own(stage),
  includeOlder = false,
): string {
  const { effect, refuses } = judgeRecord(openPreviewer(withWaiting(state), includeOlder), stage, read);
  return refuses ? `${effect}, refused` : effect;
}

const purchase = (patch: Partial<PurchaseRow> = {}): PurchaseRow => ({
  purchaseId: IDS.purchase,
  studentId: IDS.student,
  courseId: IDS.course,
  isActive: true,
  createdAtMs: NOW - HOUR + SECOND,
  expiresAtMs: NOW + 90 * DAY,
  paymentId: null,
  ...patch,
});

const allocation = (status: string) => ({
  allocationId: IDS.allocation,
  studentId: IDS.student,
  courseId: IDS.course,
  trainerId: null,
  status,
  requestedAtMs: NOW - HOUR + 2 * SECOND,
  createdAtMs: NOW - HOUR + 2 * SECOND,
  updatedAtMs: NOW - HOUR + 2 * SECOND,
});

const paid = (row: Partial<PaymentRow> = {}): PlatformState =>
  withPayment(healthyState(), { upTo: 'payment-row', row });

describe('what reading PURCHASE_CONFIRMED does', () => {
  it.each([
    ['makes the purchase', paid(), 'read-first-time'],
    ['makes nothing without a course', paid({ courseId: null }), 'ignored'],
    ['announces a purchase that is there again', withPurchase(paid(), purchase()), 're-announced'],
    [
      'would bring another allocation to one that ended',
      withAllocation(withPurchase(paid(), purchase()), allocation('cancelled')),
      're-announced, refused',
    ],
    [
      'tells of a live allocation again',
      withAllocation(withPurchase(paid(), purchase()), allocation('approved')),
      're-announced',
    ],
    [
      'gives nothing to who owns the course',
      withPurchase(paid(), purchase({ createdAtMs: NOW - 30 * DAY })),
      'ignored',
    ],
    [
      'renews what has expired',
      withPurchase(paid(), purchase({ createdAtMs: NOW - 200 * DAY, expiresAtMs: NOW - DAY })),
      'read-first-time',
    ],
    ['would revive what has ended', withPurchase(paid(), purchase({ isActive: false })), 'revived, refused'],
    [
      'does not mind what ended before it',
      withPurchase(paid(), purchase({ isActive: false, createdAtMs: NOW - 30 * DAY })),
      'read-first-time',
    ],
    ['is not known while purchases are unseen', withUnseen(paid(), 'purchases'), 'unknown, refused'],
  ] as const)('%s', (_, state, effect) => {
    expect(effectOf(state, 'purchase')).toBe(effect);
  });

  it('is refused for a payment that is not paid any more, and for one that does not exist', () => {
    const refunded = { ...seenValue(paid().payments).unfinished[0], status: 'refunded' } as PaymentRow;
    const beside = withWaiting(healthyState(), [refunded]);
    expect(effectOf(beside, 'purchase')).toBe('unpaid, refused');
    expect(effectOf(healthyState(), 'purchase')).toBe('foreign, refused');
  });

  it('is not known where payments were not looked for, and for what is no event', () => {
    const { effect } = judgeRecord(openPreviewer(healthyState(), false), 'purchase', own('purchase'));
    expect(effect).toBe('unknown');
    expect(effectOf(paid(), 'purchase', own('purchase', { isJson: false }))).toBe('unknown, refused');
    expect(
      effectOf(paid(), 'purchase', own('purchase', { key: null, paymentId: null, studentId: null })),
    ).toBe('unknown, refused');
    expect(effectOf(withUnseen(withWaiting(paid()), 'payments'), 'purchase')).toBe('unknown, refused');
  });

  it('wants a word for payments older than 48 hours', () => {
    const old = paid({ confirmedAtMs: NOW - 3 * DAY });
    expect(effectOf(old, 'purchase')).toBe('read-first-time, refused');
    expect(effectOf(old, 'purchase', own('purchase'), true)).toBe('read-first-time');
  });
});

describe('what reading PURCHASE_CREATED does', () => {
  const bought = withPurchase(paid(), purchase());
  it.each([
    ['assigns a trainer', bought, 'read-first-time'],
    ['finds the allocation', withAllocation(bought, allocation('active')), 'ignored'],
    [
      'would assign again after one that waits or ended',
      withAllocation(bought, allocation('pending')),
      're-announced, refused',
    ],
    ['is of no known purchase', paid(), 'foreign, refused'],
    [
      'would serve a purchase that ended',
      withPurchase(paid(), purchase({ isActive: false })),
      'revived, refused',
    ],
    [
      'is skipped under the mark of its own worker',
      withMark(bought, {
        eventId: IDS.purchase,
        eventType: 'PURCHASE_CREATED',
        correlationId: IDS.payment,
        source: 'allocation-worker',
        processedAtMs: NOW,
      }),
      'ignored',
    ],
    ['is not known while allocations are unseen', withUnseen(bought, 'allocations'), 'unknown, refused'],
  ] as const)('%s', (_, state, effect) => {
    expect(effectOf(state, 'allocation')).toBe(effect);
  });
});

describe('what reading TRAINER_ALLOCATED does', () => {
  const allocated = withAllocation(withPurchase(paid(), purchase()), allocation('approved'));
  const sessions = {
    allocationId: IDS.allocation,
    total: 7,
    future: 7,
    firstCreatedAtMs: NOW,
    courseIdSet: false,
  };
  it.each([
    ['makes the sessions', allocated, 'read-first-time'],
    ['finds the sessions', withSessions(allocated, sessions), 'ignored'],
    [
      'is skipped under any mark',
      withMark(allocated, {
        eventId: IDS.allocation,
        eventType: 'TRAINER_ALLOCATED',
        correlationId: IDS.payment,
        source: 'cache-worker',
        processedAtMs: NOW,
      }),
      'ignored',
    ],
    [
      'would make sessions for what was cancelled',
      withAllocation(paid(), allocation('cancelled')),
      're-announced, refused',
    ],
    ['is of no known allocation', paid(), 'foreign, refused'],
  ] as const)('%s', (_, state, effect) => {
    expect(effectOf(state, 'sessions')).toBe(effect);
  });

  it('finds the payment of a copy under the allocation id by the pair that it names', () => {
    const copy = own('sessions', { key: IDS.allocation, correlationId: IDS.allocation, paymentId: null });
    expect(effectOf(allocated, 'sessions', copy)).toBe('read-first-time');
  });
});

describe('a range of positions', () => {
  const range = (stage: Stage, from: bigint, to: bigint, committed: bigint | null = 4n) => ({
    stage,
    topic: TOPIC,
    partition: partitionOfPayment(1),
    from,
    to,
    committed,
  });
  const unread = withWaiting(withPaid(healthyState(), { upTo: 'confirmed-record' }));

  it('is first read where nobody was past it, and read again where somebody was', () => {
    const effects = (committed: bigint | null) =>
      previewRange(openPreviewer(unread, false), range('purchase', 4n, 5n, committed)).map(
        ({ effect }) => effect,
      );
    expect([effects(4n), effects(null), effects(5n)]).toEqual([
      ['read-first-time'],
      ['read-first-time'],
      ['re-read'],
    ]);
  });

  it('takes a hole in what was read whole for no record, and what lies beyond it for unknown', () => {
    const previews = previewRange(openPreviewer(unread, false), range('purchase', 2n, 9n));
    expect(previews.map(({ effect, offset, text }) => `${effect} ${offset} ${text}`)).toEqual([
      `unknown 2 2 records from ${TOPIC}[1] @ 2 on were not looked at`,
      'read-first-time 4 its purchase is made',
      `unknown 5 4 records from ${TOPIC}[1] @ 5 on were not looked at`,
    ]);
  });

  it('costs no time however long it is', () => {
    const previews = previewRange(openPreviewer(unread, false), range('purchase', 4n, 10n ** 15n));
    expect(previews).toHaveLength(2);
  });

  it('is nobody’s business where its worker makes no rows', () => {
    expect(previewRange(openPreviewer(unread, false), range('cache', 0n, 99n))).toEqual([]);
  });
});
