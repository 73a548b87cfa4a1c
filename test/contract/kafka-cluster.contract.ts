import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DependencyError } from '../../src/errors.ts';
import { partitionOf } from '../../src/platform/events.ts';
import type { KafkaClusterReader, RawRecord } from '../../src/ports/kafka-cluster.ts';
import type { NewRecord } from '../support/simulated-kafka-cluster.ts';

/** A cluster that the suite may fill; no group has ever been used on it when the suite begins. */
export interface ClusterHarness extends AsyncDisposable {
  open(): KafkaClusterReader;
  createTopic(topic: string, partitions: number): Promise<void>;
  append(topic: string, partition: number, records: readonly NewRecord[]): Promise<void>;
  trim(topic: string, partition: number, before: bigint): Promise<void>;
  commit(groupId: string, topic: string, offsets: Readonly<Record<number, bigint>>): Promise<void>;
  /** One member that is assigned all partitions; returns when the group is Stable, and lets it leave. */
  join(groupId: string, topic: string): Promise<{ readonly leave: () => Promise<void> }>;
  /** Topics with both ends of each log, groups with their commits, internal topics included. */
  fingerprint(): Promise<unknown>;
}

const T0 = Date.UTC(2026, 0, 7, 20, 0);
const SECOND = 1_000;

export function kafkaClusterContract(name: string, start: () => Promise<ClusterHarness>): void {
  describe(name, () => {
    let cluster: ClusterHarness;
    let topic: string;
    let group: string;
    let serial = 0;
    const signal = (): AbortSignal => AbortSignal.timeout(30_000);

    beforeAll(async () => {
      cluster = await start();
    });
    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });
    beforeEach(() => {
      serial += 1;
      topic = `topic-${serial}-${crypto.randomUUID().slice(0, 8)}`;
      group = `group-${serial}-${crypto.randomUUID().slice(0, 8)}`;
    });

    /** Asks, and proves that asking changed nothing: neither what was asked for nor anything beside it. */
    async function looking<T>(ask: (reader: KafkaClusterReader) => Promise<T>): Promise<T> {
      const before = await cluster.fingerprint();
      try {
        await using reader = cluster.open();
        return await ask(reader);
      } finally {
        expect(await cluster.fingerprint()).toEqual(before);
      }
    }

    async function failure(ask: (reader: KafkaClusterReader) => Promise<unknown>): Promise<DependencyError> {
      const error = await looking(ask).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof DependencyError))
        throw new Error('expected a DependencyError', { cause: error });
      return error;
    }

    const event = (key: string, timestampMs: number): NewRecord => ({
      key,
      value: JSON.stringify({ paymentId: key, courseId: 'course-1', _metadata: { eventId: `e-${key}` } }),
      headers: { eventType: 'PURCHASE_CONFIRMED', source: 'payment-service' },
      timestampMs,
    });
    const keysIn = (partition: number, count: number): string[] =>
      Array.from({ length: 500 }, () => crypto.randomUUID())
        .filter((key) => partitionOf(key, 3) === partition)
        .slice(0, count);
    const keyIn = (partition: number): string => keysIn(partition, 1)[0] ?? '';

    describe('before any group was used', () => {
      it('names the cluster and its brokers, and says that no group ever committed', async () => {
        const facts = await looking((reader) => reader.facts(signal()));
        expect(facts.clusterId).toMatch(/\S/);
        expect(facts.brokers).toHaveLength(1);
        expect(facts.offsetsTopicExists).toBe(false);
        expect(facts.groupIds).toEqual([]);
      });

      it('calls a group Dead without making the cluster create its offsets topic', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.append(topic, 0, [event('a', T0)]);
        const poll = await looking((reader) =>
          reader.pollGroup({ groupId: group, topics: [{ topic, partitions: [0] }] }, signal()),
        );
        expect(poll).toMatchObject({ state: 'Dead', listed: false, members: [] });
        expect(poll.partitions).toEqual([
          { topic, partition: 0, committed: null, bounds: { start: 0n, end: 1n } },
        ]);
      });
    });

    describe('topics', () => {
      it('proves by name that a topic is absent, and does not create it', async () => {
        expect(await looking((reader) => reader.topic(topic, signal()))).toEqual({ kind: 'absent' });
      });

      it('shows each partition with leader, replicas and both ends of its log', async () => {
        await cluster.createTopic(topic, 3);
        await cluster.append(topic, 1, [event('a', T0), event('b', T0), event('c', T0)]);
        await cluster.trim(topic, 1, 1n);
        const state = await looking((reader) => reader.topic(topic, signal()));
        const bounds = (start: bigint, end: bigint): unknown =>
          expect.objectContaining({ kind: 'seen', value: { start, end } });
        const led = { leader: 1, replicas: 1, inSyncReplicas: 1 };
        expect(state).toEqual({
          kind: 'present',
          topic,
          partitions: [
            { partition: 0, ...led, bounds: bounds(0n, 0n) },
            { partition: 1, ...led, bounds: bounds(1n, 3n) },
            { partition: 2, ...led, bounds: bounds(0n, 0n) },
          ],
        });
        expect(await looking((reader) => reader.bounds(topic, 1, signal()))).toEqual({ start: 1n, end: 3n });
      });

      it.each([
        ['bounds', (reader: KafkaClusterReader) => reader.bounds(topic, 0, signal())],
        ['recordAt', (reader: KafkaClusterReader) => reader.recordAt(topic, 0, 0n, signal())],
        ['tail', (reader: KafkaClusterReader) => reader.tail(topic, 5, signal())],
        [
          'findKeys',
          (reader: KafkaClusterReader) =>
            reader.findKeys([{ topic, key: 'a', notBeforeMs: 0, allPartitions: true }], signal()),
        ],
      ] as const)('%s says that there is no such topic', async (_, ask) => {
        expect((await failure(ask)).code).toBe('KC_KAFKA_TOPIC_ABSENT');
      });

      it('says so for a partition that the topic does not have', async () => {
        await cluster.createTopic(topic, 1);
        expect((await failure((reader) => reader.bounds(topic, 7, signal()))).code).toBe(
          'KC_KAFKA_TOPIC_ABSENT',
        );
      });
    });

    describe('groups', () => {
      it('keeps apart a commit, a commit of a code, and no commit', async () => {
        await cluster.createTopic(topic, 3);
        await cluster.append(topic, 0, [event('a', T0), event('b', T0)]);
        await cluster.commit(group, topic, { 0: 1n, 1: -2n });
        await cluster.commit(`${group}-bystander`, topic, { 0: 2n });
        const poll = await looking((reader) =>
          reader.pollGroup({ groupId: group, topics: [{ topic, partitions: [0, 1, 2] }] }, signal()),
        );
        expect(poll).toMatchObject({ state: 'Empty', listed: true, members: [] });
        expect(poll.partitions).toEqual([
          { topic, partition: 0, committed: 1n, bounds: { start: 0n, end: 2n } },
          { topic, partition: 1, committed: -2n, bounds: { start: 0n, end: 0n } },
          { topic, partition: 2, committed: null, bounds: { start: 0n, end: 0n } },
        ]);
      });

      it('shows the members of a Stable group with what they are assigned, and Empty after they left', async () => {
        await cluster.createTopic(topic, 2);
        await cluster.commit(group, topic, { 0: 0n });
        const { leave } = await cluster.join(group, topic);
        const question = { groupId: group, topics: [{ topic, partitions: [0, 1] }] };
        const joined = await looking((reader) => reader.pollGroup(question, signal()));
        expect(joined.state).toBe('Stable');
        expect(joined.members).toHaveLength(1);
        expect(joined.members[0]?.assignment).toEqual([
          { topic, partition: 0 },
          { topic, partition: 1 },
        ]);
        await leave();
        const left = await looking((reader) => reader.pollGroup(question, signal()));
        expect(left).toMatchObject({ state: 'Empty', listed: true, members: [] });
      });

      it('calls a group that never was Dead and not listed, and lists those that were', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.commit(group, topic, { 0: 0n });
        const poll = await looking((reader) =>
          reader.pollGroup({ groupId: `${group}-never`, topics: [] }, signal()),
        );
        expect(poll).toMatchObject({ state: 'Dead', listed: false, members: [], partitions: [] });
        const facts = await looking((reader) => reader.facts(signal()));
        expect(facts.offsetsTopicExists).toBe(true);
        expect(facts.groupIds).toContain(group);
        expect(facts.groupIds).not.toContain(`${group}-never`);
      });
    });

    describe('keys', () => {
      it('finds every record of the asked keys in one search, in the order of the questions', async () => {
        await cluster.createTopic(topic, 3);
        const [first = '', second = '', other = ''] = keysIn(1, 3);
        await cluster.append(topic, 1, [
          event(first, T0),
          event(other, T0),
          event(second, T0),
          event(first, T0),
        ]);
        const [ofSecond, ofFirst] = await looking((reader) =>
          reader.findKeys(
            [second, first].map((key) => ({ topic, key, notBeforeMs: 0, allPartitions: false })),
            signal(),
          ),
        );
        expect(ofSecond).toMatchObject({
          topic,
          key: second,
          partitionCount: 3,
          predictedPartition: 1,
          ranges: [{ partition: 1, from: 0n, to: 4n, complete: true }],
          allPartitions: false,
          logReachesBack: true,
        });
        expect(ofSecond?.hits).toMatchObject([
          {
            topic,
            partition: 1,
            offset: 2n,
            timestampMs: T0,
            key: second,
            isJson: true,
            eventType: 'PURCHASE_CONFIRMED',
            eventId: `e-${second}`,
            source: 'payment-service',
            paymentId: second,
          },
        ]);
        expect(ofFirst?.hits.map(({ offset }) => offset)).toEqual([0n, 3n]);
      });

      it('looks beside the partition of the key only when it is told to', async () => {
        await cluster.createTopic(topic, 3);
        const key = keyIn(0);
        await cluster.append(topic, 2, [event(key, T0)]);
        const ask = (allPartitions: boolean) => (reader: KafkaClusterReader) =>
          reader.findKeys([{ topic, key, notBeforeMs: 0, allPartitions }], signal());
        const [narrow] = await looking(ask(false));
        expect(narrow).toMatchObject({ hits: [], allPartitions: false, predictedPartition: 0 });
        const [wide] = await looking(ask(true));
        expect(wide?.allPartitions).toBe(true);
        expect(wide?.ranges.map(({ partition }) => partition)).toEqual([0, 1, 2]);
        expect(wide?.hits).toMatchObject([{ partition: 2, offset: 0n }]);
      });

      it('begins at the time of the question', async () => {
        await cluster.createTopic(topic, 1);
        const times = [0, 10, 20, 30].map((seconds) => T0 + seconds * SECOND);
        await cluster.append(
          topic,
          0,
          times.map((time) => event('k', time)),
        );
        const [scan] = await looking((reader) =>
          reader.findKeys(
            [{ topic, key: 'k', notBeforeMs: T0 + 15 * SECOND, allPartitions: false }],
            signal(),
          ),
        );
        expect(scan?.ranges).toEqual([{ partition: 0, from: 2n, to: 4n, complete: true }]);
        expect(scan?.hits.map(({ offset }) => offset)).toEqual([2n, 3n]);
      });

      it('reads nothing, and says that it is complete, where no record is that young', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.append(topic, 0, [event('k', T0)]);
        const [scan] = await looking((reader) =>
          reader.findKeys([{ topic, key: 'k', notBeforeMs: T0 + SECOND, allPartitions: true }], signal()),
        );
        expect(scan).toMatchObject({
          ranges: [{ partition: 0, from: 1n, to: 1n, complete: true }],
          allPartitions: true,
          logReachesBack: true,
          hits: [],
        });
      });

      it('tells a log that no longer holds the time from one that does', async () => {
        await cluster.createTopic(topic, 1);
        const times = [0, 10, 20, 30].map((seconds) => T0 + seconds * SECOND);
        await cluster.append(
          topic,
          0,
          times.map((time) => event('k', time)),
        );
        await cluster.trim(topic, 0, 2n);
        const scans = await looking((reader) =>
          reader.findKeys(
            [5, 20, 25].map((seconds) => ({
              topic,
              key: 'k',
              notBeforeMs: T0 + seconds * SECOND,
              allPartitions: false,
            })),
            signal(),
          ),
        );
        // The oldest record that is left dates from +20 s: before that, something may have been removed.
        expect(scans.map(({ logReachesBack }) => logReachesBack)).toEqual([false, false, true]);
      });

      it('says nothing of a log of which everything was removed', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.append(topic, 0, [event('k', T0)]);
        await cluster.trim(topic, 0, 1n);
        const [scan] = await looking((reader) =>
          reader.findKeys(
            [{ topic, key: 'k', notBeforeMs: T0 + 60 * SECOND, allPartitions: true }],
            signal(),
          ),
        );
        expect(scan).toMatchObject({ hits: [], logReachesBack: false });
      });

      it('answers about several topics at once', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.createTopic(`${topic}-b`, 1);
        await cluster.append(`${topic}-b`, 0, [event('k', T0)]);
        const scans = await looking((reader) =>
          reader.findKeys(
            [topic, `${topic}-b`].map((name) => ({
              topic: name,
              key: 'k',
              notBeforeMs: 0,
              allPartitions: false,
            })),
            signal(),
          ),
        );
        expect(scans.map((scan) => [scan.topic, scan.hits.length])).toEqual([
          [topic, 0],
          [`${topic}-b`, 1],
        ]);
      });
    });

    describe('single records', () => {
      it('reads the record at an offset, the next one where it is gone, and none at the end', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.append(topic, 0, [event('a', T0), event('b', T0), event('c', T0)]);
        await cluster.trim(topic, 0, 1n);
        const at = (offset: bigint) => (reader: KafkaClusterReader) =>
          reader.recordAt(topic, 0, offset, signal());
        expect(await looking(at(2n))).toMatchObject({ offset: 2n, key: 'c' });
        expect(await looking(at(0n))).toMatchObject({ offset: 1n, key: 'b' });
        expect(await looking(at(3n))).toBeNull();
      });

      it('shows a record that no worker can parse', async () => {
        await cluster.createTopic(topic, 1);
        await cluster.append(topic, 0, [{ key: null, value: 'not json', timestampMs: T0 }]);
        const record = await looking((reader) => reader.recordAt(topic, 0, 0n, signal()));
        expect(record).toMatchObject({ key: null, isJson: false, eventType: null, paymentId: null });
      });

      it('reads the newest records of every partition, oldest first, and says whether that is all', async () => {
        await cluster.createTopic(topic, 2);
        await cluster.append(topic, 0, [event('a', T0), event('b', T0), event('c', T0)]);
        await cluster.append(topic, 1, [
          { key: 'd', value: 'text', headers: { name: 'ü' }, timestampMs: T0 },
        ]);
        const tail = (count: number) => (reader: KafkaClusterReader) => reader.tail(topic, count, signal());
        const places = (records: readonly RawRecord[]): string[] =>
          records.map(({ partition, offset, key }) => `${partition}:${offset}:${key}`);
        const newest = await looking(tail(2));
        expect(places(newest.records)).toEqual(['0:1:b', '0:2:c', '1:0:d']);
        expect(newest.complete).toBe(false);
        expect(newest.records[2]).toEqual({
          topic,
          partition: 1,
          offset: 0n,
          timestampMs: T0,
          key: 'd',
          value: 'text',
          headers: { name: 'ü' },
        });
        const all = await looking(tail(3));
        expect(places(all.records)).toEqual(['0:0:a', '0:1:b', '0:2:c', '1:0:d']);
        expect(all.complete).toBe(true);
      });
    });

    it('stops at once, with a gap for want of time, when it is told to', async () => {
      const stopped = AbortSignal.abort(new Error('deadline'));
      const error = await failure((reader) => reader.facts(stopped));
      expect(error).toMatchObject({ system: 'kafka', gapCode: 'no-time' });
    });
  });
}
