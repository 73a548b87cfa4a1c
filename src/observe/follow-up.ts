import { courseId, isUuid, type PaymentId, paymentId, studentId } from '../platform/ids.ts';
import { type Observed, seen, unseen } from '../platform/observed.ts';
import { EVENT_TYPES, type EventType, TOPIC_OF_EVENT } from '../platform/pipeline.ts';
import type { Settings } from '../platform/settings.ts';
import type {
  AllocationRow,
  GroupPoll,
  GroupState,
  KeyScan,
  MarkRow,
  PaymentRow,
  PurchaseRow,
  RecordSeen,
  Records,
  SessionCount,
  TopicState,
} from '../platform/state.ts';
import type { KafkaClusterReader, KeyQuestion } from '../ports/kafka-cluster.ts';
import type { Pair, PurchaseDatabaseReader } from '../ports/purchase-database.ts';
import { type Budget, type Desk, look } from './deadline.ts';
import { isGap, pollGroups, type Source } from './survey.ts';
import type { Targets, WaitingRange } from './targets.ts';

export interface DatabaseFollowUp {
  readonly purchases: Observed<readonly PurchaseRow[]>;
  readonly allocations: Observed<readonly AllocationRow[]>;
  readonly sessions: Observed<readonly SessionCount[]>;
  readonly marks: Observed<readonly MarkRow[]>;
}

/** Rows of the targets' pairs, and the marks under any of their ids. */
export async function followUpDatabase(
  desk: Desk,
  limits: Budget,
  database: Source<PurchaseDatabaseReader>,
  wanted: Targets,
): Promise<DatabaseFollowUp> {
  const endMs = desk.clock.monotonicMs() + limits.followUpMs;
  const ask = <T>(
    operation: string,
    nothing: boolean,
    empty: T,
    work: (database: PurchaseDatabaseReader, signal: AbortSignal) => Promise<T>,
  ): Promise<Observed<T>> => {
    if (isGap(database)) return Promise.resolve(unseen({ ...database, operation }));
    if (nothing) return Promise.resolve(seen(empty, desk.clock.nowMs()));
    const question = { system: 'postgres', operation, withinMs: endMs - desk.clock.monotonicMs() } as const;
    return look(desk, question, (signal) => work(database, signal));
  };
  const noPairs = wanted.pairs.length === 0;
  const [purchases, allocations] = await Promise.all([
    ask<readonly PurchaseRow[]>('purchases', noPairs, [], (reader, signal) =>
      reader.purchasesOf(wanted.pairs, signal),
    ),
    ask<readonly AllocationRow[]>('allocations', noPairs, [], (reader, signal) =>
      reader.allocationsOf(wanted.pairs, signal),
    ),
  ]);
  const allocationIds = allocations.kind === 'seen' ? allocations.value.map((row) => row.allocationId) : [];
  const ids = [
    ...wanted.payments.map((row) => row.paymentId),
    ...(purchases.kind === 'seen' ? purchases.value.map((row) => row.purchaseId) : []),
    ...allocationIds,
  ];
  const [sessions, marks] = await Promise.all([
    allocations.kind === 'unseen'
      ? unseen({ ...allocations.gap, operation: 'sessions' })
      : ask<readonly SessionCount[]>('sessions', allocationIds.length === 0, [], (reader, signal) =>
          reader.sessionsOf(allocationIds, signal),
        ),
    ask<readonly MarkRow[]>('processed_events', ids.length === 0, [], (reader, signal) =>
      reader.marksOf(ids, signal),
    ),
  ]);
  return { purchases, allocations, sessions, marks };
}

/** Off a payment's time before its record is looked for: clocks may differ and records carry the producer's time. */
const SCAN_SLACK_MS = 5 * 60_000;

type Topics = Readonly<Record<string, Observed<TopicState>>>;
type ByPayment = Records['byPayment'];

/** The records of each target on the four topics of the pipeline. A topic that is absent holds none: that is a complete answer. */
export async function followUpRecords(
  desk: Desk,
  limits: Budget,
  kafka: Source<KafkaClusterReader>,
  topics: Topics,
  wanted: Targets,
  rows: DatabaseFollowUp,
  skewMs: number,
): Promise<ByPayment> {
  const endMs = desk.clock.monotonicMs() + limits.followUpMs;
  const perTopic = await Promise.all(
    EVENT_TYPES.map(async (eventType) => {
      const topic = TOPIC_OF_EVENT[eventType];
      return [topic, await recordsOn(topic, eventType)] as const;
    }),
  );
  return Object.fromEntries(
    wanted.payments.map(({ paymentId }) => [
      paymentId,
      Object.fromEntries(
        perTopic.flatMap(([topic, byPayment]) => {
          const scan = byPayment.get(paymentId);
          return scan === undefined ? [] : [[topic, scan]];
        }),
      ),
    ]),
  );

  async function recordsOn(
    topic: string,
    eventType: EventType,
  ): Promise<ReadonlyMap<PaymentId, Observed<KeyScan>>> {
    const state = topics[topic];
    const same = (scan: Observed<KeyScan>) =>
      new Map(wanted.payments.map(({ paymentId }) => [paymentId, scan]));
    if (wanted.payments.length === 0 || state === undefined) return new Map();
    if (isGap(kafka)) return same(unseen({ ...kafka, operation: `records on ${topic}` }));
    if (state.kind === 'unseen') return same(state);
    if (state.value.kind === 'absent') {
      return new Map(
        wanted.payments.map(({ paymentId }) => [
          paymentId,
          seen(nothingOn(topic, paymentId), state.seenAtMs),
        ]),
      );
    }
    const asked = wanted.payments.map((payment) => ({
      payment,
      questions: keysOf(payment, eventType, rows).map(
        (key): KeyQuestion => ({
          topic,
          key,
          notBeforeMs: Math.floor((payment.confirmedAtMs ?? payment.createdAtMs) - SCAN_SLACK_MS - skewMs),
          // Where the stage's own row is there, its record matters less than the time of a scan of everything.
          allPartitions: true,
        }),
      ),
    }));
    const question = {
      system: 'kafka',
      operation: `records on ${topic}`,
      withinMs: endMs - desk.clock.monotonicMs(),
    } as const;
    const scans = await look(desk, question, (signal) =>
      kafka.findKeys(
        asked.flatMap(({ questions }) => questions),
        signal,
      ),
    );
    if (scans.kind === 'unseen') return same(scans);
    let next = 0;
    return new Map(
      asked.map(({ payment, questions }) => {
        const own = scans.value.slice(next, next + questions.length);
        next += questions.length;
        return [payment.paymentId, seen(mergeScans(own), scans.seenAtMs)];
      }),
    );
  }
}

function nothingOn(topic: string, key: string): KeyScan {
  return {
    topic,
    key,
    partitionCount: 0,
    predictedPartition: 0,
    ranges: [],
    allPartitions: true,
    logReachesBack: true,
    hits: [],
  };
}

/**
 * Keys under which a payment's records lie: its own id; on purchase-created also the purchase id (events made by hand); on the two
 * later topics also its allocations' (the newest allocating code sends a copy of its own).
 */
function keysOf(payment: PaymentRow, eventType: EventType, rows: DatabaseFollowUp): readonly string[] {
  const ofPair = (row: { readonly studentId: string; readonly courseId: string | null }) =>
    row.studentId === payment.studentId && row.courseId === payment.courseId;
  const purchases = rows.purchases.kind === 'seen' ? rows.purchases.value.filter(ofPair) : [];
  const allocations = rows.allocations.kind === 'seen' ? rows.allocations.value.filter(ofPair) : [];
  switch (eventType) {
    case 'PURCHASE_CONFIRMED':
      return [payment.paymentId];
    case 'PURCHASE_CREATED':
      return [payment.paymentId, ...purchases.map((row) => row.purchaseId)];
    case 'TRAINER_ALLOCATED':
    case 'SESSIONS_GENERATED':
      return [payment.paymentId, ...allocations.map((row) => row.allocationId)];
    default:
      return eventType satisfies never;
  }
}

/** The first scan is the one under the payment's own id. Together they are only as complete as each. */
function mergeScans(scans: readonly KeyScan[]): KeyScan {
  const [own, ...others] = scans;
  if (own === undefined) throw new Error('a payment is always searched under its own id');
  const hits = new Map<string, RecordSeen>();
  for (const hit of scans.flatMap((scan) => scan.hits)) hits.set(`${hit.partition} ${hit.offset}`, hit);
  return {
    ...own,
    ranges: own.ranges.map((range, index) => ({
      ...range,
      complete: range.complete && others.every((scan) => scan.ranges[index]?.complete !== false),
    })),
    allPartitions: scans.every((scan) => scan.allPartitions),
    logReachesBack: scans.every((scan) => scan.logReachesBack),
    hits: [...hits.values()].toSorted((a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1)),
  };
}

/** @internal exported for its tests */
export function headKey(group: string, topic: string, partition: number): string {
  return `${group} ${topic} ${partition}`;
}

/** The record that each group would read next, where something is unread. */
export async function followUpHeads(
  desk: Desk,
  limits: Budget,
  kafka: Source<KafkaClusterReader>,
  wanted: Targets,
): Promise<Records['heads']> {
  if (isGap(kafka)) return {};
  const endMs = desk.clock.monotonicMs() + limits.followUpMs;
  const entries = await Promise.all(
    wanted.unread.map(async ({ group, topic, partition, from }) => {
      const question = {
        system: 'kafka',
        operation: `record at ${topic}[${partition}] ${from}`,
        withinMs: endMs - desk.clock.monotonicMs(),
      } as const;
      const head = await look(desk, question, (signal) => kafka.recordAt(topic, partition, from, signal));
      return [headKey(group, topic, partition), head] as const;
    }),
  );
  return Object.fromEntries(entries);
}

export interface Waiting {
  readonly records: NonNullable<Records['waiting']>;
  /** Null: there is no such record, or the payments could not be asked for. */
  readonly beside: readonly PaymentRow[] | null;
  /** Pairs of these payments and records, whose rows tell what reading them would do. */
  readonly pairs: readonly Pair[];
}

/** The records that each group with rows to make would read next, and the payments that they are about. */
export async function followUpWaiting(
  desk: Desk,
  limits: Budget,
  sources: {
    readonly kafka: Source<KafkaClusterReader>;
    readonly database: Source<PurchaseDatabaseReader>;
  },
  ranges: readonly WaitingRange[],
  wanted: Targets,
): Promise<Waiting> {
  const { kafka, database } = sources;
  if (isGap(kafka) || ranges.length === 0) return { records: {}, beside: null, pairs: [] };
  const endMs = desk.clock.monotonicMs() + limits.followUpMs;
  const entries = await Promise.all(
    ranges.map(async ({ group, topic, partition, from, to }) => {
      const question = {
        system: 'kafka',
        operation: `records ${from} to ${to} of ${topic}[${partition}]`,
        withinMs: endMs - desk.clock.monotonicMs(),
      } as const;
      const found = await look(desk, question, async (signal) => {
        const records: RecordSeen[] = [];
        for (let next = from; next < to; ) {
          const record = await kafka.recordAt(topic, partition, next, signal);
          if (record === null || record.offset >= to) break;
          records.push(record);
          next = record.offset + 1n;
        }
        return { from, to, records };
      });
      return [headKey(group, topic, partition), found] as const;
    }),
  );
  const found = entries.flatMap(([, waiting]) => (waiting.kind === 'seen' ? waiting.value.records : []));
  const known = new Set<string>(wanted.payments.map((row) => row.paymentId));
  const unknown = namedPayments(found).filter((id) => !known.has(id));
  const beside = isGap(database)
    ? null
    : await look(
        desk,
        {
          system: 'postgres',
          operation: 'payments of the waiting records',
          withinMs: endMs - desk.clock.monotonicMs(),
        },
        (signal) => (unknown.length === 0 ? Promise.resolve([]) : database.paymentsOf(unknown, signal)),
      );
  const rows = beside?.kind === 'seen' ? beside.value : null;
  return {
    records: Object.fromEntries(entries),
    beside: rows,
    pairs: [
      ...(rows ?? []).flatMap(({ studentId, courseId }) =>
        courseId === null ? [] : [{ studentId, courseId }],
      ),
      ...found.flatMap((record) =>
        record.studentId === null || record.courseId === null
          ? []
          : [{ studentId: studentId(record.studentId), courseId: courseId(record.courseId) }],
      ),
    ],
  };
}

/** A key or correlation id may also be a purchase's or an allocation's: then it is in no row of payments. */
function namedPayments(records: readonly RecordSeen[]): readonly PaymentId[] {
  const ids = records.flatMap(({ paymentId: named, key, correlationId }) =>
    [named, key, correlationId].flatMap((id) => (id !== null && isUuid(id) ? [paymentId(id)] : [])),
  );
  return [...new Set(ids)];
}

const POLL_GAP_MS = 2_000;
/** Fourth poll, this long after the first, where a group was not Stable: a poison loop is Empty for 10 to 11 s of 42. */
const LAST_POLL_AFTER_MS = 6_000;

/**
 * Watches the groups with something unread: two more polls, one more where a group did not hold still. Others keep their one
 * poll: nothing is unread there, so nothing can be slow. Ends early when the time left is needed for the report.
 */
export async function watchGroups(
  desk: Desk,
  limits: Budget,
  kafka: Source<KafkaClusterReader>,
  settings: Settings,
  topics: Topics,
  first: Readonly<Record<string, Observed<GroupPoll>>>,
  wanted: Targets,
): Promise<Readonly<Record<string, Observed<GroupState>>>> {
  const polls = new Map<string, [GroupPoll, ...GroupPoll[]]>();
  for (const [group, poll] of Object.entries(first)) if (poll.kind === 'seen') polls.set(group, [poll.value]);
  const watched = new Set(wanted.unread.map(({ group }) => group));
  const leftMs = () => desk.endsAtMs - desk.clock.monotonicMs();

  if (!isGap(kafka) && watched.size > 0 && leftMs() >= limits.pollsNeedMs) {
    const firstPollMs = desk.clock.monotonicMs();
    await pollAfter(POLL_GAP_MS, watched, kafka);
    await pollAfter(POLL_GAP_MS, watched, kafka);
    const restless = new Set(
      [...watched].filter((group) => (polls.get(group) ?? []).some((poll) => poll.state !== 'Stable')),
    );
    const waitMs = LAST_POLL_AFTER_MS - (desk.clock.monotonicMs() - firstPollMs);
    if (restless.size > 0 && leftMs() > Math.max(0, waitMs) + 1_000) {
      await pollAfter(Math.max(0, waitMs), restless, kafka);
    }
  }
  return Object.fromEntries(
    Object.entries(first).map(([group, poll]) => {
      const own = polls.get(group);
      if (poll.kind === 'unseen' || own === undefined) return [group, poll as Observed<never>];
      return [group, seen({ groupId: group, polls: own }, own.at(-1)?.atMs ?? poll.seenAtMs)];
    }),
  );

  async function pollAfter(
    waitMs: number,
    groups: ReadonlySet<string>,
    reader: KafkaClusterReader,
  ): Promise<void> {
    await desk.clock.sleep(waitMs, desk.signal);
    const next = await pollGroups(desk, reader, settings, topics, limits.followUpMs, groups);
    for (const [group, poll] of Object.entries(next))
      if (poll.kind === 'seen') polls.get(group)?.push(poll.value);
  }
}
