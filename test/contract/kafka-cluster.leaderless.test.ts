import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKafka } from '../../src/adapters/kafka/open-kafka.ts';
import { openKafkaOperator } from '../../src/adapters/kafka/open-kafka-operator.ts';
import { partitionOf } from '../../src/platform/events.ts';
import type { KafkaClusterReader } from '../../src/ports/kafka-cluster.ts';
import { describeLive } from '../support/live.ts';
import {
  commitFromOutside,
  missingKafka,
  type RealKafka,
  startRealKafka,
  until,
} from '../support/real-kafka.ts';
import { unusedAddress } from '../support/tcp.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);
const TOPIC = `half-${crypto.randomUUID()}`;
const GROUP = `group-${crypto.randomUUID()}`;

/** A topic with one partition on each of two brokers, of which the second dies in the middle of the file. */
describeLive('Kafka with two brokers', missingKafka(), () => {
  let real: RealKafka;
  let admin: Admin;
  let second: Awaited<ReturnType<RealKafka['addBroker']>>;
  const keys = Array.from({ length: 100 }, () => crypto.randomUUID());
  const [onFirst = '', onSecond = ''] = [0, 1].map((partition) =>
    keys.find((key) => partitionOf(key, 2) === partition),
  );

  beforeAll(async () => {
    real = await startRealKafka();
    admin = real.kafka.admin();
    await admin.connect();
    // Before there is another broker, so that the offsets topic is on the first one alone.
    await admin.createTopics({ topics: [{ topic: 'early', numPartitions: 1 }] });
    await commitFromOutside(real.kafka, GROUP, 'early', { 0: 0n });
    second = await real.addBroker(2);
    const replicaAssignment = [1, 2].map((nodeId, partition) => ({ partition, replicas: [nodeId] }));
    await admin.createTopics({ topics: [{ topic: TOPIC, replicaAssignment }] });
    const producer = real.kafka.producer();
    await producer.connect();
    await producer.send({ topic: TOPIC, messages: [onFirst, onSecond].map((key) => ({ key, value: '{}' })) });
    await producer.disconnect();
    await commitFromOutside(real.kafka, GROUP, TOPIC, { 0: 1n, 1: 0n });
  });
  afterAll(async () => {
    await admin.disconnect();
    await real[Symbol.asyncDispose]();
  });

  const open = (addressMap: Readonly<Record<string, string>> = {}): KafkaClusterReader =>
    openKafka({ brokers: [real.bootstrap], tls: false, sasl: null, addressMap, secrets: [] });
  const questions = [onFirst, onSecond].map((key) => ({
    topic: TOPIC,
    key,
    notBeforeMs: 0,
    allPartitions: true,
  }));
  const group = { groupId: GROUP, topics: [{ topic: TOPIC, partitions: [0, 1] }] };

  it('asks each partition of the broker that leads it', async () => {
    await using reader = open();
    const facts = await reader.facts(signal());
    expect(facts.brokers.map(({ nodeId }) => nodeId).sort()).toEqual([1, 2]);
    expect(facts.groupIds).toEqual([GROUP]);
    const scans = await reader.findKeys(questions, signal());
    expect(scans.map(({ hits }) => hits.map(({ partition, offset }) => [partition, offset]))).toEqual([
      [[0, 0n]],
      [[1, 0n]],
    ]);
    const poll = await reader.pollGroup(group, signal());
    expect(poll.partitions.map(({ committed, bounds }) => [committed, bounds])).toEqual([
      [1n, { start: 0n, end: 1n }],
      [0n, { start: 0n, end: 1n }],
    ]);
  });

  it('names the broker that it cannot reach, and still reads what the other one leads', async () => {
    await using reader = open({ [second.address]: await unusedAddress() });
    await expect(reader.facts(signal())).rejects.toMatchObject({
      code: 'KC_KAFKA_REFUSED',
      message: expect.stringContaining(
        `Kafka at ${second.address}, which ${real.bootstrap} advertises, refused`,
      ),
    });
    const state = await reader.topic(TOPIC, signal());
    expect(state).toMatchObject({
      partitions: [
        { leader: 1, bounds: { kind: 'seen', value: { start: 0n, end: 1n } } },
        { leader: 2, bounds: { kind: 'unseen', gap: { code: 'refused' } } },
      ],
    });
  });

  it('sees a dead broker as a partition without leader, and all else as before', async () => {
    await second.kill();
    await until('the partition without leader', async () => {
      const asked = await admin.fetchTopicMetadata({ topics: [TOPIC] }).catch((error: unknown) => error);
      if (!(asked instanceof Error)) throw new Error('it still has a leader');
    });
    await using reader = open();
    const facts = await reader.facts(signal());
    expect(facts.brokers.map(({ nodeId }) => nodeId)).toEqual([1]);
    expect(facts.groupIds).toEqual([GROUP]);

    expect(await reader.topic(TOPIC, signal())).toMatchObject({
      kind: 'present',
      partitions: [
        { partition: 0, leader: 1, bounds: { kind: 'seen', value: { start: 0n, end: 1n } } },
        { partition: 1, leader: null, bounds: { kind: 'unseen', gap: { code: 'other' } } },
      ],
    });
    await expect(reader.bounds(TOPIC, 1, signal())).rejects.toMatchObject({ code: 'KC_KAFKA_NO_LEADER' });

    const poll = await reader.pollGroup(group, signal());
    expect(poll.partitions.map(({ committed, bounds }) => [committed, bounds])).toEqual([
      [1n, { start: 0n, end: 1n }],
      [0n, null],
    ]);

    const [first, lost] = await reader.findKeys(questions, signal());
    expect(first).toMatchObject({ hits: [{ partition: 0 }], allPartitions: false, logReachesBack: true });
    expect(lost).toMatchObject({ hits: [], allPartitions: false, logReachesBack: false });
    expect(lost?.ranges.map(({ complete }) => complete)).toEqual([true, false]);
    expect((await reader.tail(TOPIC, 5, signal())).complete).toBe(false);
  });

  it('writes where there is a leader, and says so where there is none', async () => {
    await using operator = openKafkaOperator({
      brokers: [real.bootstrap],
      tls: false,
      sasl: null,
      addressMap: {},
      secrets: [],
    });
    const record = { topic: TOPIC, key: null, value: Buffer.from('{}'), headers: [] };
    const noLeader = { code: 'KC_KAFKA_NO_LEADER' };
    await expect(operator.produce({ ...record, partition: 0 }, signal())).resolves.toEqual({
      outcome: 'done',
      offset: 1n,
    });
    await expect(operator.produce({ ...record, partition: 1 }, signal())).rejects.toMatchObject(noLeader);

    const commit = (partition: number) => [{ topic: TOPIC, partition, offset: 0n }];
    await expect(operator.commitOffsets(GROUP, commit(0), signal())).resolves.toBe('done');
    // Whether the number lies inside the log cannot be seen.
    await expect(operator.commitOffsets(GROUP, commit(1), signal())).rejects.toMatchObject(noLeader);

    const fresh = { name: `fresh-${crypto.randomUUID()}`, partitions: 1, replicationFactor: 1 };
    await expect(operator.createTopic(fresh, signal())).resolves.toBe('done');
  });
});
