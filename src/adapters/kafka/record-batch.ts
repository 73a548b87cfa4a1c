import { gunzipSync } from 'node:zlib';

/**
 * Record batches of format 2 (Kafka 0.11 and newer), read where they lie. kafkajs turns every record into objects, at about
 * 200,000 a second; a key search looks at millions and wants three of them.
 *
 * Header: baseOffset 8, batchLength 4, partitionLeaderEpoch 4, magic 1, crc 4, attributes 2, lastOffsetDelta 4,
 * baseTimestamp 8, maxTimestamp 8, producerId 8, producerEpoch 2, baseSequence 4, count 4.
 */
const HEADER_BYTES = 61;
const LENGTH_END = 12;
const MAGIC_AT = 16;
const MAGIC = 2;
const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const CONTROL = 0x20;

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

interface RecordBatch {
  readonly baseOffset: bigint;
  /** Kept when compaction takes the records away, so it moves a reader on where there is nothing left to read. */
  readonly lastOffset: bigint;
  readonly attributes: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly count: number;
  /** As stored: compressed where `attributes` names a codec. */
  readonly body: Buffer;
}

export class UnsupportedCodec extends Error {
  readonly codec: string;

  constructor(codec: string) {
    super(`records are compressed with ${codec}`);
    this.name = 'UnsupportedCodec';
    this.codec = codec;
  }
}

/** Message sets of format 0 and 1 have their magic byte at the same place. */
export function hasOldFormat(records: Buffer): boolean {
  return records.length > MAGIC_AT && records.readInt8(MAGIC_AT) < MAGIC;
}

/** A fetch may cut the last batch short; that one is left for the next fetch. */
export function* batchesOf(records: Buffer): Generator<RecordBatch> {
  let at = 0;
  while (records.length - at >= HEADER_BYTES) {
    const end = at + LENGTH_END + records.readInt32BE(at + 8);
    if (end > records.length) return;
    if (end < at + HEADER_BYTES) throw new Error('a record batch is shorter than its own header');
    const baseOffset = records.readBigInt64BE(at);
    yield {
      baseOffset,
      lastOffset: baseOffset + BigInt(records.readInt32BE(at + 23)),
      attributes: records.readInt16BE(at + 21),
      baseTimestampMs: Number(records.readBigInt64BE(at + 27)),
      maxTimestampMs: Number(records.readBigInt64BE(at + 35)),
      count: records.readInt32BE(at + 57),
      body: records.subarray(at + HEADER_BYTES, end),
    };
    at = end;
  }
}

export interface BatchRecord {
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
}

/** Keys by their first four bytes, which nearly always tell two ids apart. */
export class KeyIndex {
  readonly #byPrefix = new Map<number, Buffer[]>();

  constructor(keys: Iterable<string>) {
    for (const text of keys) {
      const key = Buffer.from(text, 'utf8');
      const prefix = prefixOf(key, 0, key.length);
      const same = this.#byPrefix.get(prefix);
      if (same === undefined) this.#byPrefix.set(prefix, [key]);
      else same.push(key);
    }
  }

  has(bytes: Buffer, start: number, end: number): boolean {
    const candidates = this.#byPrefix.get(prefixOf(bytes, start, end));
    if (candidates === undefined) return false;
    return candidates.some(
      (key) => key.length === end - start && bytes.compare(key, 0, key.length, start, end) === 0,
    );
  }
}

function prefixOf(bytes: Buffer, start: number, end: number): number {
  return end - start < 4 ? end - start : bytes.readInt32BE(start);
}

/**
 * Calls `visit` for every record of the batch whose key `wanted` holds, or for all where it is null. Control records (the
 * marks of transactions) are no records of anybody.
 */
export function visitRecords(
  batch: RecordBatch,
  wanted: KeyIndex | null,
  visit: (record: BatchRecord) => void,
): void {
  if ((batch.attributes & CONTROL) !== 0) return;
  const reader = new VarintReader(plainBody(batch));
  for (let index = 0; index < batch.count; index += 1) {
    const end = reader.length() + reader.at;
    reader.at += 1;
    const deltaAt = reader.at;
    reader.skip();
    const offsetDelta = reader.length();
    const keyLength = reader.length();
    const keyAt = reader.at;
    reader.at += Math.max(keyLength, 0);
    if (wanted === null || (keyLength >= 0 && wanted.has(reader.bytes, keyAt, reader.at))) {
      const key = keyLength < 0 ? null : reader.bytes.subarray(keyAt, reader.at);
      const value = reader.block();
      const headers = readHeaders(reader);
      reader.at = deltaAt;
      visit({
        offset: batch.baseOffset + BigInt(offsetDelta),
        timestampMs: timestampOf(batch, reader.long()),
        key,
        value,
        headers,
      });
    }
    reader.at = end;
  }
  if (reader.at > reader.bytes.length) throw new Error('a record runs past the end of its batch');
}

function timestampOf(batch: RecordBatch, delta: number): number {
  return (batch.attributes & LOG_APPEND_TIME) === 0 ? batch.baseTimestampMs + delta : batch.maxTimestampMs;
}

function plainBody(batch: RecordBatch): Buffer {
  const codec = CODECS[batch.attributes & CODEC_MASK] ?? `codec ${batch.attributes & CODEC_MASK}`;
  if (codec === 'none') return batch.body;
  if (codec === 'gzip') return gunzipSync(batch.body);
  throw new UnsupportedCodec(codec);
}

function readHeaders(reader: VarintReader): readonly (readonly [string, Buffer | null])[] {
  const headers: (readonly [string, Buffer | null])[] = [];
  const count = reader.length();
  for (let index = 0; index < count; index += 1) {
    const name = reader.block();
    headers.push([name === null ? '' : name.toString('utf8'), reader.block()]);
  }
  return headers;
}

/** Zigzag variable-length numbers, as in protocol buffers. */
class VarintReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** 32 bits: lengths, counts and offset deltas; -1 is null. */
  length(): number {
    let byte = this.#next();
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = this.#next();
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** 64 bits, of which a time needs 42: exact as a number. */
  long(): number {
    let byte = this.#next();
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      byte = this.#next();
      value += (byte & 0x7f) * factor;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  skip(): void {
    let byte = this.#next();
    while (byte >= 0x80) byte = this.#next();
  }

  /** Length and bytes; null where the length is -1. */
  block(): Buffer | null {
    const length = this.length();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new Error('a record runs past the end of its batch');
    return this.bytes.subarray(start, this.at);
  }

  #next(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new Error('a record runs past the end of its batch');
    this.at += 1;
    return byte;
  }
}
