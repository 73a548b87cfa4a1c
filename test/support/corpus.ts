import { seen } from '../../src/platform/observed.ts';
import type { AllocationRow, PlatformState } from '../../src/platform/state.ts';
import { withColumn, withGuard, withoutTable } from './schema-states.ts';
import {
  ALL_WORKERS,
  crashForGood,
  DAY,
  deadLetter,
  HOUR,
  healthyState,
  idsOf,
  LAST_HANDLED,
  logLine,
  NOW,
  PARTS,
  record,
  SECOND,
  type Step,
  seenValue,
  withAllocation,
  withContainer,
  withContainers,
  withDeadLetters,
  withGroup,
  withLogLines,
  withMark,
  withoutContainer,
  withPartition,
  withPayment,
  withPolls,
  withPurchase,
  withRecord,
  withSettings,
  withTopicAbsent,
  withTopicPartition,
  withUnseen,
} from './states.ts';

const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const STEPS: readonly Step[] = [
  'payment-row',
  'confirmed-mark',
  'confirmed-record',
  'purchase-read',
  'purchase-row',
  'created-record',
  'allocation-read',
  'allocation-row',
  'allocation-mark',
  'allocated-record',
  'sessions-read',
  'sessions-rows',
  'cache-read',
];

const at = (state: PlatformState, change: Parameters<typeof withPartition>[4]): PlatformState =>
  withPartition(state, GROUP, TOPIC, 0, change);

const unread = at(healthyState(), { end: 9n, committed: 4n });
const letters = [1, 2].map(() => deadLetter(TOPIC, 0, 4n, { atMs: NOW - SECOND }));

const PAYMENT_OF_1 = idsOf(1).payment;
const PENDING: AllocationRow = {
  allocationId: idsOf(1).allocation,
  studentId: idsOf(1).student,
  courseId: idsOf(1).course,
  trainerId: null,
  status: 'pending',
  requestedAtMs: NOW - HOUR,
  createdAtMs: NOW - HOUR,
  updatedAtMs: NOW - HOUR,
};

/** One payment announced two purchases, and the first has ended. */
function revived(): PlatformState {
  const state = withPayment(healthyState(), { upTo: 'created-record' });
  const ended = seenValue(state.purchases).map((row) => ({ ...row, isActive: false }));
  const again = record('purchase-created', 1, 0n, {
    timestampMs: NOW - HOUR / 2,
    purchaseId: idsOf(2).purchase,
  });
  return withRecord({ ...state, purchases: seen(ended, NOW) }, idsOf(1), again);
}
const REVIVED = revived();

/** Faults of every kind, each alone. */
export const FAULTS: readonly PlatformState[] = [
  healthyState(),
  ...STEPS.map((upTo) => withPayment(healthyState(), { upTo })),
  ...STEPS.map((upTo) =>
    withPayment(healthyState(), { upTo, without: ['confirmed-mark', 'allocation-row', 'created-record'] }),
  ),
  withMark(withPayment(healthyState(), { upTo: 'allocated-record' }), {
    eventId: 'mark',
    eventType: 'TRAINER_ALLOCATED',
    correlationId: 'aaaaaaaa-0000-4000-8000-000000000001',
    source: 'cache-worker',
    processedAtMs: NOW - HOUR,
  }),
  ...['fix-script', 'manual-script'].map((source) =>
    withMark(withPayment(healthyState(), { upTo: 'purchase-row', without: ['confirmed-mark'] }), {
      eventId: 'dddddddd-0000-4000-8000-000000000001',
      eventType: 'PURCHASE_CREATED',
      correlationId: 'dddddddd-0000-4000-8000-000000000001',
      source,
      processedAtMs: NOW - HOUR,
    }),
  ),
  ...[PAYMENT_OF_1, null].map((correlationId) =>
    withDeadLetters(withPayment(healthyState(), { upTo: 'purchase-read', partition: 0 }), [
      deadLetter(TOPIC, 0, 4n, { correlationId, key: correlationId }),
    ]),
  ),
  ...(['created-record', 'sessions-read'] as const).map((upTo) =>
    withMark(withPayment(healthyState(), { upTo }), {
      eventId: idsOf(1).purchase,
      eventType: 'PURCHASE_CREATED',
      correlationId: PAYMENT_OF_1,
      source: 'fix-script',
      processedAtMs: NOW - HOUR,
    }),
  ),
  withDeadLetters(withPayment(healthyState(), { upTo: 'sessions-read' }), [
    deadLetter('trainer-allocated', 1, 4n, { correlationId: PAYMENT_OF_1 }),
  ]),
  REVIVED,
  ...['allocation-worker', 'admin-service'].map((service) =>
    withLogLines(withPayment(healthyState(), { upTo: 'allocation-read' }), service, [
      logLine({
        kind: 'api-error',
        level: 'error',
        status: 500,
        message: 'API Error: POST /api/v1/admin/allocations/auto-assign 500',
        correlationId: PAYMENT_OF_1,
        atMs: NOW - HOUR / 2,
      }),
    ]),
  ),
  withAllocation(withPayment(healthyState(), { upTo: 'allocation-read' }), PENDING),
  withAllocation(withPayment(healthyState(), { upTo: 'created-record', ageMs: 2 * DAY }), PENDING),
  withDeadLetters(withAllocation(withPayment(healthyState(), { upTo: 'created-record' }), PENDING), [
    deadLetter('purchase-created', 1, 4n),
    deadLetter('purchase-created', 1, 4n),
  ]),
  withPayment(healthyState(), { upTo: 'created-record', row: { courseId: null } }),
  withPurchase(withPayment(healthyState(), { upTo: 'created-record' }), {
    purchaseId: idsOf(2).purchase,
    studentId: idsOf(1).student,
    courseId: idsOf(1).course,
    isActive: false,
    createdAtMs: NOW - 2 * HOUR,
    expiresAtMs: null,
    paymentId: null,
  }),
  unread,
  withPolls(unread, GROUP, 1),
  withGroup(unread, GROUP, { states: ['Empty'] }),
  withGroup(unread, GROUP, { states: ['Dead'] }),
  withGroup(unread, GROUP, {
    states: ['PreparingRebalance', 'Stable', 'Stable', 'PreparingRebalance'],
  }),
  withGroup(withLogLines(unread, 'purchase-worker', crashForGood(LAST_HANDLED)), GROUP, {
    states: ['Empty'],
  }),
  withDeadLetters(unread, letters),
  at(healthyState(), { end: 9n, committed: null }),
  withGroup(at(healthyState(), { end: 9n, committed: null }), GROUP, { states: ['Empty'] }),
  at(healthyState(), { end: 9n, committed: -2n }),
  at(healthyState(), { end: 9n, committed: 57n }),
  at(healthyState(), { start: 30n, end: 40n, committed: 12n }),
  at(healthyState(), { end: 9n, committed: [4n, 5n, 6n] }),
  at(healthyState(), { end: 9n, committed: 8n, headAgeMs: 40 * SECOND }),
  at(healthyState(), { end: 9n, committed: 8n, headAgeMs: 50 * SECOND }),
  withTopicAbsent(healthyState(), TOPIC),
  withTopicAbsent(withTopicAbsent(healthyState(), 'dead-letter-queue'), 'sessions-generated'),
  withTopicPartition(healthyState(), TOPIC, 0, { leader: null }),
  ...ALL_WORKERS.map((worker) => withoutContainer(healthyState(), worker)),
  ...ALL_WORKERS.map((worker) =>
    withContainer(healthyState(), worker, { status: 'exited', exitCode: 1, finishedAtMs: NOW - DAY }),
  ),
  ...ALL_WORKERS.map((worker) =>
    withContainer(healthyState(), worker, { restartCount: 9, startedAtMs: NOW - SECOND }),
  ),
  ...['kafka', 'admin-service', 'payment-service', 'kafka-init'].map((service) =>
    withContainer(healthyState(), service, { status: 'exited', exitCode: 1 }),
  ),
  withContainers(healthyState(), []),
  withContainer(healthyState(), 'purchase-worker', { brokerList: 'localhost:9092' }),
  withSettings(healthyState(), { runtime: 'none', managedKafka: true }),
  withSettings(healthyState(), { generation: 'older', singleHost: true }),
  withLogLines(withGroup(healthyState(), GROUP, { states: ['Empty'] }), 'purchase-worker', [
    logLine({ kind: 'connection-refused', logger: 'kafkajs', level: 'error', atMs: NOW - SECOND }),
    logLine({ kind: 'database-connection', level: 'error', atMs: NOW - SECOND }),
    logLine({ kind: 'undefined-column', level: 'error', atMs: NOW - SECOND }),
    logLine({ kind: 'uuid-syntax', level: 'error', atMs: NOW - SECOND }),
  ]),
  withGuard(healthyState(), 'unique_active_purchase', { state: 'absent', duplicates: 2 }),
  withGuard(healthyState(), 'unique_session_slot', { state: 'absent', duplicates: 0 }),
  withContainers(withGuard(healthyState(), 'unique_active_purchase', { state: 'absent', duplicates: 0 }), []),
  withoutTable(healthyState(), 'processed_events'),
  withColumn(healthyState(), 'processed_events', 'event_id', 'uuid'),
];

/** The same, and each of them with one part hidden, another one each time. */
export const CORPUS: readonly PlatformState[] = [
  ...FAULTS,
  ...PARTS.map((part) => withUnseen(healthyState(), part)),
  ...FAULTS.flatMap((state, index) =>
    PARTS.filter((_, at) => at % 4 === index % 4).map((part) => withUnseen(state, part)),
  ),
];
