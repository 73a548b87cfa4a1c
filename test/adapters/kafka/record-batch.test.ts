import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type BatchRecord,
  batchesOf,
  hasOldFormat,
  KeyIndex,
  UnsupportedCodec,
  visitRecords,
} from '../../../src/adapters/kafka/record-batch.ts';

interface Given {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampDelta?: number;
  readonly headers?: readonly (readonly [string, string | null])[];
}

/** Written from the protocol's description, not from the reader. */
function varint(value: number): Buffer {
  let zigzag = value >= 0 ? BigInt(value) * 2n : BigInt(-value) * 2n - 1n;
  const bytes: number[] = [];
  while (zigzag >= 0x80n) {
    bytes.push(Number(zigzag & 0x7fn) | 0x80);
    zigzag >>= 7n;
  }
  return Buffer.from([...bytes, Number(zigzag)]);
}

function block(text: string | null): Buffer {
  if (text === null) return varint(-1);
  const bytes = Buffer.from(text);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function recordBytes({ key, value, timestampDelta = 0, headers = [] }: Given, offsetDelta: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(timestampDelta),
    varint(offsetDelta),
    block(key),
    block(value),
    varint(headers.length),
    ...headers.flatMap(([name, text]) => [block(name), block(text)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function batch(
  baseOffset: bigint,
  records: readonly Given[],
  attributes = 0,
  lastOffsetDelta = records.length - 1,
): Buffer {
  const plain = Buffer.concat(records.map(recordBytes));
  const body = (attributes & 7) === 1 ? gzipSync(plain) : plain;
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(baseOffset, 0);
  header.writeInt32BE(49 + body.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(attributes, 21);
  header.writeInt32BE(lastOffsetDelta, 23);
  header.writeBigInt64BE(1_000n, 27);
  header.writeBigInt64BE(9_000n, 35);
  header.writeInt32BE(records.length, 57);
  return Buffer.concat([header, body]);
}

function read(bytes: Buffer, keys: readonly string[] | null = null): BatchRecord[] {
  const found: BatchRecord[] = [];
  for (const one of batchesOf(bytes)) {
    visitRecords(one, keys === null ? null : new KeyIndex(keys), (record) => found.push(record));
  }
  return found;
}

describe('record batches', () => {
  it('are read with offsets, times, keys, values and headers', () => {
    const bytes = batch(40n, [
      {
        key: 'a',
        value: 'one',
        headers: [
          ['name', 'ü'],
          ['none', null],
        ],
      },
      { key: null, value: null, timestampDelta: 3_000_000_000 },
    ]);
    expect(read(bytes)).toEqual([
      {
        offset: 40n,
        timestampMs: 1_000,
        key: Buffer.from('a'),
        value: Buffer.from('one'),
        headers: [
          ['name', Buffer.from('ü')],
          ['none', null],
        ],
      },
      { offset: 41n, timestampMs: 3_000_001_000, key: null, value: null, headers: [] },
    ]);
  });

  it('give only the records of the wanted keys', () => {
    const given = ['', 'a', 'abc', 'abcd', 'abcde', 'abcdx', null].map((key) => ({ key, value: 'v' }));
    const keys = read(batch(0n, given), ['abcde', 'a', 'nope']).map(({ key }) => key?.toString());
    expect(keys).toEqual(['a', 'abcde']);
  });

  it('stamped by the broker carry its time', () => {
    expect(read(batch(0n, [{ key: 'a', value: null, timestampDelta: 5 }], 0x08))[0]?.timestampMs).toBe(9_000);
  });

  it('of transaction marks hold no records, and move the reader on all the same', () => {
    const bytes = batch(7n, [{ key: 'mark', value: null }], 0x20);
    expect(read(bytes)).toEqual([]);
    expect([...batchesOf(bytes)].map(({ lastOffset }) => lastOffset)).toEqual([7n]);
  });

  it('emptied by compaction still say how far they reach', () => {
    expect([...batchesOf(batch(7n, [], 0, 12))].map(({ lastOffset }) => lastOffset)).toEqual([19n]);
  });

  it('are left for the next fetch where this one cut them short', () => {
    const whole = batch(0n, [{ key: 'a', value: 'one' }]);
    for (const cut of [1, 30, whole.length - 1]) {
      const bytes = Buffer.concat([whole, batch(1n, [{ key: 'b', value: 'two' }]).subarray(0, cut)]);
      expect(read(bytes).map(({ offset }) => offset)).toEqual([0n]);
    }
  });

  it('compressed with gzip are read like others', () => {
    const records = Array.from({ length: 300 }, (_, index) => ({
      key: `k${index}`,
      value: 'v'.repeat(index),
    }));
    expect(read(batch(0n, records, 1), ['k299']).map(({ offset, value }) => [offset, value?.length])).toEqual(
      [[299n, 299]],
    );
  });

  it.each([
    [2, 'snappy'],
    [3, 'lz4'],
    [4, 'zstd'],
  ])('compressed with codec %i are refused by the name of the codec', (attributes, codec) => {
    expect(() => read(batch(0n, [{ key: 'a', value: null }], attributes))).toThrow(
      new UnsupportedCodec(codec),
    );
  });

  it('that do not hold what they say are an error, never fewer records', () => {
    const bytes = batch(0n, [{ key: 'a', value: 'one' }]);
    bytes.writeInt32BE(2, 57);
    expect(() => read(bytes)).toThrow('past the end');
  });

  it('are told from message sets of old brokers', () => {
    const old = batch(0n, [{ key: 'a', value: 'one' }]);
    old.writeInt8(1, 16);
    expect([hasOldFormat(old), hasOldFormat(batch(0n, [])), hasOldFormat(Buffer.alloc(0))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
