import { describe, expect, it } from 'vitest';
import { openKafka } from '../../../src/adapters/kafka/open-kafka.ts';
import type { KafkaOptions } from '../../../src/adapters/kafka/options.ts';
import { DependencyError } from '../../../src/errors.ts';
import { serveTcp, unusedAddress } from '../../support/tcp.ts';

const FAST = {
  tls: false,
  sasl: null,
  addressMap: {},
  secrets: [],
  connectTimeoutMs: 1_000,
  requestTimeoutMs: 600,
};

async function failureOf(
  options: Partial<KafkaOptions>,
  signal = AbortSignal.timeout(4_000),
): Promise<DependencyError> {
  await using reader = openKafka({ ...FAST, brokers: ['127.0.0.1:1'], ...options });
  const error: unknown = await reader.facts(signal).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DependencyError)) throw new Error('expected a DependencyError', { cause: error });
  return error;
}

describe('a broker that cannot be asked', () => {
  it('refused: says so within a moment, and names the address', async () => {
    const address = await unusedAddress();
    const error = await failureOf({ brokers: [address] });
    expect(error).toMatchObject({
      code: 'KC_KAFKA_REFUSED',
      gapCode: 'refused',
      system: 'kafka',
      retryable: true,
    });
    expect(error.message).toBe(
      `Kafka at ${address} refused the connection, asked for the cluster and its brokers`,
    );
  });

  it('mute: is a timeout, again at the next call, and leaves no connection', async () => {
    await using server = await serveTcp(() => undefined);
    await using reader = openKafka({ ...FAST, brokers: [server.address] });
    const signal = AbortSignal.timeout(4_000);
    for (let call = 0; call < 2; call += 1) {
      await expect(reader.topic('t', signal)).rejects.toMatchObject({
        code: 'KC_KAFKA_TIMEOUT',
        gapCode: 'timeout',
      });
    }
    await expect.poll(() => server.connections()).toBe(0);
  });

  it('mute: lets the caller go as soon as it gives up, and hangs up', async () => {
    await using server = await serveTcp(() => undefined);
    await using reader = openKafka({ ...FAST, brokers: [server.address], requestTimeoutMs: 60_000 });
    const stop = new AbortController();
    const asked = reader.facts(stop.signal);
    await expect.poll(() => server.connections()).toBe(1);
    stop.abort(new Error('deadline'));
    await expect(asked).rejects.toMatchObject({ code: 'KC_KAFKA_STOPPED', gapCode: 'no-time' });
    await expect.poll(() => server.connections()).toBe(0);
  });

  it('hanging up: may want TLS or a login', async () => {
    await using server = await serveTcp((socket) => socket.once('data', () => socket.end()));
    expect(await failureOf({ brokers: [server.address] })).toMatchObject({
      code: 'KC_KAFKA_CLOSED',
      gapCode: 'protocol',
    });
  });

  it('not speaking TLS where TLS was expected: is no success and no crash', async () => {
    await using server = await serveTcp((socket) =>
      socket.once('data', () => socket.write('this is not TLS')),
    );
    const error = await failureOf({ brokers: [server.address], tls: true });
    expect(['KC_KAFKA_CLOSED', 'KC_KAFKA_TIMEOUT']).toContain(error.code);
  });

  it('unknown by name: names the setting that helps', async () => {
    const error = await failureOf({ brokers: ['kafka.invalid:9092'] });
    expect(error).toMatchObject({ code: 'KC_KAFKA_ADVERTISED', gapCode: 'unresolvable' });
    expect(error.hint).toContain('kafka.addressMap {"kafka.invalid:9092": "host:port"}');
  });

  it('given by an IPv6 address: is dialled like others', async () => {
    await using mute = await serveTcp(() => undefined);
    const error = await failureOf({ brokers: ['[::1]:9092'], addressMap: { '[::1]:9092': mute.address } });
    expect(error).toMatchObject({
      code: 'KC_KAFKA_TIMEOUT',
      message: expect.stringContaining('Kafka at [::1]:9092'),
    });
  });

  it('unknown by name, with a Docker that does not answer: still names the setting that helps', async () => {
    const resolveAddress = async (): Promise<never> => {
      throw new Error('no Docker');
    };
    const error = await failureOf({ brokers: ['kafka.invalid:9092'], resolveAddress });
    expect(error.code).toBe('KC_KAFKA_ADVERTISED');
  });

  it('first of several: the others are tried', async () => {
    await using mute = await serveTcp(() => undefined);
    const error = await failureOf({ brokers: [await unusedAddress(), mute.address] });
    // Refused at once by the first, silence from the second: both were asked.
    expect(['KC_KAFKA_TIMEOUT', 'KC_KAFKA_REFUSED']).toContain(error.code);
    expect(mute.connections()).toBeLessThanOrEqual(1);
  });

  it('never shows a secret', async () => {
    const error = await failureOf({ brokers: ['hunter2secret.invalid:9092'], secrets: ['hunter2secret'] });
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('hunter2secret');
  });
});

describe('process warnings', () => {
  it('are dropped only for the timer of kafkajs, and only while a reader is open', async () => {
    const seen: string[] = [];
    const listen = (warning: Error): void => void seen.push(warning.name);
    process.on('warning', listen);
    try {
      {
        await using _reader = openKafka({ ...FAST, brokers: ['127.0.0.1:1'] });
        process.emitWarning('dropped', 'TimeoutNegativeWarning');
        process.emitWarning('kept', 'OtherWarning');
      }
      process.emitWarning('kept', 'TimeoutNegativeWarning');
      await expect.poll(() => seen).toEqual(['OtherWarning', 'TimeoutNegativeWarning']);
    } finally {
      process.removeListener('warning', listen);
    }
  });
});
