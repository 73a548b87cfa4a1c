import type { LogBounds } from '../../platform/state.ts';
import type { Call } from './call.ts';
import type { ReadingBroker } from './kafkajs-shape.ts';
import { errorType, failOnCode, ProtocolFailure } from './protocol.ts';

export interface Partition {
  readonly partition: number;
  /** Null: no leader. */
  readonly leader: number | null;
  readonly replicas: number;
  readonly inSyncReplicas: number;
}

/** Null: the broker said that there is no such topic. A topic that the login may not see throws. */
export async function findTopic(call: Call, topic: string): Promise<readonly Partition[] | null> {
  const answer = await call.client.metadata([topic], call.context);
  const found = answer.topicMetadata.find((candidate) => candidate.topic === topic);
  if (found === undefined) throw new Error(`the metadata leaves out the topic that was asked for, ${topic}`);
  if (errorType(found.topicErrorCode) === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
  failOnCode(found.topicErrorCode);
  return found.partitionMetadata
    .map(({ partitionId, leader, replicas, isr }) => ({
      partition: partitionId,
      leader: leader < 0 ? null : leader,
      replicas: replicas.length,
      inSyncReplicas: isr.length,
    }))
    .sort((a, b) => a.partition - b.partition);
}

export async function existingTopic(call: Call, topic: string): Promise<readonly Partition[]> {
  const partitions = await findTopic(call, topic);
  if (partitions === null) throw new ProtocolFailure('UNKNOWN_TOPIC_OR_PARTITION');
  return partitions;
}

export async function existingPartition(call: Call, topic: string, partition: number): Promise<Partition> {
  const found = (await existingTopic(call, topic)).find((candidate) => candidate.partition === partition);
  if (found === undefined) throw new ProtocolFailure('UNKNOWN_TOPIC_OR_PARTITION');
  return found;
}

/** Times that ListOffsets understands beside real ones. */
const EARLIEST = -2;
const LATEST = -1;

/** READ_UNCOMMITTED: the true high watermark, whatever transactions are open. */
export const EVERYTHING = 0;

export interface OffsetAtTime {
  /** -1: no record is that young. */
  readonly offset: bigint;
  /** Time of the record at that offset; -1 where there is none. */
  readonly timestampMs: number;
}

/** One answer or error for each partition, so that one without leader leaves the others readable. */
export type ByPartition<T> = ReadonlyMap<number, Answer<T>>;
export type Answer<T> = { readonly value: T } | { readonly error: unknown };

async function listOffsets(
  call: Call,
  topic: string,
  partitions: readonly Partition[],
  timeOf: (partition: number) => number,
): Promise<ByPartition<OffsetAtTime>> {
  const answers = new Map<number, Answer<OffsetAtTime>>();
  const askLeader = async (leader: number, led: readonly number[]): Promise<void> => {
    try {
      const broker = await call.client.broker(leader, call.context);
      for (const [partition, value] of await askOffsets(broker, topic, led, timeOf))
        answers.set(partition, value);
    } catch (error) {
      for (const partition of led) answers.set(partition, { error });
    }
  };
  for (const { partition, leader } of partitions) {
    if (leader === null) answers.set(partition, { error: new ProtocolFailure('LEADER_NOT_AVAILABLE') });
  }
  await Promise.all([...groupByLeader(partitions)].map(([leader, led]) => askLeader(leader, led)));
  return answers;
}

function groupByLeader(partitions: readonly Partition[]): ReadonlyMap<number, readonly number[]> {
  const byLeader = new Map<number, number[]>();
  for (const { partition, leader } of partitions) {
    if (leader === null) continue;
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
  }
  return byLeader;
}

async function askOffsets(
  broker: ReadingBroker,
  topic: string,
  partitions: readonly number[],
  timeOf: (partition: number) => number,
): Promise<ByPartition<OffsetAtTime>> {
  const answer = await broker.listOffsets({
    isolationLevel: EVERYTHING,
    topics: [
      { topic, partitions: partitions.map((partition) => ({ partition, timestamp: timeOf(partition) })) },
    ],
  });
  const found = answer.responses.flatMap((response) => response.partitions);
  return new Map(
    found.map(({ partition, errorCode, offset, timestamp }): readonly [number, Answer<OffsetAtTime>] => {
      const type = errorType(errorCode);
      if (type !== null) return [partition, { error: new ProtocolFailure(type) }];
      return [partition, { value: { offset: BigInt(offset ?? -1), timestampMs: Number(timestamp ?? -1) } }];
    }),
  );
}

export async function boundsOf(
  call: Call,
  topic: string,
  partitions: readonly Partition[],
): Promise<ByPartition<LogBounds>> {
  // In this order over one connection: retention cannot move the start past an end that was read later.
  const [starts, ends] = await Promise.all([
    listOffsets(call, topic, partitions, () => EARLIEST),
    listOffsets(call, topic, partitions, () => LATEST),
  ]);
  return new Map(
    partitions.map(({ partition }): readonly [number, Answer<LogBounds>] => {
      const [start, end] = [answerIn(starts, partition), answerIn(ends, partition)];
      if ('error' in start) return [partition, start];
      if ('error' in end) return [partition, end];
      return [partition, { value: { start: start.value.offset, end: end.value.offset } }];
    }),
  );
}

/** First record of each partition that is at least as young as its time. */
export async function offsetsAtTime(
  call: Call,
  topic: string,
  partitions: readonly Partition[],
  timeOf: (partition: number) => number,
): Promise<ByPartition<OffsetAtTime>> {
  // Negative times have a meaning of their own, and a fraction does not go into 64 bits.
  return await listOffsets(call, topic, partitions, (partition) =>
    Math.max(0, Math.floor(timeOf(partition)) || 0),
  );
}

export function answerIn<T>(answers: ByPartition<T>, partition: number): Answer<T> {
  return answers.get(partition) ?? { error: new ProtocolFailure('UNKNOWN_TOPIC_OR_PARTITION') };
}

export function valueIn<T>(answers: ByPartition<T>, partition: number): T {
  const answer = answerIn(answers, partition);
  if ('error' in answer) throw answer.error;
  return answer.value;
}
