import { rankCohorts } from '../../src/causes/rank.ts';
import { partitionOf } from '../../src/platform/events.ts';
import { seen } from '../../src/platform/observed.ts';
import { PIPELINE } from '../../src/platform/pipeline.ts';
import type { PaymentRow, PlatformState, RecordSeen, RecordsWaiting } from '../../src/platform/state.ts';
import { EVERYTHING, makePlan, type Selection } from '../../src/repair/make-plan.ts';
import type { PlanDraft, Step } from '../../src/repair/plan.ts';
import { cohorts } from '../../src/trace/cohorts.ts';
import { traceUnfinished } from '../../src/trace/trace-payment.ts';
import {
  crashForGood,
  deadLetter,
  HOUR,
  headKey,
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  olderState,
  PARTITIONS,
  type PaymentChange,
  record,
  SECOND,
  SETTLED,
  seenValue,
  withContainer,
  withDeadLetters,
  withGroup,
  withLogLines,
  withMark,
  withOnlyLogLines,
  withoutContainer,
  withPartition,
  withPayment,
  withTopicAbsent,
} from '../support/states.ts';

export const GROUP = 'purchase-creation-workers';
export const TOPIC = 'purchase-confirmed';

export const partitionOfPayment = (n: number): number => partitionOf(idsOf(n).payment, PARTITIONS.length);

/** Payments lie where their key belongs. */
export const withPaid = (state: PlatformState, change: PaymentChange): PlatformState =>
  withPayment(state, { partition: partitionOfPayment(change.n ?? 1), ...change });

export function planOf(state: PlatformState, selection: Partial<Selection> = {}): PlanDraft {
  const known = withWaiting(state);
  const ranked = rankCohorts(known, cohorts(known, traceUnfinished(known)));
  return makePlan(known, ranked, { ...EVERYTHING, ...selection });
}

export const named = (steps: readonly Step[]): readonly string[] =>
  steps.map(({ action, stage, repair }) => `${repair} ${action.kind} ${stage}`);

/** What an observer reads of the records that wait, from the records of the state's payments. */
export function withWaiting(state: PlatformState, beside: readonly PaymentRow[] = []): PlatformState {
  if (state.records.waiting !== undefined || state.payments.kind === 'unseen') return state;
  const hits = Object.values(state.records.byPayment).flatMap((scans) =>
    Object.values(scans).flatMap((scan) => (scan.kind === 'seen' ? scan.value.hits : [])),
  );
  const entries = PIPELINE.slice(0, 3).flatMap(({ group, topics: [topic] }) => {
    const poll =
      state.groups[group]?.kind === 'seen' ? seenValue(state.groups[group]).polls.at(-1) : undefined;
    return (poll?.partitions ?? []).flatMap((polled): readonly [string, RecordsWaiting][] => {
      const { partition, committed, bounds } = polled;
      if (polled.topic !== topic || bounds === null) return [];
      const { start, end } = bounds;
      const isUsable = committed !== null && committed >= start && committed <= end;
      const from = isUsable ? committed : end - 50n > start ? end - 50n : start;
      if (from >= end) return [];
      const records = hits.filter(
        (hit) => hit.topic === topic && hit.partition === partition && hit.offset >= from,
      );
      return [[headKey(group, topic, partition), { from, to: end, records }]];
    });
  });
  return {
    ...state,
    payments: seen({ ...seenValue(state.payments), beside }, NOW),
    records: {
      ...state.records,
      waiting: Object.fromEntries(entries.map(([key, waiting]) => [key, seen(waiting, NOW)])),
    },
  };
}

/** Adds a record that waits in a partition and is no followed payment's. */
export function withStrayRecord(
  state: PlatformState,
  group: string,
  topic: string,
  partition: number,
  stray: Partial<RecordSeen>,
  beside: readonly PaymentRow[] = [],
): PlatformState {
  const known = withWaiting(state, beside);
  const key = headKey(group, topic, partition);
  const waiting = known.records.waiting?.[key];
  const value = waiting?.kind === 'seen' ? waiting.value : { from: SETTLED, to: SETTLED, records: [] };
  const offset = value.to;
  const longer = withPartition(known, group, topic, partition, { end: offset + 1n });
  return {
    ...longer,
    records: {
      ...longer.records,
      waiting: {
        ...known.records.waiting,
        [key]: seen(
          {
            from: value.from,
            to: offset + 1n,
            records: [...value.records, record(topic, partition, offset, stray)],
          },
          NOW,
        ),
      },
    },
  };
}

// --- faults of the lab, as states

/** f02: allocation-worker is stopped. */
export function stoppedWorker(payments = 1): PlatformState {
  const paid = Array.from({ length: payments }, (_, index) => index + 1).reduce(
    (state, n) => withPaid(state, { n, upTo: 'created-record' }),
    healthyState(),
  );
  return withContainer(
    withGroup(paid, 'trainer-allocation-workers', { states: ['Empty', 'Empty', 'Empty'] }),
    'allocation-worker',
    { status: 'exited', exitCode: 0, finishedAtMs: NOW - HOUR - MINUTE },
  );
}

/** f19: purchase-worker joined after the first payment, and its group has no committed offset anywhere. */
export function firstDeployment(): PlatformState {
  const partition = partitionOfPayment(1);
  const paid = withPaid(healthyState(), { upTo: 'confirmed-record' });
  const uncommitted = PARTITIONS.reduce(
    (state, one) =>
      withPartition(state, GROUP, TOPIC, one, {
        committed: null,
        start: SETTLED,
        end: one === partition ? SETTLED + 1n : SETTLED,
        headAgeMs: HOUR,
      }),
    paid,
  );
  const joined = NOW - 30 * MINUTE;
  return withOnlyLogLines(
    withContainer(uncommitted, 'purchase-worker', {
      createdAtMs: joined - 5 * SECOND,
      startedAtMs: joined - 4 * SECOND,
    }),
    'purchase-worker',
    [
      logLine({ atMs: joined - 3 * SECOND, kind: 'starting' }),
      logLine({ atMs: joined, kind: 'joined', logger: 'kafkajs' }),
    ],
  );
}

/** f15: purchase-created is gone with its groups' commits, and its readers die at their start. */
export function missingTopic(): PlatformState {
  const paid = withPaid(healthyState(), { upTo: 'purchase-row' });
  const gone = withGroup(withTopicAbsent(paid, 'purchase-created'), 'trainer-allocation-workers', {
    states: ['Dead'],
    listed: false,
  });
  const left = withGroup(gone, 'cache-invalidation-workers', { states: ['Empty'] });
  return ['allocation-worker', 'cache-worker'].reduce(
    (state, worker) =>
      withContainer(state, worker, { status: 'restarting', restartCount: 9, startedAtMs: NOW - 20 * SECOND }),
    left,
  );
}

/** f33: the mark is there, the record never was. */
export function markedNotSent(payments = 1): PlatformState {
  return Array.from({ length: payments }, (_, index) => index + 1).reduce(
    (state, n) =>
      withPaid(state, {
        n,
        upTo: 'confirmed-mark',
        row: {
          metadata: JSON.stringify({ courseId: idsOf(n).course, sessionCount: 10, timeSlot: '5:00 PM' }),
        },
      }),
    healthyState(),
  );
}

/** f01: no container of purchase-worker, and compose lacks it. */
export function notDeployed(): PlatformState {
  const partition = partitionOfPayment(1);
  const paid = withPaid(healthyState(), { upTo: 'confirmed-record' });
  const empty = withPartition(paid, GROUP, TOPIC, partition, {
    committed: null,
    start: SETTLED,
    end: SETTLED + 1n,
    owned: false,
  });
  return withoutContainer(withGroup(empty, GROUP, { states: ['Dead'], listed: false }), 'purchase-worker');
}

/** f26: one record fails again and again. */
export function poisonRecord(): PlatformState {
  const partition = partitionOfPayment(1);
  const paid = withPaid(healthyState(), { upTo: 'confirmed-record' });
  const letters = [1, 2, 3].map((at) =>
    deadLetter(TOPIC, partition, SETTLED, {
      offset: BigInt(at),
      atMs: NOW - (10 - at) * SECOND,
      correlationId: idsOf(1).payment,
    }),
  );
  return withDeadLetters(paid, letters);
}

/** f39: the older allocation-worker marked before there was a row. */
export function markedBeforeVerified(): PlatformState {
  const paid = withPaid(olderState(), { upTo: 'allocation-read' });
  return withMark(paid, {
    eventId: idsOf(1).purchase,
    eventType: 'PURCHASE_CREATED',
    correlationId: idsOf(1).payment,
    source: 'allocation-worker',
    processedAtMs: NOW - HOUR,
  });
}

/** f46: admin-service answers 500, and the record of the older allocation-worker blocks. */
export function adminServerError(): PlatformState {
  const partition = partitionOfPayment(1);
  const paid = withPaid(olderState(), { upTo: 'created-record' });
  const failing = withLogLines(paid, 'allocation-worker', [
    logLine({
      atMs: NOW - 30 * SECOND,
      kind: 'api-error',
      level: 'error',
      status: 500,
      message: 'Allocation API failed with status 500',
      correlationId: idsOf(1).payment,
    }),
  ]);
  const letters = [1, 2, 3].map((at) =>
    deadLetter('purchase-created', partition, SETTLED, {
      offset: BigInt(at),
      atMs: NOW - (100 - at * 30) * SECOND,
      correlationId: idsOf(1).payment,
      failureReason: 'Allocation API failed with status 500',
    }),
  );
  return withDeadLetters(failing, letters);
}

/** f53: the consumer died on a record inside its running container. */
export function deadConsumer(): PlatformState {
  const paid = withPaid(healthyState(), { upTo: 'confirmed-record' });
  const empty = withGroup(paid, GROUP, { states: ['Empty', 'Empty', 'Empty'] });
  return withLogLines(empty, 'purchase-worker', crashForGood(NOW - 30 * MINUTE));
}
