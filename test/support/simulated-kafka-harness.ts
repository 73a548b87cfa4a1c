import type { ClusterHarness } from '../contract/kafka-cluster.contract.ts';
import type { SimulatedKafkaCluster } from './simulated-kafka-cluster.ts';

export function simulatedKafkaHarness(cluster: SimulatedKafkaCluster): Omit<ClusterHarness, 'open'> {
  return {
    createTopic: async (topic, partitions) => cluster.createTopic(topic, partitions),
    append: async (topic, partition, records) => {
      for (const record of records) cluster.append(topic, record, partition);
    },
    trim: async (topic, partition, before) => cluster.trim(topic, partition, before),
    commit: async (groupId, topic, offsets) => cluster.commit(groupId, topic, offsets),
    join: async (groupId, topic) => {
      const state = await cluster.reader().topic(topic, new AbortController().signal);
      const partitions = state.kind === 'present' ? state.partitions : [];
      const assignment = partitions.map(({ partition }) => ({ topic, partition }));
      cluster.join(groupId, {
        memberId: 'member-1',
        clientId: 'worker',
        clientHost: '/127.0.0.1',
        assignment,
      });
      return { leave: async () => cluster.leave(groupId, 'member-1') };
    },
    fingerprint: async () => cluster.fingerprint(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
