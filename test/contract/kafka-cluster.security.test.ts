import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafka } from '../../src/adapters/kafka/open-kafka.ts';
import type { KafkaOptions } from '../../src/adapters/kafka/options.ts';
import type { KafkaClusterReader } from '../../src/ports/kafka-cluster.ts';
import { describeLive } from '../support/live.ts';
import {
  ADMIN,
  commitFromOutside,
  missingKafka,
  type RealKafka,
  startRealKafka,
  until,
  VIEWER,
} from '../support/real-kafka.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

function readerOf(real: RealKafka, options: Partial<KafkaOptions>): KafkaClusterReader {
  return openKafka({
    brokers: [real.bootstrap],
    tls: false,
    sasl: null,
    addressMap: { [real.advertised]: real.bootstrap },
    secrets: [],
    ...options,
  });
}

const plain = (login: { readonly username: string; readonly password: string }): Partial<KafkaOptions> => ({
  sasl: { mechanism: 'plain', ...login },
});

describeLive('Kafka behind logins and rights', missingKafka(), () => {
  let real: RealKafka;
  let admin: Admin;
  const [ours, others, group] = ['ours', 'others', 'group'].map(
    (name) => `${name}-${crypto.randomUUID()}`,
  ) as [string, string, string];

  beforeAll(async () => {
    real = await startRealKafka({ security: 'sasl' });
    admin = real.kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [ours, others].map((topic) => ({ topic, numPartitions: 1 })) });
    const producer = real.kafka.producer();
    await producer.connect();
    await producer.send({ topic: ours, messages: [{ key: 'k', value: '{}' }] });
    await producer.disconnect();
    await grant(kafkajs.AclResourceTypes.TOPIC, ours, kafkajs.AclOperationTypes.DESCRIBE);
    await until(
      'the right to be in force',
      async () => await asViewer((reader) => reader.topic(ours, signal())),
    );
  });
  afterAll(async () => {
    await admin.disconnect();
    await real[Symbol.asyncDispose]();
  });

  async function grant(resourceType: number, resourceName: string, operation: number): Promise<void> {
    const rule = {
      resourceType,
      resourceName,
      operation,
      resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
      principal: `User:${VIEWER.username}`,
      host: '*',
      permissionType: kafkajs.AclPermissionTypes.ALLOW,
    };
    await admin.createAcls({ acl: [rule] });
  }

  async function asViewer<T>(ask: (reader: KafkaClusterReader) => Promise<T>): Promise<T> {
    await using reader = readerOf(real, plain(VIEWER));
    return await ask(reader);
  }

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('logs in with %s', async (mechanism) => {
    await using reader = readerOf(real, { sasl: { mechanism, ...ADMIN } });
    const facts = await reader.facts(signal());
    expect(facts.brokers).toHaveLength(1);
    await expect(reader.recordAt(ours, 0, 0n, signal())).resolves.toMatchObject({ key: 'k' });
  });

  it.each(['plain', 'scram-sha-256'] as const)(
    'says that a wrong password was refused (%s)',
    async (mechanism) => {
      const password = 'wrong-password-77';
      await using reader = readerOf(real, { sasl: { mechanism, username: ADMIN.username, password } });
      const error: unknown = await reader.facts(signal()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'KC_KAFKA_LOGIN', gapCode: 'unauthenticated', retryable: false });
      expect(JSON.stringify(error)).not.toContain(password);
    },
  );

  it('says that the connection was closed where no login was given', async () => {
    await using reader = readerOf(real, {});
    await expect(reader.facts(signal())).rejects.toMatchObject({ code: 'KC_KAFKA_CLOSED' });
  });

  it('never calls a topic absent that the login may not see, whether it exists or not', async () => {
    expect(await asViewer((reader) => reader.topic(ours, signal()))).toMatchObject({ kind: 'present' });
    for (const topic of [others, `never-${crypto.randomUUID()}`]) {
      await expect(asViewer((reader) => reader.topic(topic, signal()))).rejects.toMatchObject({
        code: 'KC_KAFKA_TOPIC_RIGHT',
        gapCode: 'unauthorized',
      });
    }
  });

  it('does not take records that it may not read for records that are not there', async () => {
    const question = { topic: ours, key: 'k', notBeforeMs: 0, allPartitions: true };
    const questions: ((reader: KafkaClusterReader) => Promise<unknown>)[] = [
      (reader: KafkaClusterReader) => reader.findKeys([question], signal()),
      (reader: KafkaClusterReader) => reader.recordAt(ours, 0, 0n, signal()),
      (reader: KafkaClusterReader) => reader.tail(ours, 1, signal()),
    ];
    for (const ask of questions) {
      await expect(asViewer(ask)).rejects.toMatchObject({ code: 'KC_KAFKA_TOPIC_RIGHT' });
    }
  });

  it('asks for no group while it cannot know whether that would create the offsets topic', async () => {
    const question = { groupId: group, topics: [{ topic: ours, partitions: [0] }] };
    await expect(asViewer((reader) => reader.pollGroup(question, signal()))).rejects.toMatchObject({
      code: 'KC_KAFKA_OFFSETS_TOPIC_RIGHT',
      gapCode: 'unauthorized',
    });
    expect(await admin.listTopics()).not.toContain('__consumer_offsets');
    const facts = await asViewer((reader) => reader.facts(signal()));
    expect(facts.offsetsTopicExists).toBe(true);

    await commitFromOutside(real.kafka, group, ours, { 0: 1n });
    await grant(kafkajs.AclResourceTypes.GROUP, group, kafkajs.AclOperationTypes.DESCRIBE);
    const poll = await until('the right to be in force', () =>
      asViewer((reader) => reader.pollGroup(question, signal())),
    );
    expect(poll).toMatchObject({
      state: 'Empty',
      partitions: [{ committed: 1n, bounds: { start: 0n, end: 1n } }],
    });
    await expect(
      asViewer((reader) => reader.pollGroup({ ...question, groupId: `${group}-other` }, signal())),
    ).rejects.toMatchObject({ code: 'KC_KAFKA_GROUP_RIGHT', gapCode: 'unauthorized' });
  });
});

describeLive('Kafka behind TLS', missingKafka(), () => {
  const advertisedHost = 'broker-1.kafka.invalid';
  let real: RealKafka;

  beforeAll(async () => {
    real = await startRealKafka({ security: 'tls', advertisedHost });
  });
  afterAll(async () => {
    await real[Symbol.asyncDispose]();
  });

  it('accepts the certificate of the advertised name, dialled elsewhere', async () => {
    await using reader = readerOf(real, {
      brokers: [real.advertised],
      tls: { ca: real.caPem },
    });
    expect((await reader.facts(signal())).brokers).toMatchObject([{ host: advertisedHost }]);
    expect(await reader.topic('none', signal())).toEqual({ kind: 'absent' });
  });

  it('accepts a certificate for another name only where that name is given', async () => {
    await using strict = readerOf(real, { tls: { ca: real.caPem } });
    await expect(strict.facts(signal())).rejects.toMatchObject({ code: 'KC_KAFKA_TLS', retryable: false });
    await using named = readerOf(real, { tls: { ca: real.caPem, servername: advertisedHost } });
    expect((await named.facts(signal())).brokers).toHaveLength(1);
  });

  it('refuses an authority that it was not given', async () => {
    await using reader = readerOf(real, { brokers: [real.advertised], tls: true });
    await expect(reader.facts(signal())).rejects.toMatchObject({ code: 'KC_KAFKA_TLS', gapCode: 'protocol' });
  });

  it('says that the connection was closed where plain text was spoken', async () => {
    await using reader = readerOf(real, {});
    await expect(reader.facts(signal())).rejects.toMatchObject({ code: 'KC_KAFKA_CLOSED' });
  });

  describe('without an address map', () => {
    it('dials the sole broker at the address that answered', async () => {
      await using reader = readerOf(real, {
        addressMap: {},
        tls: { ca: real.caPem, servername: advertisedHost },
      });
      expect((await reader.facts(signal())).brokers).toMatchObject([{ host: advertisedHost }]);
    });

    it('dials what Docker shows for the bootstrap name', async () => {
      const [host = '', port = ''] = real.bootstrap.split(':');
      await using reader = readerOf(real, {
        brokers: [real.advertised],
        addressMap: {},
        tls: { ca: real.caPem },
        resolveAddress: async (name) => (name === advertisedHost ? { host, port: Number(port) } : null),
      });
      expect((await reader.facts(signal())).brokers).toHaveLength(1);
    });
  });
});
