import { partitionOf, recordSeen } from '../../platform/events.ts';
import type { KeyScan, LogBounds, RecordSeen } from '../../platform/state.ts';
import type { KeyQuestion } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { KeyIndex } from './record-batch.ts';
import { rawRecord, readRange } from './records.ts';
import {
  type ByPartition,
  boundsOf,
  existingTopic,
  type OffsetAtTime,
  offsetsAtTime,
  type Partition,
  valueIn,
} from './topics.ts';

/** Large pages: the bytes are looked through, not decoded. */
const FETCH_BYTES = 4 * 1024 * 1024;

interface SearchLimits {
  readonly bytesOfPartition: number;
  /** Instant on the monotonic clock. */
  readonly endsAtMs: number;
}

interface Asked {
  readonly question: KeyQuestion;
  readonly predicted: number;
  readonly partitions: readonly number[];
}

interface Searched {
  readonly from: bigint;
  readonly to: bigint;
  readonly complete: boolean;
  readonly hits: readonly RecordSeen[];
  /** Null: not known. */
  readonly oldest: Oldest | null;
}

/** What tells how far back a log reaches. */
interface Oldest {
  /** Nothing was ever removed. */
  readonly isWhole: boolean;
  /** Time of the oldest record, where it is known. */
  readonly timestampMs: number | null;
  /** The oldest record is older than this, where that is known. */
  readonly olderThanMs: number | null;
}

/** One pass over each partition of a topic, for all the questions that are about it. */
export async function searchTopic(
  call: Call,
  topic: string,
  questions: readonly KeyQuestion[],
  limits: SearchLimits,
): Promise<readonly KeyScan[]> {
  const partitions = await existingTopic(call, topic);
  const all = partitions.map(({ partition }) => partition);
  const asked: readonly Asked[] = questions.map((question) => {
    const predicted = partitionOf(question.key, partitions.length);
    return { question, predicted, partitions: question.allPartitions ? all : [predicted] };
  });
  const wanted = partitions.filter(({ partition }) =>
    asked.some((one) => one.partitions.includes(partition)),
  );
  const notBefore = (partition: number): number =>
    Math.min(
      ...asked
        .filter((one) => one.partitions.includes(partition))
        .map(({ question }) => question.notBeforeMs),
    );
  const [bounds, beginnings] = await Promise.all([
    boundsOf(call, topic, wanted),
    offsetsAtTime(call, topic, wanted, notBefore),
  ]);

  const searched = new Map<number, Searched>();
  for (const partition of wanted) {
    const keys = asked
      .filter((one) => one.partitions.includes(partition.partition))
      .map(({ question }) => question.key);
    const known = knownRange(partition, bounds, beginnings, notBefore(partition.partition));
    searched.set(partition.partition, await searchPartition(call, topic, partition, known, keys, limits));
  }
  return asked.map((one) => keyScan(one, partitions.length, searched));
}

interface KnownRange {
  readonly bounds: LogBounds;
  readonly from: bigint;
  readonly oldest: Oldest;
}

/** Null for a partition without leader: not read, and said to be so. Any other failure ends the search. */
function knownRange(
  { partition, leader }: Partition,
  bounds: ByPartition<LogBounds>,
  beginnings: ByPartition<OffsetAtTime>,
  notBeforeMs: number,
): KnownRange | null {
  if (leader === null) return null;
  const log = valueIn(bounds, partition);
  const { offset, timestampMs } = valueIn(beginnings, partition);
  const from = beginningIn(log, offset);
  const isWhole = log.start === 0n;
  // All before `from` is older than the time; at the start of the log its oldest record was found itself.
  const oldest: Oldest =
    from > log.start
      ? { isWhole, timestampMs: null, olderThanMs: notBeforeMs }
      : { isWhole, timestampMs: offset < 0n ? null : timestampMs, olderThanMs: null };
  return { bounds: log, from, oldest };
}

function beginningIn({ start, end }: LogBounds, offset: bigint): bigint {
  // -1: no record is that young. Past the end: written after the end was read.
  if (offset < 0n || offset > end) return end;
  // Removed between the two answers.
  if (offset < start) return start;
  return offset;
}

async function searchPartition(
  call: Call,
  topic: string,
  partition: Partition,
  known: KnownRange | null,
  keys: readonly string[],
  limits: SearchLimits,
): Promise<Searched> {
  if (known === null) return { from: 0n, to: 0n, complete: false, hits: [], oldest: null };
  const hits: RecordSeen[] = [];
  const isEnough = (bytes: number): boolean =>
    bytes >= limits.bytesOfPartition || performance.now() >= limits.endsAtMs;
  const range = {
    topic,
    partition: partition.partition,
    from: known.from,
    to: known.bounds.end,
    keys: new KeyIndex(keys),
    fetchBytes: FETCH_BYTES,
    isEnough,
  };
  const read = await readRange(call, range, partition, (record) => {
    hits.push(recordSeen(rawRecord(topic, partition.partition, record)));
  });
  // Retention removed records while they were read: what is gone was not looked at.
  const oldest = read.from === known.from ? known.oldest : null;
  return {
    from: read.from,
    to: read.complete ? known.bounds.end : read.readTo,
    complete: read.complete,
    hits,
    oldest,
  };
}

function keyScan(
  { question, predicted, partitions }: Asked,
  count: number,
  searched: ReadonlyMap<number, Searched>,
): KeyScan {
  const ranges = partitions.map((partition) => ({ partition, searched: searchOf(searched, partition) }));
  const { oldest } = searchOf(searched, predicted);
  return {
    topic: question.topic,
    key: question.key,
    partitionCount: count,
    predictedPartition: predicted,
    ranges: ranges.map(({ partition, searched: { from, to, complete } }) => ({
      partition,
      from,
      to,
      complete,
    })),
    allPartitions: partitions.length === count && ranges.every((range) => range.searched.complete),
    logReachesBack: oldest !== null && reachesBack(oldest, question.notBeforeMs),
    hits: ranges.flatMap((range) => range.searched.hits.filter(({ key }) => key === question.key)),
  };
}

function searchOf(searched: ReadonlyMap<number, Searched>, partition: number): Searched {
  const found = searched.get(partition);
  if (found === undefined) throw new Error(`partition ${partition} was not searched`);
  return found;
}

function reachesBack({ isWhole, timestampMs, olderThanMs }: Oldest, notBeforeMs: number): boolean {
  if (isWhole) return true;
  if (olderThanMs !== null) return olderThanMs <= notBeforeMs;
  return timestampMs !== null && timestampMs < notBeforeMs;
}
