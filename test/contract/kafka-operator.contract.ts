import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DependencyError, RefusedError } from '../../src/errors.ts';
import type { GroupPoll, TopicState } from '../../src/platform/state.ts';
import type { KafkaClusterOperator, OffsetCommit, RecordToProduce } from '../../src/ports/kafka-cluster.ts';
import type { AnswerLost, WriterMethod } from '../support/simulated-kafka-cluster.ts';
import type { ClusterHarness } from './kafka-cluster.contract.ts';

export interface OperatorHarness extends ClusterHarness {
  openOperator(): KafkaClusterOperator;
  /** An operator whose first write of this kind is sent and never answered. */
  openLosing(method: WriterMethod, when: AnswerLost): Promise<KafkaClusterOperator>;
}

/** Name first, then what is known of it. */
type Entries = readonly (readonly [string, ...unknown[]])[];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function kafkaOperatorContract(name: string, start: () => Promise<OperatorHarness>): void {
  describe(name, () => {
    let cluster: OperatorHarness;
    let topic: string;
    let group: string;
    let bystander: string;
    let serial = 0;
    const signal = (): AbortSignal => AbortSignal.timeout(30_000);

    beforeAll(async () => {
      cluster = await start();
    });
    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      serial += 1;
      topic = `topic-${serial}-${crypto.randomUUID().slice(0, 8)}`;
      group = `group-${serial}-${crypto.randomUUID().slice(0, 8)}`;
      bystander = `bystander-${serial}`;
      await cluster.createTopic(bystander, 2);
      await cluster.append(bystander, 0, [record('a'), record('b'), record('c')]);
    });

    const record = (key: string) => ({ key, value: '{}' });
    const threeRecords = async (): Promise<void> => {
      await cluster.createTopic(topic, 3);
      await cluster.append(topic, 1, [record('a'), record('b'), record('c')]);
    };
    const toProduce = (changes: Partial<RecordToProduce> = {}): RecordToProduce => ({
      topic,
      partition: 1,
      key: bytes('payment-1'),
      value: bytes('{"paymentId":"payment-1"}'),
      headers: [
        { name: 'eventType', value: bytes('PURCHASE_CONFIRMED') },
        { name: 'kc-doctor-run', value: bytes('7f3a') },
      ],
      ...changes,
    });

    /** Everything but this test's own topic and group, as somebody else sees it. */
    async function others(): Promise<unknown> {
      const { logs, groups } = (await cluster.fingerprint()) as { logs: Entries; groups: Entries };
      const kept = (entries: Entries): Entries =>
        entries.filter(([id]) => ![topic, group, '__consumer_offsets'].includes(id));
      return { logs: kept(logs), groups: kept(groups) };
    }

    async function writing<T>(
      write: (operator: KafkaClusterOperator) => Promise<T>,
      open: () => KafkaClusterOperator | Promise<KafkaClusterOperator> = () => cluster.openOperator(),
    ): Promise<T> {
      const before = await others();
      try {
        await using operator = await open();
        return await write(operator);
      } finally {
        expect(await others()).toEqual(before);
      }
    }

    async function failure(write: (operator: KafkaClusterOperator) => Promise<unknown>): Promise<unknown> {
      const before = await cluster.fingerprint();
      const error = await writing(write).then(
        (settled) => new Error(`expected a failure, got ${JSON.stringify(settled, String)}`),
        (thrown: unknown) => thrown,
      );
      expect(await cluster.fingerprint()).toEqual(before);
      return error;
    }

    /** What a reader of its own finds afterwards. */
    async function topicState(): Promise<TopicState> {
      await using reader = cluster.open();
      return await reader.topic(topic, signal());
    }
    async function polled(): Promise<GroupPoll> {
      await using reader = cluster.open();
      const topics = [{ topic, partitions: [0, 1, 2] }];
      return await reader.pollGroup({ groupId: group, topics }, signal());
    }
    const committed = async (): Promise<unknown> =>
      (await polled()).partitions.map((partition) => partition.committed);
    async function ends(): Promise<readonly unknown[]> {
      const state = await topicState();
      if (state.kind === 'absent') return [];
      return state.partitions.map(({ bounds }) => (bounds.kind === 'seen' ? bounds.value.end : null));
    }

    describe('commitOffsets', () => {
      const commit = (offset: bigint, partition = 1): OffsetCommit => ({ topic, partition, offset });
      const committing = (commits: readonly OffsetCommit[]) => (operator: KafkaClusterOperator) =>
        operator.commitOffsets(group, commits, signal());

      // First of all: no group has ever been used on this cluster.
      it('commits for a group that never was, and leaves the other partitions without commit', async () => {
        await threeRecords();
        expect(await writing(committing([commit(2n)]))).toBe('done');
        expect(await polled()).toMatchObject({ state: 'Empty', members: [] });
        expect(await committed()).toEqual([null, 2n, null]);
      });

      it('moves an Empty group forwards, backwards, to both ends of the log and to several places at once', async () => {
        await threeRecords();
        await cluster.append(topic, 2, [record('d')]);
        await cluster.trim(topic, 1, 1n);
        await cluster.commit(group, topic, { 0: 0n, 1: 1n });
        await cluster.commit(bystander, bystander, { 0: 1n, 1: 0n });
        await writing(async (operator) => {
          expect(await committing([commit(3n), commit(1n, 2)])(operator)).toBe('done');
          expect(await committed()).toEqual([0n, 3n, 1n]);
          expect(await committing([commit(1n)])(operator)).toBe('done');
          expect(await committed()).toEqual([0n, 1n, 1n]);
        });
      });

      it('commits on several topics in one go', async () => {
        await threeRecords();
        const both = [commit(1n), { topic: bystander, partition: 0, offset: 2n }];
        expect(await writing(committing(both))).toBe('done');
        await using reader = cluster.open();
        const poll = await reader.pollGroup(
          {
            groupId: group,
            topics: [
              { topic, partitions: [1] },
              { topic: bystander, partitions: [0, 1] },
            ],
          },
          signal(),
        );
        expect(poll.partitions.map((one) => one.committed)).toEqual([1n, 2n, null]);
      });

      it('does nothing while the group has a member', async () => {
        await threeRecords();
        await cluster.commit(group, topic, { 1: 1n });
        const { leave } = await cluster.join(group, topic);
        expect(await writing(committing([commit(2n)]))).toBe('not-done');
        expect(await committed()).toEqual([null, 1n, null]);
        await leave();
        expect(await committed()).toEqual([null, 1n, null]);
        expect(await writing(committing([commit(2n)]))).toBe('done');
        expect(await committed()).toEqual([null, 2n, null]);
      });

      it.each([
        ['a negative number', () => [commit(-1n)], 'KC_KAFKA_COMMIT_UNCLEAR'],
        ['the code for the beginning', () => [commit(-2n)], 'KC_KAFKA_COMMIT_UNCLEAR'],
        ['two numbers for one partition', () => [commit(1n), commit(2n)], 'KC_KAFKA_COMMIT_UNCLEAR'],
        ['no number at all', () => [], 'KC_KAFKA_COMMIT_UNCLEAR'],
        ['a number before the log start', () => [commit(0n)], 'KC_KAFKA_COMMIT_OUTSIDE_LOG'],
        ['a number beyond the log end', () => [commit(4n)], 'KC_KAFKA_COMMIT_OUTSIDE_LOG'],
        [
          'a wrong number after a right one',
          () => [commit(2n), commit(1n, 0)],
          'KC_KAFKA_COMMIT_OUTSIDE_LOG',
        ],
      ] as const)('refuses %s', async (_, commits, code) => {
        await threeRecords();
        await cluster.trim(topic, 1, 1n);
        await cluster.commit(group, topic, { 1: 3n });
        const error = await failure(committing(commits()));
        expect(error).toBeInstanceOf(RefusedError);
        expect(error).toMatchObject({ code });
      });

      it.each([
        ['topic', () => ({ topic, partition: 0, offset: 0n })],
        ['partition', () => ({ topic: bystander, partition: 7, offset: 0n })],
      ] as const)('says that there is no such %s', async (_, absent) => {
        expect(await failure(committing([absent()]))).toMatchObject({ code: 'KC_KAFKA_TOPIC_ABSENT' });
      });

      it.each([
        ['before-effect', 1n],
        ['after-effect', 2n],
      ] as const)('does not know when the answer is lost, and reading tells: %s', async (when, truth) => {
        await threeRecords();
        await cluster.commit(group, topic, { 1: 1n });
        await cluster.commit(bystander, bystander, { 0: 1n });
        const open = () => cluster.openLosing('commitOffsets', when);
        expect(await writing(committing([commit(2n)]), open)).toBe('unknown');
        expect(await committed()).toEqual([null, truth, null]);
      });
    });

    describe('createTopic', () => {
      const creating =
        (partitions = 3, replicationFactor = 1) =>
        (operator: KafkaClusterOperator) =>
          operator.createTopic({ name: topic, partitions, replicationFactor }, signal());
      const led = (partition: number): unknown =>
        expect.objectContaining({ partition, leader: 1, replicas: 1, inSyncReplicas: 1 });

      it('creates a topic as asked, and comes back when its partitions have leaders', async () => {
        expect(await writing(creating())).toBe('done');
        expect(await topicState()).toMatchObject({
          kind: 'present',
          partitions: [led(0), led(1), led(2)],
        });
        expect(await ends()).toEqual([0n, 0n, 0n]);
      });

      it('leaves a topic alone that exists', async () => {
        await cluster.createTopic(topic, 2);
        await cluster.append(topic, 1, [record('a')]);
        expect(await writing(creating(3))).toBe('not-done');
        expect(await ends()).toEqual([0n, 1n]);
      });

      it.each([
        [0, 1],
        [-1, 1],
        [3, -1],
        [1.5, 1],
      ])('refuses %d partitions with replication factor %d', async (partitions, replicationFactor) => {
        const error = await failure(creating(partitions, replicationFactor));
        expect(error).toBeInstanceOf(RefusedError);
        expect(error).toMatchObject({ code: 'KC_KAFKA_TOPIC_COUNTS' });
      });

      it('says so where the cluster has too few brokers, and creates nothing', async () => {
        const error = await failure(creating(3, 2));
        expect(error).toBeInstanceOf(DependencyError);
        expect(error).toMatchObject({ code: 'KC_KAFKA_WRITE_REFUSED' });
        expect(await topicState()).toEqual({ kind: 'absent' });
      });

      it.each([
        ['before-effect', []],
        ['after-effect', [0n, 0n, 0n]],
      ] as const)('does not know when the answer is lost, and reading tells: %s', async (when, truth) => {
        const open = () => cluster.openLosing('createTopic', when);
        expect(await writing(creating(), open)).toBe('unknown');
        await expect.poll(ends).toEqual(truth);
      });
    });

    describe('produce', () => {
      const producing =
        (changes: Partial<RecordToProduce> = {}) =>
        (operator: KafkaClusterOperator) =>
          operator.produce(toProduce(changes), signal());

      it('appends one record to the partition that it is told, and says where', async () => {
        await threeRecords();
        expect(await writing(producing())).toEqual({ outcome: 'done', offset: 3n });
        expect(await ends()).toEqual([0n, 4n, 0n]);
        await using reader = cluster.open();
        const { records } = await reader.tail(topic, 1, signal());
        expect(records).toMatchObject([
          {
            partition: 1,
            offset: 3n,
            key: 'payment-1',
            value: '{"paymentId":"payment-1"}',
            headers: { eventType: 'PURCHASE_CONFIRMED', 'kc-doctor-run': '7f3a' },
          },
        ]);
      });

      it('hands out a record byte for byte, so that it can be sent again', async () => {
        await threeRecords();
        const value = new Uint8Array([0x7b, 0x7d, 0x0a]);
        await writing(producing({ value }));
        await using operator = cluster.openOperator();
        const place = { topic, partition: 1, offset: 3n };
        const copy = await operator.copyOf(place, signal());
        expect(copy).toMatchObject({ topic, partition: 1 });
        expect(Array.from(copy?.key ?? [])).toEqual(Array.from(bytes('payment-1')));
        expect(Array.from(copy?.value ?? [])).toEqual(Array.from(value));
        expect(copy?.headers.map(({ name }) => name).toSorted()).toEqual(['eventType', 'kc-doctor-run']);
        expect(await operator.copyOf({ ...place, offset: 4n }, signal())).toBeNull();
      });

      it('keeps a missing key and a tombstone what they are', async () => {
        await threeRecords();
        const written = await writing(producing({ partition: 0, key: null, value: null, headers: [] }));
        expect(written).toEqual({ outcome: 'done', offset: 0n });
        await using reader = cluster.open();
        const { records } = await reader.tail(topic, 1, signal());
        expect(records[0]).toMatchObject({ partition: 0, key: null, value: null, headers: {} });
      });

      it('creates no topic', async () => {
        expect(await failure(producing())).toMatchObject({ code: 'KC_KAFKA_TOPIC_ABSENT' });
        expect(await topicState()).toEqual({ kind: 'absent' });
      });

      it('puts nothing elsewhere where there is no such partition', async () => {
        await threeRecords();
        expect(await failure(producing({ partition: 7 }))).toMatchObject({ code: 'KC_KAFKA_TOPIC_ABSENT' });
      });

      it.each([
        ['before-effect', [0n, 3n, 0n]],
        ['after-effect', [0n, 4n, 0n]],
      ] as const)('does not know when the answer is lost, and reading tells: %s', async (when, truth) => {
        await threeRecords();
        const open = () => cluster.openLosing('produce', when);
        expect(await writing(producing(), open)).toEqual({ outcome: 'unknown', offset: null });
        expect(await ends()).toEqual(truth);
      });
    });

    it('sends nothing when it was told to stop before', async () => {
      await threeRecords();
      const stopped = AbortSignal.abort(new Error('Ctrl-C'));
      const writes: readonly ((operator: KafkaClusterOperator) => Promise<unknown>)[] = [
        (operator) =>
          operator.createTopic({ name: `${topic}-b`, partitions: 1, replicationFactor: 1 }, stopped),
        (operator) => operator.commitOffsets(group, [{ topic, partition: 1, offset: 1n }], stopped),
        (operator) => operator.produce(toProduce(), stopped),
      ];
      for (const write of writes) expect(await failure(write)).toMatchObject({ code: 'KC_KAFKA_STOPPED' });
    });

    it('reads as the reader does', async () => {
      await threeRecords();
      await writing(async (operator) => {
        expect(await operator.bounds(topic, 1, signal())).toEqual({ start: 0n, end: 3n });
        expect(await operator.recordAt(topic, 1, 2n, signal())).toMatchObject({ key: 'c' });
      });
    });

    it('gives a plain reader no way to write', async () => {
      await using reader = cluster.open();
      for (const method of ['createTopic', 'commitOffsets', 'produce'])
        expect(reader).not.toHaveProperty(method);
    });
  });
}
