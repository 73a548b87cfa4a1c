import { RefusedError } from '../../errors.ts';
import type { ProduceOutcome, RecordToProduce } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { asWritingBroker, type MessageToProduce } from './kafkajs-shape.ts';
import { ProtocolFailure } from './protocol.ts';
import { existingPartition } from './topics.ts';
import { PRODUCE_RECORD } from './write-kinds.ts';
import type { KafkajsWriter, Written } from './writer.ts';

/** All in-sync replicas. */
const ACKS_ALL = -1;

/** One Produce request. kafkajs's producer sends again after a lost answer, and so may write a record twice. */
export async function produceRecord(
  writer: KafkajsWriter,
  record: RecordToProduce,
  signal: AbortSignal,
): Promise<ProduceOutcome> {
  const message = messageOf(record);
  const operation = `a record in ${record.topic}[${record.partition}]`;
  const { outcome, value } = await writer.write(PRODUCE_RECORD, operation, signal, (call) =>
    sendRecord(call, record, message, writer.timeoutMs),
  );
  return { outcome, offset: value };
}

async function sendRecord(
  call: Call,
  { topic, partition }: RecordToProduce,
  message: MessageToProduce,
  timeout: number,
): Promise<Written<bigint | null>> {
  const { leader } = await existingPartition(call, topic, partition);
  if (leader === null) throw new ProtocolFailure('LEADER_NOT_AVAILABLE');
  const broker = asWritingBroker(await call.client.broker(leader, call.context));
  const { topics } = await broker.produce({
    acks: ACKS_ALL,
    timeout,
    topicData: [{ topic, partitions: [{ partition, messages: [message] }] }],
  });
  const answer = topics.flatMap(({ partitions }) => partitions).find((one) => one.partition === partition);
  const offset = answer?.baseOffset === undefined ? null : BigInt(answer.baseOffset);
  return { codes: [answer?.errorCode], value: offset };
}

/** @internal */
export function messageOf({ topic, key, value, headers }: RecordToProduce): MessageToProduce {
  const byName = new Map<string, Buffer[]>();
  for (const header of headers) {
    byName.set(header.name, [...(byName.get(header.name) ?? []), bytesOf(header.value)]);
  }
  const grouped = Object.fromEntries(byName);
  // kafkajs takes an object, which keeps repeated names together and puts names that are numbers first.
  const written = Object.entries(grouped).flatMap(([name, values]) => values.map(() => name));
  if (headers.some(({ name }, index) => written[index] !== name)) {
    throw new RefusedError(
      'KC_KAFKA_HEADER_ORDER',
      `the headers of a record for ${topic} cannot be written in their order: ${headers.map(({ name }) => name).join(', ')}`,
      'nothing was changed; produce this record by hand',
    );
  }
  return {
    key: key === null ? null : bytesOf(key),
    value: value === null ? null : bytesOf(value),
    headers: grouped,
  };
}

/** kafkajs writes anything but a Buffer as text. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
