import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKafkaOperator } from '../../src/adapters/kafka/open-kafka-operator.ts';
import type { KafkaOptions } from '../../src/adapters/kafka/options.ts';
import type { KafkaClusterOperator, RecordToProduce } from '../../src/ports/kafka-cluster.ts';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
import { createTopicFromOutside } from '../support/kafka-harness.ts';
import { describeLive } from '../support/live.ts';
import { missingKafka, type RealKafka, startRealKafka } from '../support/real-kafka.ts';
import { unusedAddress } from '../support/tcp.ts';

const PRODUCE = 0;
const METADATA = 3;
const OFFSET_COMMIT = 8;

describeLive('Kafka operator on the wire', missingKafka(), () => {
  let real: RealKafka;
  let admin: Admin;
  let proxy: CuttingProxy;
  let topic: string;
  const signal = (): AbortSignal => AbortSignal.timeout(30_000);

  beforeAll(async () => {
    real = await startRealKafka();
    admin = real.kafka.admin();
    await admin.connect();
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await admin.disconnect();
    await real[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    topic = `topic-${crypto.randomUUID()}`;
    await createTopicFromOutside(admin, topic, 1);
    await proxy?.[Symbol.asyncDispose]();
    proxy = await cuttingProxy(real.bootstrap);
  });

  function openOperator(changes: Partial<KafkaOptions> = {}): KafkaClusterOperator {
    return openKafkaOperator({
      brokers: [proxy.address],
      tls: false,
      sasl: null,
      addressMap: { [real.advertised]: proxy.address },
      secrets: [],
      ...changes,
    });
  }

  const record = (value = '{}'): RecordToProduce => ({
    topic,
    partition: 0,
    key: Buffer.from('k'),
    value: Buffer.from(value),
    headers: [],
  });
  const end = async (): Promise<string | undefined> => (await admin.fetchTopicOffsets(topic))[0]?.high;

  it('writes the bytes that it was given, text or not', async () => {
    const odd = Uint8Array.from([0, 255, 254, 128, 10]);
    await using operator = openOperator();
    const headers = [
      { name: 'eventId', value: odd },
      { name: 'eventId', value: new Uint8Array() },
      { name: 'ü', value: Buffer.from('ü') },
    ];
    await operator.produce({ ...record(), key: odd, value: odd, headers }, signal());
    const consumer = real.kafka.consumer({ groupId: crypto.randomUUID(), maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const message = await new Promise((resolve) => {
      void consumer.run({ eachMessage: async (read) => resolve(read.message) });
    });
    await consumer.disconnect();
    expect(message).toMatchObject({
      key: Buffer.from(odd),
      value: Buffer.from(odd),
      headers: { eventId: [Buffer.from(odd), Buffer.alloc(0)], ü: Buffer.from('ü') },
    });
  });

  describe('a request that is sent and never answered', () => {
    it('is not sent again, is unknown when its time is over, and does not spoil the next one', async () => {
      await using operator = openOperator({ requestTimeoutMs: 800 });
      void proxy.requests.cut(PRODUCE, 'silence');
      await expect(operator.produce(record('1'), signal())).resolves.toEqual({
        outcome: 'unknown',
        offset: null,
      });
      expect(proxy.requests.passed(PRODUCE)).toBe(1);
      expect(await end()).toBe('1');
      await expect(operator.produce(record('2'), signal())).resolves.toEqual({ outcome: 'done', offset: 1n });
      expect(proxy.requests.passed(PRODUCE)).toBe(2);
      expect(await end()).toBe('2');
    });

    it('is not sent again after the connection broke', async () => {
      await using operator = openOperator();
      void proxy.requests.cut(PRODUCE, 'before-answer');
      await expect(operator.produce(record(), signal())).resolves.toMatchObject({ outcome: 'unknown' });
      expect(proxy.requests.passed(PRODUCE)).toBe(1);
      expect(await end()).toBe('1');
    });

    it('is unknown at once when the caller gives up, and leaves the next in line alone', async () => {
      await using operator = openOperator({ requestTimeoutMs: 60_000 });
      const happened = proxy.requests.cut(PRODUCE, 'silence');
      const stop = new AbortController();
      const first = operator.produce(record('1'), stop.signal);
      const second = operator.produce(record('2'), signal());
      await happened;
      stop.abort(new Error('Ctrl-C'));
      await expect(first).resolves.toEqual({ outcome: 'unknown', offset: null });
      await expect(second).resolves.toEqual({ outcome: 'done', offset: 1n });
    });

    it('is unknown for a commit as well', async () => {
      await using operator = openOperator({ requestTimeoutMs: 800 });
      const group = `group-${crypto.randomUUID()}`;
      await operator.produce(record(), signal());
      void proxy.requests.cut(OFFSET_COMMIT, 'silence');
      await expect(
        operator.commitOffsets(group, [{ topic, partition: 0, offset: 1n }], signal()),
      ).resolves.toBe('unknown');
      expect(proxy.requests.passed(OFFSET_COMMIT)).toBe(1);
      expect(await admin.fetchOffsets({ groupId: group })).toMatchObject([
        { topic, partitions: [{ partition: 0, offset: '1' }] },
      ]);
    });
  });

  describe('a request that was never sent', () => {
    it('is an error and not unknown, when the broker falls silent before', async () => {
      await using operator = openOperator({ requestTimeoutMs: 800 });
      void proxy.requests.cut(METADATA, 'silence');
      await expect(operator.produce(record(), signal())).rejects.toMatchObject({ code: 'KC_KAFKA_TIMEOUT' });
      expect(proxy.requests.passed(PRODUCE)).toBe(0);
    });

    it('is not sent later, when the caller gives up before', async () => {
      await using operator = openOperator({ requestTimeoutMs: 60_000 });
      const happened = proxy.requests.cut(METADATA, 'silence', 2);
      const stop = new AbortController();
      const asked = operator.produce(record(), stop.signal);
      await happened;
      stop.abort(new Error('Ctrl-C'));
      await expect(asked).rejects.toMatchObject({ code: 'KC_KAFKA_STOPPED' });
      await expect(operator.produce(record(), signal())).resolves.toEqual({ outcome: 'done', offset: 0n });
      expect(proxy.requests.passed(PRODUCE)).toBe(1);
    });

    it('is an error when nobody listens', async () => {
      const address = await unusedAddress();
      await using operator = openOperator({ brokers: [address], addressMap: {} });
      await expect(operator.produce(record(), signal())).rejects.toMatchObject({
        code: 'KC_KAFKA_REFUSED',
        message: expect.stringContaining(`asked for a record in ${topic}[0]`),
      });
    });
  });

  it('writes each of many records once, however many are asked for together', async () => {
    await using operator = openOperator();
    const asked = Array.from({ length: 20 }, (_, index) => operator.produce(record(String(index)), signal()));
    const offsets = (await Promise.all(asked)).map(({ offset }) => offset);
    expect(offsets).toEqual(Array.from({ length: 20 }, (_, index) => BigInt(index)));
    expect(proxy.requests.passed(PRODUCE)).toBe(20);
    expect(await end()).toBe('20');
  });
});
