import { describe, expect, it } from 'vitest';
import { SimulatedKafkaCluster } from './simulated-kafka-cluster.ts';

const signal = new AbortController().signal;

function cluster(): SimulatedKafkaCluster {
  const made = new SimulatedKafkaCluster();
  made.createTopic('t', 1);
  return made;
}

describe('SimulatedKafkaCluster', () => {
  it('moves by script: what is due happens while somebody sleeps', async () => {
    const simulated = cluster();
    simulated.commit('g', 't', { 0: 0n });
    simulated.append('t', { key: 'k', value: '{}' });
    simulated.clock.in(2_000, () => simulated.commit('g', 't', { 0: 1n }));
    const reader = simulated.reader();
    const committed = async (): Promise<unknown> => {
      const { atMs, partitions } = await reader.pollGroup(
        { groupId: 'g', topics: [{ topic: 't', partitions: [0] }] },
        signal,
      );
      return [atMs - simulated.clock.nowMs(), partitions[0]?.committed];
    };
    expect(await committed()).toEqual([0, 0n]);
    await simulated.clock.sleep(1_999, signal);
    expect(await committed()).toEqual([0, 0n]);
    await simulated.clock.sleep(1, signal);
    expect(await committed()).toEqual([0, 1n]);
  });

  it('fails, hangs until the asker gives up, is slow, and heals, one method at a time', async () => {
    const simulated = cluster();
    const reader = simulated.reader();
    simulated.fail('facts');
    await expect(reader.facts(signal)).rejects.toMatchObject({ gapCode: 'refused' });
    await expect(reader.topic('t', signal)).resolves.toMatchObject({ kind: 'present' });
    simulated.heal('facts');
    await expect(reader.facts(signal)).resolves.toMatchObject({ brokers: [{ nodeId: 1 }] });

    simulated.hang('topic');
    const stop = new AbortController();
    const asked = reader.topic('t', stop.signal);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ gapCode: 'no-time' });

    simulated.slow('bounds', 700);
    await reader.bounds('t', 0, signal);
    expect(simulated.clock.monotonicMs()).toBe(700);
  });

  it('says unauthorized, never absent, of what is denied', async () => {
    const simulated = cluster();
    simulated.denyTopic('t');
    simulated.denyTopic('missing');
    simulated.denyGroup('g');
    const reader = simulated.reader();
    for (const topic of ['t', 'missing']) {
      await expect(reader.topic(topic, signal)).rejects.toMatchObject({ gapCode: 'unauthorized' });
    }
    await expect(reader.pollGroup({ groupId: 'g', topics: [] }, signal)).rejects.toMatchObject({
      gapCode: 'unauthorized',
    });
  });

  it('loses a leader: bounds are a gap, and no search of it is complete', async () => {
    const simulated = cluster();
    simulated.append('t', { key: 'k', value: '{}' });
    simulated.loseLeader('t', 0);
    const reader = simulated.reader();
    expect(await reader.topic('t', signal)).toMatchObject({
      partitions: [{ leader: null, bounds: { kind: 'unseen' } }],
    });
    await expect(reader.bounds('t', 0, signal)).rejects.toMatchObject({ code: 'KC_KAFKA_NO_LEADER' });
    const [scan] = await reader.findKeys(
      [{ topic: 't', key: 'k', notBeforeMs: 0, allPartitions: true }],
      signal,
    );
    expect(scan).toMatchObject({ hits: [], allPartitions: false, logReachesBack: false });
  });

  it('forgets the commits on a topic that is deleted', async () => {
    const simulated = cluster();
    simulated.commit('g', 't', { 0: 5n });
    simulated.deleteTopic('t');
    simulated.createTopic('t', 1);
    const poll = await simulated
      .reader()
      .pollGroup({ groupId: 'g', topics: [{ topic: 't', partitions: [0] }] }, signal);
    expect(poll).toMatchObject({ state: 'Empty', partitions: [{ committed: null }] });
  });

  it('leaves a write unknown and without effect when it hangs, and says that nothing was changed when it fails', async () => {
    const simulated = cluster();
    const operator = simulated.operator();
    const record = { topic: 't', partition: 0, key: null, value: null, headers: [] };
    const before = simulated.fingerprint();

    simulated.fail('produce');
    await expect(operator.produce(record, signal)).rejects.toMatchObject({ gapCode: 'refused' });

    simulated.hang('produce');
    const stop = new AbortController();
    const sent = operator.produce(record, stop.signal);
    stop.abort();
    await expect(sent).resolves.toEqual({ outcome: 'unknown', offset: null });
    expect(simulated.fingerprint()).toEqual(before);

    simulated.loseAnswer('produce', 'after-effect');
    simulated.heal('produce');
    await expect(operator.produce(record, signal)).resolves.toEqual({ outcome: 'done', offset: 0n });
  });

  it('denies writing to what is denied', async () => {
    const simulated = cluster();
    simulated.createTopic('other', 1);
    simulated.denyGroup('g');
    simulated.denyTopic('t');
    const operator = simulated.operator();
    const record = { topic: 't', partition: 0, key: null, value: null, headers: [] };
    const denied = { gapCode: 'unauthorized' };
    await expect(operator.produce(record, signal)).rejects.toMatchObject(denied);
    await expect(
      operator.commitOffsets('g', [{ topic: 'other', partition: 0, offset: 0n }], signal),
    ).rejects.toMatchObject(denied);
    await expect(
      operator.createTopic({ name: 't', partitions: 1, replicationFactor: 1 }, signal),
    ).rejects.toMatchObject(denied);
  });
});
