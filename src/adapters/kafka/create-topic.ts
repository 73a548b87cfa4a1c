import { setTimeout as sleep } from 'node:timers/promises';
import { DependencyError, RefusedError } from '../../errors.ts';
import type { NewTopic, WriteOutcome } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { asWritingBroker, type WritingBroker } from './kafkajs-shape.ts';
import { findTopic } from './topics.ts';
import { CREATE_TOPIC } from './write-kinds.ts';
import type { KafkajsWriter, Written } from './writer.ts';

/** Leaders are elected within a second or so; what lasts longer is for the verification to say (catalogue.md, create-topics). */
const LEADERS_WITHIN_MS = 30_000;
const LEADERS_PAUSE_MS = 50;

export async function createTopic(
  writer: KafkajsWriter,
  topic: NewTopic,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  refuseDefaults(topic);
  const { outcome } = await writer.write(
    CREATE_TOPIC,
    `the creation of topic ${topic.name}`,
    signal,
    (call) => sendCreation(call, topic, writer.timeoutMs),
  );
  if (outcome === 'done') await untilLed(writer, topic, signal);
  return outcome;
}

/** -1 would leave the number to the broker, and a plan names it. */
function refuseDefaults({ name, partitions, replicationFactor }: NewTopic): void {
  const isCount = (count: number): boolean => Number.isSafeInteger(count) && count > 0;
  if (name !== '' && isCount(partitions) && isCount(replicationFactor)) return;
  throw new RefusedError(
    'KC_KAFKA_TOPIC_COUNTS',
    `topic "${name}" was to be created with ${partitions} partitions and replication factor ${replicationFactor}`,
    'give a name, and for both a whole number above 0',
  );
}

async function sendCreation(call: Call, topic: NewTopic, timeout: number): Promise<Written<null>> {
  const controller = await controllerOf(call, topic.name);
  const { topicErrors } = await controller.createTopics({
    topics: [
      { topic: topic.name, numPartitions: topic.partitions, replicationFactor: topic.replicationFactor },
    ],
    timeout,
  });
  return { codes: [topicErrors.find((one) => one.topic === topic.name)?.errorCode], value: null };
}

/** A broker of a KRaft cluster names any broker, which passes the request on. */
async function controllerOf(call: Call, topic: string): Promise<WritingBroker> {
  const { controllerId = -1 } = await call.client.metadata([topic], call.context);
  const broker =
    controllerId < 0
      ? await call.client.anyBroker(call.context)
      : await call.client.broker(controllerId, call.context);
  return asWritingBroker(broker);
}

/** The topic is there already: what goes wrong from here on does not make it undone. */
async function untilLed(writer: KafkajsWriter, topic: NewTopic, signal: AbortSignal): Promise<void> {
  const endsAtMs = performance.now() + LEADERS_WITHIN_MS;
  while (!signal.aborted && performance.now() < endsAtMs) {
    if (await isLed(writer, topic, signal)) return;
    await sleep(LEADERS_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function isLed(
  writer: KafkajsWriter,
  { name, partitions }: NewTopic,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const found = await writer.look(`the leaders of topic ${name}`, signal, (call) => findTopic(call, name));
    return found?.length === partitions && found.every(({ leader }) => leader !== null);
  } catch (error) {
    // A topic this young may be said to be absent, or not available, by a broker that has not heard of it.
    if (error instanceof DependencyError) return false;
    throw error;
  }
}
