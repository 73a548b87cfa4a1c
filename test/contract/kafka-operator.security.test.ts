import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKafkaOperator } from '../../src/adapters/kafka/open-kafka-operator.ts';
import type { KafkaClusterOperator } from '../../src/ports/kafka-cluster.ts';
import { createTopicFromOutside } from '../support/kafka-harness.ts';
import { describeLive } from '../support/live.ts';
import { missingKafka, type RealKafka, startRealKafka, until, VIEWER } from '../support/real-kafka.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const signal = (): AbortSignal => AbortSignal.timeout(30_000);

describeLive('Kafka operator without all rights', missingKafka(), () => {
  let real: RealKafka;
  let admin: Admin;
  let operator: KafkaClusterOperator;
  const [ours, others, group, locked] = ['ours', 'others', 'group', 'locked'].map(
    (name) => `${name}-${crypto.randomUUID()}`,
  ) as [string, string, string, string];

  beforeAll(async () => {
    real = await startRealKafka({ security: 'sasl' });
    admin = real.kafka.admin();
    await admin.connect();
    for (const topic of [ours, others]) await createTopicFromOutside(admin, topic, 1);
    const producer = real.kafka.producer();
    await producer.connect();
    await producer.send({ topic: ours, messages: [{ value: '{}' }] });
    await producer.disconnect();
    const { DESCRIBE, READ } = AclOperationTypes;
    await grant(AclResourceTypes.TOPIC, ours, READ);
    await grant(AclResourceTypes.TOPIC, others, DESCRIBE);
    await grant(AclResourceTypes.GROUP, locked, DESCRIBE);
    await grant(AclResourceTypes.GROUP, group, READ);
    operator = openKafkaOperator({
      brokers: [real.bootstrap],
      tls: false,
      sasl: { mechanism: 'plain', ...VIEWER },
      addressMap: {},
      secrets: [],
    });
    // Rights come into force one after the other: the last one granted is there last.
    await until('the rights to be in force', async () => {
      for (const topic of [ours, others]) await operator.topic(topic, signal());
      const outcome = await operator.commitOffsets(group, [at(ours, 0n)], signal());
      if (outcome !== 'done') throw new Error(`the commit is ${outcome}`);
    });
  });
  afterAll(async () => {
    await operator[Symbol.asyncDispose]();
    await admin.disconnect();
    await real[Symbol.asyncDispose]();
  });

  async function grant(resourceType: number, resourceName: string, operation: number): Promise<void> {
    const rule = {
      resourceType,
      resourceName,
      operation,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${VIEWER.username}`,
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
    };
    await admin.createAcls({ acl: [rule] });
  }

  const at = (topic: string, offset: bigint) => ({ topic, partition: 0, offset });

  it('names the right that is missing for a record', async () => {
    const record = { topic: ours, partition: 0, key: null, value: Buffer.from('{}'), headers: [] };
    await expect(operator.produce(record, signal())).rejects.toMatchObject({
      code: 'KC_KAFKA_WRITE_RIGHT',
      gapCode: 'unauthorized',
      hint: expect.stringContaining('WRITE on the topic'),
    });
    expect((await admin.fetchTopicOffsets(ours))[0]?.high).toBe('1');
  });

  it('names the right that is missing for a topic, and creates none', async () => {
    const name = `never-${crypto.randomUUID()}`;
    await expect(
      operator.createTopic({ name, partitions: 1, replicationFactor: 1 }, signal()),
    ).rejects.toMatchObject({ code: 'KC_KAFKA_WRITE_RIGHT', hint: expect.stringContaining('CREATE') });
    expect(await admin.listTopics()).not.toContain(name);
  });

  it('names the right that is missing for a commit', async () => {
    await expect(operator.commitOffsets(locked, [at(ours, 1n)], signal())).rejects.toMatchObject({
      code: 'KC_KAFKA_WRITE_RIGHT',
      hint: expect.stringContaining('READ on the group'),
    });
    expect(await admin.fetchOffsets({ groupId: locked })).toEqual([]);
  });

  it('calls a commit of which the broker took only a part unknown, and reading tells', async () => {
    const commits = [at(ours, 1n), at(others, 0n)];
    await expect(operator.commitOffsets(group, commits, signal())).resolves.toBe('unknown');
    expect(await admin.fetchOffsets({ groupId: group })).toMatchObject([
      { topic: ours, partitions: [{ partition: 0, offset: '1' }] },
    ]);
  });
});
