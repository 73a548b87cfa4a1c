import { describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/adapters/kafka/produce-record.ts';
import type { RecordToProduce } from '../../../src/ports/kafka-cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function record(...names: readonly string[]): RecordToProduce {
  const headers = names.map((name, index) => ({ name, value: bytes(`value-${index}`) }));
  return { topic: 't', partition: 0, key: bytes('k'), value: null, headers };
}

describe('messageOf', () => {
  it('hands on bytes, views into larger buffers included', () => {
    const view = bytes('..payload..').subarray(2, 9);
    const message = messageOf({ ...record(), key: view, value: view });
    expect(message).toEqual({ key: Buffer.from('payload'), value: Buffer.from('payload'), headers: {} });
  });

  it('keeps repeated headers, and names that mean something to JavaScript', () => {
    const { headers } = messageOf(record('a', 'a', '__proto__', 'constructor'));
    expect(Object.entries(headers)).toEqual([
      ['a', [Buffer.from('value-0'), Buffer.from('value-1')]],
      ['__proto__', [Buffer.from('value-2')]],
      ['constructor', [Buffer.from('value-3')]],
    ]);
  });

  it.each([
    ['a name that comes back later', ['a', 'b', 'a']],
    ['a name that is a number after one that is not', ['a', '1']],
  ])('refuses headers that would change their order: %s', (_, names) => {
    expect(() => messageOf(record(...names))).toThrow(
      expect.objectContaining({ code: 'KC_KAFKA_HEADER_ORDER' }),
    );
  });
});
