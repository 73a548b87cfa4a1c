import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DependencyError } from '../../src/errors.ts';
import { budget, type Desk } from '../../src/observe/deadline.ts';
import { followUpWaiting, headKey } from '../../src/observe/follow-up.ts';
import { pollGroups } from '../../src/observe/survey.ts';
import { targets, waitingRanges } from '../../src/observe/targets.ts';
import { seen } from '../../src/platform/observed.ts';
import { healthyChain, joinRows, paymentRecord } from '../support/platform-rows.ts';
import { ScriptedClock } from '../support/scripted-clock.ts';
import { SimulatedKafkaCluster } from '../support/simulated-kafka-cluster.ts';
import { SimulatedPurchaseDatabase } from '../support/simulated-purchase-database.ts';
import { HOUR, healthyState, SETTINGS, seenValue } from '../support/states.ts';

const REFUSED = new DependencyError('KC_POSTGRES_REFUSED', 'refused', 'start it', {
  system: 'postgres',
  operation: 'payments',
  gapCode: 'refused',
});
const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';

function platform() {
  const clock = new ScriptedClock();
  const cluster = new SimulatedKafkaCluster(clock);
  const database = new SimulatedPurchaseDatabase({ nowMs: () => clock.nowMs() });
  cluster.createTopic(TOPIC);
  const desk: Desk = {
    clock,
    observer: () => undefined,
    signal: AbortSignal.timeout(60_000),
    endsAtMs: clock.monotonicMs() + 15_000,
  };
  const follow = async () => {
    const kafka = cluster.reader();
    const topics = { [TOPIC]: seen(await kafka.topic(TOPIC, desk.signal), clock.nowMs()) };
    const polls = await pollGroups(desk, kafka, SETTINGS, topics, 5_000);
    const wanted = targets(seen(seenValue(healthyState().payments), clock.nowMs()), polls, SETTINGS);
    return await followUpWaiting(
      desk,
      budget(15_000),
      { kafka, database },
      waitingRanges(polls, SETTINGS),
      wanted,
    );
  };
  return { clock, cluster, database, follow };
}

const send = (cluster: SimulatedKafkaCluster, key: string) =>
  cluster.append(TOPIC, { key, value: JSON.stringify({ paymentId: key }) }, 0);

describe('records that wait', () => {
  it('are read from the committed offset on, with the payments that they name', async () => {
    const { clock, cluster, database, follow } = platform();
    const arrived = healthyChain(clock.nowMs() - HOUR);
    const refunded = paymentRecord(clock.nowMs() - HOUR, { status: 'refunded' });
    const stranger = randomUUID();
    database.rows = joinRows(arrived, { payments: [refunded] });
    for (const key of [randomUUID(), arrived.payment.id, refunded.id, stranger]) send(cluster, key);
    cluster.commit(GROUP, TOPIC, { 0: 1n });

    const { records, beside } = await follow();

    expect(Object.keys(records)).toEqual([headKey(GROUP, TOPIC, 0)]);
    const waiting = seenValue(records[headKey(GROUP, TOPIC, 0)]);
    expect([waiting.from, waiting.to]).toEqual([1n, 4n]);
    expect(waiting.records.map(({ key }) => key)).toEqual([arrived.payment.id, refunded.id, stranger]);
    expect(beside?.map(({ paymentId, status }) => `${paymentId} ${status}`).toSorted()).toEqual(
      [`${arrived.payment.id} succeeded`, `${refunded.id} refunded`].toSorted(),
    );
  });

  it('are the newest fifty of the log where nothing is committed', async () => {
    const { cluster, follow } = platform();
    for (let n = 0; n < 70; n += 1) send(cluster, randomUUID());
    const waiting = seenValue((await follow()).records[headKey(GROUP, TOPIC, 0)]);
    expect([waiting.from, waiting.to, waiting.records.length]).toEqual([20n, 70n, 50]);
  });

  it('are the oldest fifty where more are unread', async () => {
    const { cluster, follow } = platform();
    for (let n = 0; n < 70; n += 1) send(cluster, randomUUID());
    cluster.commit(GROUP, TOPIC, { 0: 5n });
    const waiting = seenValue((await follow()).records[headKey(GROUP, TOPIC, 0)]);
    expect([waiting.from, waiting.to, waiting.records.length]).toEqual([5n, 55n, 50]);
  });

  it('cost nothing where everything is read', async () => {
    const { cluster, database, follow } = platform();
    send(cluster, randomUUID());
    cluster.commit(GROUP, TOPIC, { 0: 1n, 1: 0n, 2: 0n });
    cluster.hang('recordAt');
    database.mood = { kind: 'hangs' };
    expect(await follow()).toEqual({ records: {}, beside: null, pairs: [] });
  });

  it('are unseen, and not none, where Kafka or the database does not tell', async () => {
    const { cluster, database, follow } = platform();
    send(cluster, randomUUID());
    cluster.commit(GROUP, TOPIC, { 0: 0n });
    database.moods.paymentsOf = { kind: 'fails', error: REFUSED };
    expect((await follow()).beside).toBeNull();
    cluster.fail('recordAt');
    const { records } = await follow();
    expect(records[headKey(GROUP, TOPIC, 0)]?.kind).toBe('unseen');
  });
});
