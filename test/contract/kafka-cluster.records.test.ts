import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openKafka } from '../../src/adapters/kafka/open-kafka.ts';
import type { KafkaOptions } from '../../src/adapters/kafka/options.ts';
import { describeLive } from '../support/live.ts';
import { missingKafka, type RealKafka, startRealKafka } from '../support/real-kafka.ts';
import { slowProxy } from '../support/tcp.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

describeLive('records as a real broker stores them', missingKafka(), () => {
  let real: RealKafka;
  let admin: Admin;
  let producer: Producer;
  let topic: string;

  beforeAll(async () => {
    real = await startRealKafka();
    admin = real.kafka.admin();
    producer = real.kafka.producer({ allowAutoTopicCreation: false });
    await admin.connect();
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await admin.disconnect();
    await real[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    topic = `topic-${crypto.randomUUID()}`;
  });

  const createTopic = async (configEntries: { name: string; value: string }[] = []): Promise<void> => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
  };
  const open = (options: Partial<KafkaOptions> = {}): ReturnType<typeof openKafka> =>
    openKafka({ brokers: [real.bootstrap], tls: false, sasl: null, addressMap: {}, secrets: [], ...options });
  const question = (key: string) => ({ topic, key, notBeforeMs: 0, allPartitions: true });

  it('finds a key in batches that are compressed with gzip', async () => {
    await createTopic();
    const messages = Array.from({ length: 200 }, (_, index) => ({
      key: `k${index}`,
      value: `{"n":${index}}`,
    }));
    await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
    await using reader = open();
    const [scan] = await reader.findKeys([question('k150')], signal());
    expect(scan?.hits).toMatchObject([{ offset: 150n, key: 'k150', isJson: true }]);
    await expect(reader.recordAt(topic, 0, 7n, signal())).resolves.toMatchObject({ offset: 7n, key: 'k7' });
  });

  it.each(['snappy', 'lz4', 'zstd'])('names the codec that it cannot read: %s', async (codec) => {
    await createTopic([{ name: 'compression.type', value: codec }]);
    await producer.send({ topic, messages: [{ key: 'k', value: 'v'.repeat(500) }] });
    await using reader = open();
    const failure: unknown = await reader
      .findKeys([question('k')], signal())
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'KC_KAFKA_CODEC', message: expect.stringContaining(`(${codec})`) });
  });

  it('passes the marks of transactions, and shows records of an open one', async () => {
    await createTopic();
    const transactional = real.kafka.producer({
      transactionalId: `t-${crypto.randomUUID()}`,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await transactional.connect();
    const first = await transactional.transaction();
    await first.send({ topic, messages: [{ key: 'committed', value: '{}' }] });
    await first.commit();
    const second = await transactional.transaction();
    await second.send({ topic, messages: [{ key: 'open', value: '{}' }] });
    await using reader = open();
    // Offset 1 is the mark; the last stable offset is 2, before the open transaction.
    await expect(reader.bounds(topic, 0, signal())).resolves.toEqual({ start: 0n, end: 3n });
    await expect(reader.recordAt(topic, 0, 1n, signal())).resolves.toMatchObject({ offset: 2n, key: 'open' });
    const [scan] = await reader.findKeys([question('open')], signal());
    expect(scan).toMatchObject({ allPartitions: true, hits: [{ offset: 2n }] });
    await second.abort();
    await transactional.disconnect();
    // The mark of the abort is the last thing in the log.
    await expect(reader.recordAt(topic, 0, 3n, signal())).resolves.toBeNull();
  });

  it('reads records larger than a fetch', async () => {
    await createTopic([{ name: 'max.message.bytes', value: '9000000' }]);
    await producer.send({
      topic,
      messages: [{ key: 'large', value: JSON.stringify('x'.repeat(6_000_000)) }],
    });
    await using reader = open();
    await expect(reader.recordAt(topic, 0, 0n, signal())).resolves.toMatchObject({
      key: 'large',
      isJson: true,
    });
    const [scan] = await reader.findKeys([question('large')], signal());
    expect(scan?.hits).toHaveLength(1);
  });

  it('stops a search at its limits, and says that it is not complete', async () => {
    await createTopic();
    for (let round = 0; round < 8; round += 1) {
      await producer.send({ topic, messages: [{ key: `k${round}`, value: 'x'.repeat(900_000) }] });
    }
    await using bytes = open({ scanLimitBytes: 1_000_000 });
    const [scan] = await bytes.findKeys([question('k7')], signal());
    expect(scan).toMatchObject({ allPartitions: false, hits: [] });
    expect(scan?.ranges).toMatchObject([{ from: 0n, complete: false }]);
    expect(scan?.ranges[0]?.to).toBeLessThan(8n);
    await using time = open({ scanLimitMs: 0 });
    expect((await time.findKeys([question('k7')], signal()))[0]).toMatchObject({ allPartitions: false });
    await using enough = open();
    expect((await enough.findKeys([question('k7')], signal()))[0]).toMatchObject({
      allPartitions: true,
      hits: [{ offset: 7n }],
    });
  });

  it('masks known secrets in the values that it hands out, and leaves them parsable', async () => {
    await createTopic();
    const value = JSON.stringify({ failureReason: 'login "kc" with s3cr3t-word', amountCents: 12_345_678 });
    await producer.send({
      topic,
      messages: [{ key: 'k', value, headers: { failureReason: 's3cr3t-word' } }],
    });
    await using reader = open({ secrets: ['s3cr3t-word', '12345678'] });
    const { records } = await reader.tail(topic, 1, signal());
    expect(JSON.stringify(records[0]?.headers)).not.toContain('s3cr3t');
    expect(JSON.parse(records[0]?.value ?? '')).toEqual({
      failureReason: expect.not.stringContaining('s3cr3t'),
      amountCents: 12_345_678,
    });
  });

  it('answers over a slow line, and gives up on one that is too slow', async () => {
    await createTopic();
    await producer.send({ topic, messages: [{ key: 'k', value: '{}' }] });
    let delayMs = 60;
    await using proxy = await slowProxy(real.bootstrap, () => delayMs);
    const options = {
      brokers: [proxy.address],
      addressMap: { [real.advertised]: proxy.address },
      requestTimeoutMs: 1_000,
    };
    await using reader = open(options);
    await expect(reader.recordAt(topic, 0, 0n, signal())).resolves.toMatchObject({ key: 'k' });
    delayMs = 5_000;
    await expect(reader.topic(topic, signal())).rejects.toMatchObject({ code: 'KC_KAFKA_TIMEOUT' });
  });

  it('serves many questions at once over two connections, and closes them all', async () => {
    await createTopic();
    await producer.send({ topic, messages: [{ key: 'k', value: '{}' }] });
    let connections = (): number => 0;
    {
      await using proxy = await slowProxy(real.bootstrap, () => 0);
      connections = proxy.connections;
      {
        await using reader = open({
          brokers: [proxy.address],
          addressMap: { [real.advertised]: proxy.address },
        });
        const asked = Array.from({ length: 20 }, () => reader.recordAt(topic, 0, 0n, signal()));
        const found = await Promise.all(asked);
        expect(found.every((record) => record?.key === 'k')).toBe(true);
        // One for the bootstrap address, one for the broker, one for its fetches.
        expect(connections()).toBeLessThanOrEqual(3);
      }
      await expect.poll(connections).toBe(0);
    }
  });

  it('goes on after the connection was lost', async () => {
    await createTopic();
    await using reader = open();
    await reader.facts(signal());
    const stop = new AbortController();
    const stopped = reader.topic(topic, stop.signal);
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ gapCode: 'no-time' });
    await expect(reader.topic(topic, signal())).resolves.toMatchObject({ kind: 'present' });
  });
});
