import { maskSecrets } from './mask.ts';
import type { DeadLetter, RecordSeen } from './state.ts';

/** A record as it lies in the log: bytes as text, nothing believed yet. */
interface RecordText {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = {};

/** Header that says which run of ours produced a record. */
const DOCTOR_RUN_HEADER = 'kc-doctor-run';

const REASON_LENGTH = 300;

/** Producers put ids into headers, into `_metadata` and into the event itself; scripts leave out one or the other. */
export function recordSeen(raw: RecordText): RecordSeen {
  const parsed = parseJson(raw.value);
  const event = fieldsOf(parsed?.value);
  const envelope = fieldsOf(event['_metadata']);
  const bought = fieldsOf(event['metadata']);
  const schedule = fieldsOf(bought['schedule']);
  const named = (name: string): string | null =>
    text(raw.headers[name]) ?? text(envelope[name]) ?? text(event[name]);
  return {
    topic: raw.topic,
    partition: raw.partition,
    offset: raw.offset,
    timestampMs: raw.timestampMs,
    key: raw.key,
    isJson: parsed !== null,
    eventType: named('eventType'),
    eventId: named('eventId'),
    correlationId: named('correlationId'),
    source: named('source'),
    paymentId: text(event['paymentId']) ?? text(bought['paymentId']),
    purchaseId: text(event['purchaseId']) ?? text(bought['purchaseId']),
    allocationId: text(event['allocationId']),
    studentId: text(event['studentId']) ?? text(event['userId']),
    courseId: text(event['courseId']) ?? text(bought['courseId']),
    startDate:
      text(event['startDate']) ??
      text(bought['startDate']) ??
      text(schedule['startDate']) ??
      text(schedule['date']),
    doctorRun: text(raw.headers[DOCTOR_RUN_HEADER]),
  };
}

/** Null for a record that does not say which record it stands for. */
export function deadLetterOf(raw: RecordText): DeadLetter | null {
  const letter = fieldsOf(parseJson(raw.value)?.value);
  const named = (name: string): unknown => letter[name] ?? raw.headers[name];
  const originalTopic = text(named('originalTopic'));
  const originalPartition = wholeNumber(named('originalPartition'));
  const originalOffset = wholeNumber(named('originalOffset'));
  if (originalTopic === null || originalPartition === null || originalOffset === null) return null;
  const attempts = wholeNumber(letter['attempts']);
  return {
    offset: raw.offset,
    partition: raw.partition,
    atMs: raw.timestampMs,
    key: raw.key,
    originalTopic,
    originalPartition: Number(originalPartition),
    originalOffset,
    failureReason: cut(maskSecrets(reasonText(named('failureReason')), []), REASON_LENGTH),
    attempts: attempts === null ? null : Number(attempts),
    correlationId: text(named('correlationId')),
    eventId: text(named('eventId')),
  };
}

/**
 * Partition that kafkajs 2 and the Java clients choose for a key: murmur2 of its bytes, sign bit off, modulo the count. The
 * default partitioner of kafkajs 1 chooses another.
 */
export function partitionOf(key: string, partitionCount: number): number {
  if (partitionCount < 1) throw new Error('a topic has at least one partition');
  return (murmur2(new TextEncoder().encode(key)) & 0x7fffffff) % partitionCount;
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** 32-bit murmur2 as in org.apache.kafka.common.utils.Utils. */
function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % 4);
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(view.getInt32(at, true), M);
    k ^= k >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  if (whole < bytes.length) {
    for (let at = bytes.length - 1; at >= whole; at -= 1) hash ^= view.getUint8(at) << (8 * (at - whole));
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** Null: not JSON. A tombstone is not either: a worker that parses it dies of it. */
function parseJson(value: string | null): { readonly value: unknown } | null {
  if (value === null) return null;
  try {
    return { value: JSON.parse(value) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Some producers write `metadata` as a JSON string. */
function fieldsOf(value: unknown): Fields {
  const given = typeof value === 'string' ? parseJson(value)?.value : value;
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Fields) : NOTHING;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

const WHOLE_NUMBER = /^\d{1,19}$/;

function wholeNumber(value: unknown): bigint | null {
  const digits = typeof value === 'number' ? String(value) : value;
  return typeof digits === 'string' && WHOLE_NUMBER.test(digits) ? BigInt(digits) : null;
}

function reasonText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** By whole characters: half of one would not survive the way into a file and back. */
function cut(given: string, length: number): string {
  return given.length <= length ? given : [...given].slice(0, length).join('');
}
