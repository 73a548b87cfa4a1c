import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/adapters/kafka/call.ts';
import type { FetchAnswer } from '../../../src/adapters/kafka/fetch-answer.ts';
import { FirstAlone } from '../../../src/adapters/kafka/first-alone.ts';
import type {
  DecodedFetch,
  DecodedMessage,
  ReadingBroker,
} from '../../../src/adapters/kafka/kafkajs-shape.ts';
import { KeyIndex } from '../../../src/adapters/kafka/record-batch.ts';
import { readRange } from '../../../src/adapters/kafka/records.ts';

const OUT_OF_RANGE = 1;
const NOT_LEADER = 6;
const UNAUTHORIZED = 29;

type Page = { readonly errorCode: number } | { readonly offsets: readonly number[] };

/** A broker that gives the pages in order; the log's start moves to `startNow` after the first of them. */
function scripted(pages: readonly Page[], startNow = 0): { call: Call; asked: string[]; leaders: number[] } {
  const asked: string[] = [];
  const leaders: number[] = [];
  const rest = [...pages];
  let leader = 1;
  const broker: Partial<ReadingBroker> = {
    fetch: async ({ topics }): Promise<FetchAnswer | DecodedFetch> => {
      asked.push(topics[0]?.partitions[0]?.fetchOffset ?? '');
      const page = rest.shift() ?? { offsets: [] };
      const [errorCode, offsets] = 'errorCode' in page ? [page.errorCode, []] : [0, page.offsets];
      if (errorCode === NOT_LEADER) leader = 2;
      return {
        responses: [
          { partitions: [{ partition: 0, errorCode, highWatermark: '9', messages: offsets.map(message) }] },
        ],
      };
    },
    listOffsets: async ({ topics }) => ({
      responses: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => ({
          partition,
          errorCode: 0,
          offset: timestamp === -2 ? String(startNow) : '9',
          timestamp: '-1',
        })),
      })),
    }),
  };
  const client: Call['client'] = {
    nodes: [],
    anyBroker: async () => broker as ReadingBroker,
    broker: async (nodeId) => {
      leaders.push(nodeId);
      return broker as ReadingBroker;
    },
    metadata: async ([topic = '']) => ({
      brokers: [],
      topicMetadata: [
        {
          topic,
          topicErrorCode: 0,
          partitionMetadata: [
            { partitionErrorCode: 0, partitionId: 0, leader, replicas: [1, 2], isr: [leader] },
          ],
        },
      ],
    }),
  };
  const context = { operation: 'test', address: 'test', secrets: [], log: [] };
  const { signal } = new AbortController();
  return { call: { client, context, signal, fetching: new FirstAlone(), nowMs: () => 0 }, asked, leaders };
}

function message(offset: number): DecodedMessage {
  return { offset: String(offset), timestamp: '1000', key: Buffer.from(`k${offset}`), value: null };
}

const PARTITION = { partition: 0, leader: 1, replicas: 1, inSyncReplicas: 1 };

async function read(
  call: Call,
  from: bigint,
  to: bigint,
  keys: readonly string[] | null = null,
): Promise<{ readonly offsets: bigint[]; readonly read: Awaited<ReturnType<typeof readRange>> }> {
  const offsets: bigint[] = [];
  const range = { topic: 't', partition: 0, from, to, keys: keys === null ? null : new KeyIndex(keys) };
  const result = await readRange(call, range, PARTITION, ({ offset }) => offsets.push(offset));
  return { offsets, read: result };
}

describe('readRange', () => {
  it('shows no record outside the range, though a batch brings some along', async () => {
    const { call, asked } = scripted([{ offsets: [2, 3, 4] }, { offsets: [5, 6, 7, 8] }]);
    const { offsets, read: result } = await read(call, 3n, 7n);
    expect(offsets).toEqual([3n, 4n, 5n, 6n]);
    expect(result).toEqual({ from: 3n, readTo: 7n, complete: true });
    expect(asked).toEqual(['3', '5']);
  });

  it('finds keys in what kafkajs decoded for an old broker', async () => {
    const { call } = scripted([{ offsets: [0, 1, 2] }]);
    expect((await read(call, 0n, 3n, ['k1'])).offsets).toEqual([1n]);
  });

  it('gives up, and says so, where the broker sends nothing below the end', async () => {
    const { call, asked } = scripted([{ offsets: [0, 1] }]);
    expect((await read(call, 0n, 5n)).read).toEqual({ from: 0n, readTo: 2n, complete: false });
    expect(asked.length).toBeLessThan(10);
  });

  it('goes on after a pause in which nothing came', async () => {
    const { call } = scripted([{ offsets: [] }, { offsets: [0, 1] }, { offsets: [] }, { offsets: [2] }]);
    expect((await read(call, 0n, 3n)).read.complete).toBe(true);
  });

  it('says from where it read, where retention took the beginning away meanwhile', async () => {
    const { call } = scripted([{ errorCode: OUT_OF_RANGE }, { offsets: [4, 5] }], 4);
    const { offsets, read: result } = await read(call, 1n, 6n);
    expect(offsets).toEqual([4n, 5n]);
    expect(result).toEqual({ from: 4n, readTo: 6n, complete: true });
  });

  it('is an error, not an endless loop, where an offset inside the log is out of range', async () => {
    const { call } = scripted([{ errorCode: OUT_OF_RANGE }], 0);
    await expect(read(call, 1n, 6n)).rejects.toMatchObject({ type: 'OFFSET_OUT_OF_RANGE' });
  });

  it('follows the leader when it moves', async () => {
    const { call, leaders } = scripted([{ offsets: [0] }, { errorCode: NOT_LEADER }, { offsets: [1] }]);
    expect((await read(call, 0n, 2n)).read.complete).toBe(true);
    expect(leaders).toEqual([1, 1, 2]);
  });

  it('does not follow it for ever', async () => {
    const { call } = scripted(Array.from({ length: 10 }, () => ({ errorCode: NOT_LEADER })));
    await expect(read(call, 0n, 2n)).rejects.toMatchObject({ type: 'NOT_LEADER_FOR_PARTITION' });
  });

  it('passes every other refusal on', async () => {
    const { call } = scripted([{ errorCode: UNAUTHORIZED }]);
    await expect(read(call, 0n, 2n)).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
  });
});
