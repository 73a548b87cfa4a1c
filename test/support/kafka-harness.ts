import type { Admin } from 'kafkajs';
import type { ClusterHarness } from '../contract/kafka-cluster.contract.ts';
import { commitFromOutside, type RealKafka, until } from './real-kafka.ts';

/** How a contract suite fills and inspects a real broker, by a client that is not ours. */
export async function realKafkaHarness(real: RealKafka): Promise<Omit<ClusterHarness, 'open'>> {
  const { kafka } = real;
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await admin.connect();
  await producer.connect();
  return {
    createTopic: (topic, partitions) => createTopicFromOutside(admin, topic, partitions),
    append: async (topic, partition, records) => {
      const messages = records.map(({ key, value, headers, timestampMs }) => ({
        key,
        value,
        partition,
        ...(headers === undefined ? {} : { headers }),
        timestamp: String(timestampMs ?? Date.now()),
      }));
      await producer.send({ topic, messages });
    },
    trim: async (topic, partition, before) => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
    },
    commit: async (groupId, topic, offsets) => await commitFromOutside(kafka, groupId, topic, offsets),
    join: async (groupId, topic) => {
      const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 });
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
      await consumer.connect();
      await consumer.subscribe({ topic });
      await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
      await joined;
      return {
        leave: async () => {
          await consumer.disconnect();
          await until('the empty group', async () => {
            const { groups } = await admin.describeGroups([groupId]);
            if (groups[0]?.state !== 'Empty') throw new Error(`the group is ${groups[0]?.state}`);
          });
        },
      };
    },
    fingerprint: () => fingerprint(admin),
    [Symbol.asyncDispose]: async () => {
      await producer.disconnect();
      await admin.disconnect();
      await real[Symbol.asyncDispose]();
    },
  };
}

/** kafkajs's own wait for leaders gives up where a broker has not heard of the topic yet. */
export async function createTopicFromOutside(admin: Admin, topic: string, partitions: number): Promise<void> {
  const topics = [{ topic, numPartitions: partitions, replicationFactor: 1 }];
  await admin.createTopics({ topics, waitForLeaders: false });
  await until(`the leaders of ${topic}`, () => admin.fetchTopicOffsets(topic));
}

/** Asks for groups only where that creates nothing. */
async function fingerprint(admin: Admin): Promise<unknown> {
  const topics = (await admin.listTopics()).sort();
  const logs: unknown[] = [];
  for (const topic of topics) {
    // A broker learns a moment after its controller that it leads a new topic.
    const ends = await until(`the log ends of ${topic}`, () => admin.fetchTopicOffsets(topic));
    const sorted = ends.map(({ partition, low, high }) => `${partition}: ${low}..${high}`).sort();
    // The offsets topic grows by the test's own groups while they live; its existence is what counts.
    logs.push([topic, topic === '__consumer_offsets' ? ends.length : sorted]);
  }
  const ids = (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort();
  const groups: unknown[] = [];
  for (const groupId of ids) {
    const described = (await admin.describeGroups([groupId])).groups.map(({ state, members }) => [
      state,
      members.length,
    ]);
    groups.push([groupId, described, await admin.fetchOffsets({ groupId })]);
  }
  return { logs, groups };
}
