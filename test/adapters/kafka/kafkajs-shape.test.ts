import type { Cluster } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  asReadingBroker,
  type MetadataAnswer,
  READS_ONLY,
  tapConnections,
} from '../../../src/adapters/kafka/kafkajs-shape.ts';

interface Sent {
  readonly request: { readonly apiKey: number; readonly apiVersion: number };
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<unknown>;
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}

/** A cluster whose connections answer with what `decode` and `parse` make of the payload, as kafkajs's do. */
async function tappedPool(
  payload: Buffer,
  onMetadata: (answer: MetadataAnswer) => Promise<void> = async () => undefined,
): Promise<{ send(sent: Sent): Promise<unknown>; sent: Sent[] }> {
  const sent: Sent[] = [];
  const pool = {
    sent,
    send: async (exchange: Sent): Promise<unknown> => {
      sent.push(exchange);
      return await exchange.response.parse(await exchange.response.decode(payload));
    },
  };
  const connectionPoolBuilder = { build: async () => pool };
  tapConnections({ connectionPoolBuilder } as unknown as Cluster, onMetadata, READS_ONLY);
  return await connectionPoolBuilder.build();
}

function exchange(apiKey: number, apiVersion = 1): Sent {
  return {
    request: { apiKey, apiVersion },
    response: {
      decode: async () => ({ decodedBy: 'kafkajs' }),
      parse: async () => {
        throw new Error('one error in the answer, so all of it is thrown away');
      },
    },
  };
}

describe('tapConnections', () => {
  it.each([
    ['Produce', 0],
    ['OffsetCommit', 8],
    ['JoinGroup', 11],
    ['LeaveGroup', 13],
    ['CreateTopics', 19],
    ['DeleteTopics', 20],
    ['DeleteRecords', 21],
    ['AlterConfigs', 33],
    ['DeleteGroups', 42],
    ['one that is not known yet', 99],
  ])('never lets a request through that does not read: %s', async (_, apiKey) => {
    const pool = await tappedPool(Buffer.alloc(0));
    await expect(pool.send(exchange(apiKey))).rejects.toThrow('does not read');
    expect(pool.sent).toEqual([]);
  });

  it('keeps an answer with errors in it', async () => {
    const pool = await tappedPool(Buffer.alloc(0));
    await expect(pool.send(exchange(2))).resolves.toEqual({ decodedBy: 'kafkajs' });
  });

  it('waits for the routes of the brokers before kafkajs learns of them', async () => {
    const order: string[] = [];
    const pool = await tappedPool(Buffer.alloc(0), async () => {
      await Promise.resolve();
      order.push('routes');
    });
    await pool.send(exchange(3));
    order.push('kafkajs');
    expect(order).toEqual(['routes', 'kafkajs']);
  });

  it('leaves message sets of old formats, and fetches of old brokers, to kafkajs', async () => {
    const oldSet = await tappedPool(fetchPayload(oldMessageSet()));
    await expect(oldSet.send(exchange(1, 11))).resolves.toEqual({ decodedBy: 'kafkajs' });
    const oldBroker = await tappedPool(fetchPayload(Buffer.alloc(0)));
    await expect(oldBroker.send(exchange(1, 10))).resolves.toEqual({ decodedBy: 'kafkajs' });
  });

  it('keeps the bytes of fetched records, and the time that the broker asks us to wait', async () => {
    const pool = await tappedPool(fetchPayload(Buffer.from('records'), 2));
    await expect(pool.send(exchange(1, 11))).resolves.toEqual({
      clientSideThrottleTime: 7,
      errorCode: 0,
      partitions: [
        {
          partition: 5,
          errorCode: 3,
          highWatermark: 40n,
          logStartOffset: 20n,
          records: Buffer.from('records'),
        },
      ],
    });
  });

  it('says so where kafkajs has changed its shape', () => {
    expect(() => tapConnections({} as unknown as Cluster, async () => undefined, READS_ONLY)).toThrow(
      'another shape',
    );
    expect(() => asReadingBroker({ metadata: () => undefined })).toThrow('another shape');
  });
});

/** Fetch version 11 with one partition, written from the protocol's description. */
function fetchPayload(records: Buffer, abortedTransactions = 0): Buffer {
  const int16 = (value: number): Buffer => Buffer.from(new Uint8Array([value >> 8, value & 0xff]));
  const int32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const int64 = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  };
  return Buffer.concat([
    int32(7),
    int16(0),
    int32(0),
    int32(1),
    int16(5),
    Buffer.from('topic'),
    int32(1),
    int32(5),
    int16(3),
    int64(40n),
    int64(30n),
    int64(20n),
    int32(abortedTransactions),
    ...Array.from({ length: abortedTransactions }, () => Buffer.concat([int64(1n), int64(2n)])),
    int32(-1),
    int32(records.length),
    records,
  ]);
}

/** Offset 8, size 4, crc 4, then the magic byte. */
function oldMessageSet(): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeInt8(1, 16);
  return bytes;
}
