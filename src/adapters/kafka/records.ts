import type { LogBounds } from '../../platform/state.ts';
import type { RawRecord } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import type { FetchAnswer, FetchedPartition } from './fetch-answer.ts';
import type { DecodedFetch, DecodedMessage } from './kafkajs-shape.ts';
import { errorType, ProtocolFailure, STALE_LEADER } from './protocol.ts';
import { type BatchRecord, batchesOf, type KeyIndex, visitRecords } from './record-batch.ts';
import { boundsOf, EVERYTHING, existingTopic, type Partition, valueIn } from './topics.ts';

/** The end was read before, so a fetch never waits for new records; this bounds one that does. */
const FETCH_WAIT_MS = 250;
/** Empty answers below the end before the range counts as not readable. */
const MAX_STALLS = 3;
const MAX_LEADER_MOVES = 2;
const SMALL_FETCH_BYTES = 1024 * 1024;

interface Range {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  /** Null: all keys. */
  readonly keys: KeyIndex | null;
  readonly fetchBytes?: number;
  /** Says when to stop early; asked after every fetch. */
  readonly isEnough?: (bytesRead: number) => boolean;
}

interface RangeRead {
  /** Later than asked where retention removed the beginning. */
  readonly from: bigint;
  readonly readTo: bigint;
  /** Every record from `from` to the asked end was read. */
  readonly complete: boolean;
}

/** Reads a range in order; the records outside it that a batch brings along are not shown. */
export async function readRange(
  call: Call,
  range: Range,
  partition: Partition,
  visit: (record: BatchRecord) => void,
): Promise<RangeRead> {
  let { from } = range;
  let next = range.from;
  let leader = partition.leader;
  let bytesRead = 0;
  let stalls = 0;
  let moves = 0;
  const visitInside = (record: BatchRecord): void => {
    if (record.offset >= from && record.offset < range.to) visit(record);
  };
  while (next < range.to) {
    call.signal.throwIfAborted();
    if (leader === null) return { from, readTo: next, complete: false };
    const page = await fetchPage(call, range, leader, next);
    const type = errorType(page.errorCode);
    if (type === 'OFFSET_OUT_OF_RANGE') {
      const { start } = await currentBounds(call, range);
      if (start <= next) throw new ProtocolFailure(type);
      from = start;
      next = start;
      continue;
    }
    if (type !== null && STALE_LEADER.includes(type) && moves < MAX_LEADER_MOVES) {
      moves += 1;
      leader = await currentLeader(call, range);
      continue;
    }
    if (type !== null) throw new ProtocolFailure(type);
    const reached = page.visit(next, range.keys, visitInside);
    bytesRead += page.bytes;
    stalls = reached === next ? stalls + 1 : 0;
    if (stalls >= MAX_STALLS) return { from, readTo: next, complete: false };
    next = reached;
    if (next < range.to && range.isEnough?.(bytesRead) === true)
      return { from, readTo: next, complete: false };
  }
  return { from, readTo: range.to, complete: true };
}

interface Page {
  readonly errorCode: number;
  readonly bytes: number;
  /** Returns the offset to go on at: the given one where nothing came. */
  readonly visit: (next: bigint, keys: KeyIndex | null, visit: (record: BatchRecord) => void) => bigint;
}

async function fetchPage(call: Call, range: Range, leader: number, offset: bigint): Promise<Page> {
  const maxBytes = range.fetchBytes ?? SMALL_FETCH_BYTES;
  // One partition a request: kafkajs and brokers answer several with the first error only, or with all the bytes for one.
  const answer = await call.fetching.run(leader, async () => {
    const broker = await call.client.broker(leader, call.context);
    return await broker.fetch({
      isolationLevel: EVERYTHING,
      maxWaitTime: FETCH_WAIT_MS,
      maxBytes,
      topics: [
        {
          topic: range.topic,
          partitions: [{ partition: range.partition, fetchOffset: String(offset), maxBytes }],
        },
      ],
    });
  });
  return 'responses' in answer ? decodedPage(answer) : rawPage(answer);
}

function rawPage(answer: FetchAnswer): Page {
  const found: FetchedPartition | undefined = answer.partitions[0];
  if (found === undefined) return { errorCode: answer.errorCode, bytes: 0, visit: (next) => next };
  return {
    errorCode: found.errorCode,
    bytes: found.records.length,
    visit: (next, keys, visit) => {
      let reached = next;
      for (const batch of batchesOf(found.records)) {
        if (batch.lastOffset < next) continue;
        visitRecords(batch, keys, visit);
        reached = batch.lastOffset + 1n;
      }
      return reached;
    },
  };
}

/** Brokers before 2.3 and message sets of format 0 and 1, decoded by kafkajs. */
function decodedPage(answer: DecodedFetch): Page {
  const found = answer.responses.flatMap((response) => response.partitions)[0];
  if (found === undefined) return { errorCode: 0, bytes: 0, visit: (next) => next };
  return {
    errorCode: found.errorCode,
    bytes: found.messages.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
    visit: (next, keys, visit) => {
      let reached = next;
      for (const message of found.messages) {
        const record = decodedRecord(message);
        if (record.offset < next) continue;
        reached = record.offset + 1n;
        const isWanted = keys === null || (record.key !== null && keys.has(record.key, 0, record.key.length));
        if (isWanted && message.isControlRecord !== true) visit(record);
      }
      return reached;
    },
  };
}

function decodedRecord({ offset, timestamp, key, value, headers }: DecodedMessage): BatchRecord {
  const pairs = Object.entries(headers ?? {}).flatMap(([name, given]) =>
    (Array.isArray(given) ? given : [given]).map((one: Buffer | string | undefined) => {
      return [name, one === undefined ? null : Buffer.from(one)] as const;
    }),
  );
  return { offset: BigInt(offset), timestampMs: Number(timestamp), key, value, headers: pairs };
}

async function currentBounds(call: Call, { topic, partition }: Range): Promise<LogBounds> {
  const partitions = (await existingTopic(call, topic)).filter(
    (candidate) => candidate.partition === partition,
  );
  return valueIn(await boundsOf(call, topic, partitions), partition);
}

async function currentLeader(call: Call, { topic, partition }: Range): Promise<number | null> {
  const partitions = await existingTopic(call, topic);
  return partitions.find((candidate) => candidate.partition === partition)?.leader ?? null;
}

export function rawRecord(topic: string, partition: number, record: BatchRecord): RawRecord {
  const headers = new Map<string, string>();
  for (const [name, value] of record.headers) {
    // Of a header that is repeated the first one counts.
    if (!headers.has(name)) headers.set(name, value?.toString('utf8') ?? '');
  }
  return {
    topic,
    partition,
    offset: record.offset,
    timestampMs: record.timestampMs,
    key: record.key?.toString('utf8') ?? null,
    value: record.value?.toString('utf8') ?? null,
    headers: Object.fromEntries(headers),
  };
}

type Mask = (text: string) => string;

export function maskedRecord(record: RawRecord, mask: Mask): RawRecord {
  const headers = Object.entries(record.headers).map(([name, value]) => [name, mask(value)] as const);
  const value = record.value === null ? null : maskedValue(record.value, mask);
  return { ...record, value, headers: Object.fromEntries(headers) };
}

/** Only texts are masked: a mask in place of a number would make a sound record look like one that does not parse. */
function maskedValue(value: string, mask: Mask): string {
  const masked = mask(value);
  if (masked === value) return value;
  try {
    return JSON.stringify(
      JSON.parse(value, (_, inner: unknown) => (typeof inner === 'string' ? mask(inner) : inner)),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return masked;
    throw error;
  }
}
