import type { KafkaClusterOperator } from '../../ports/kafka-cluster.ts';
import { commitOffsets } from './commit-offsets.ts';
import { createTopic } from './create-topic.ts';
import { openKafka } from './open-kafka.ts';
import type { KafkaOptions } from './options.ts';
import { produceRecord } from './produce-record.ts';
import { KafkajsWriter } from './writer.ts';

/** Reads through a client that cannot write, and writes through another one. Nothing is dialled before the first call of each. */
export function openKafkaOperator(options: KafkaOptions): KafkaClusterOperator {
  const reader = openKafka(options);
  const writer = new KafkajsWriter(options);
  return {
    address: reader.address,
    facts: (signal) => reader.facts(signal),
    topic: (topic, signal) => reader.topic(topic, signal),
    bounds: (topic, partition, signal) => reader.bounds(topic, partition, signal),
    pollGroup: (question, signal) => reader.pollGroup(question, signal),
    findKeys: (questions, signal) => reader.findKeys(questions, signal),
    recordAt: (topic, partition, offset, signal) => reader.recordAt(topic, partition, offset, signal),
    tail: (topic, countPerPartition, signal) => reader.tail(topic, countPerPartition, signal),
    copyOf: (place, signal) => reader.copyOf(place, signal),
    createTopic: (topic, signal) => createTopic(writer, topic, signal),
    commitOffsets: (groupId, commits, signal) => commitOffsets(writer, groupId, commits, signal),
    produce: (record, signal) => produceRecord(writer, record, signal),
    [Symbol.asyncDispose]: async () => {
      try {
        await writer[Symbol.asyncDispose]();
      } finally {
        await reader[Symbol.asyncDispose]();
      }
    },
  };
}
