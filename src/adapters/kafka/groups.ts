import { setTimeout as sleep } from 'node:timers/promises';
import { DependencyError } from '../../errors.ts';
import { OFFSETS_TOPIC } from '../../platform/pipeline.ts';
import { GROUP_STATES, type GroupMember, type GroupPoll, type GroupStateName } from '../../platform/state.ts';
import type { GroupQuestion } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { typeOf } from './errors.ts';
import type { DescribeGroupsAnswer, ReadingBroker } from './kafkajs-shape.ts';
import { errorType, failOnCode, STALE_COORDINATOR } from './protocol.ts';

/** A coordinator that is being elected answers within a few hundred milliseconds (seen on young clusters). */
const COORDINATOR_TRIES = 4;
const COORDINATOR_PAUSE_MS = 200;
const GROUP_COORDINATOR = 0;

export type Existence = 'present' | 'absent' | 'unknown';

/**
 * Looking for a coordinator makes the broker create the offsets topic where there is none, so it is looked for by name. A
 * login without a right on that topic is told the same of one that exists and one that does not; a group that is listed
 * proves it then.
 */
export async function offsetsTopic(call: Call): Promise<Existence> {
  const answer = await call.client.metadata([OFFSETS_TOPIC], call.context);
  const code = answer.topicMetadata.find(({ topic }) => topic === OFFSETS_TOPIC)?.topicErrorCode ?? -1;
  switch (errorType(code)) {
    case null:
      return 'present';
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return 'absent';
    case 'TOPIC_AUTHORIZATION_FAILED': {
      const groups = await listedGroups(call);
      return groups !== null && groups.length > 0 ? 'present' : 'unknown';
    }
    default:
      failOnCode(code);
      return 'unknown';
  }
}

/** Groups of all brokers that the login may see; null where listing was refused. */
export async function listedGroups(call: Call): Promise<readonly string[] | null> {
  const found: string[] = [];
  for (const { nodeId } of call.client.nodes) {
    const listed = await listGroups(await call.client.broker(nodeId, call.context));
    if (listed === null) return null;
    found.push(...listed);
  }
  return [...new Set(found)].sort();
}

async function listGroups(broker: ReadingBroker): Promise<readonly string[] | null> {
  const { errorCode, groups } = await broker.listGroups();
  if (errorType(errorCode) === 'CLUSTER_AUTHORIZATION_FAILED') return null;
  failOnCode(errorCode);
  return groups.map(({ groupId }) => groupId);
}

type GroupAnswer = Pick<GroupPoll, 'state' | 'listed' | 'members'> & {
  readonly committed: ReadonlyMap<string, bigint>;
};

export const NO_GROUP: GroupAnswer = { state: 'Dead', listed: false, members: [], committed: new Map() };

/** Only where the offsets topic exists. */
export async function askGroup(
  call: Call,
  question: GroupQuestion,
  decodeAssignment: (bytes: Buffer) => unknown,
): Promise<GroupAnswer> {
  return await withCoordinator(call, question.groupId, async (coordinator) => {
    const [described, committed] = await Promise.all([
      describeGroup(coordinator, question.groupId),
      committedOffsets(coordinator, question),
    ]);
    const state = stateOf(described.state);
    // A group of the new protocol (KIP-848) is `Dead` to this request while it lives: only the list tells.
    const listed = state === 'Dead' ? await isListed(coordinator, question.groupId) : true;
    return {
      state,
      listed,
      members: described.members.map((member) => memberOf(member, described.protocolType, decodeAssignment)),
      committed,
    };
  });
}

/** `body` is run again where the coordinator has moved: it must only read. */
export async function withCoordinator<T>(
  call: Call,
  groupId: string,
  body: (broker: ReadingBroker) => Promise<T>,
  tries: number = COORDINATOR_TRIES,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const asked = await call.client.anyBroker(call.context);
      const answer = await asked.findGroupCoordinator({ groupId, coordinatorType: GROUP_COORDINATOR });
      failOnCode(answer.errorCode);
      return await body(await call.client.broker(answer.coordinator.nodeId, call.context));
    } catch (error) {
      if (attempt >= tries || !STALE_COORDINATOR.includes(typeOf(error) ?? '')) throw error;
    }
    await sleep(COORDINATOR_PAUSE_MS * attempt, undefined, { signal: call.signal });
  }
}

export async function describeGroup(
  broker: ReadingBroker,
  groupId: string,
): Promise<DescribeGroupsAnswer['groups'][number]> {
  const { groups } = await broker.describeGroups({ groupIds: [groupId] });
  const group = groups.find((candidate) => candidate.groupId === groupId);
  if (group === undefined)
    throw new Error(`the description leaves out the group that was asked for, ${groupId}`);
  failOnCode(group.errorCode);
  return group;
}

async function isListed(broker: ReadingBroker, groupId: string): Promise<boolean | null> {
  const groups = await listGroups(broker);
  return groups === null ? null : groups.includes(groupId);
}

function stateOf(text: string): GroupStateName {
  return GROUP_STATES.find((state) => state === text) ?? 'Unknown';
}

function memberOf(
  member: DescribeGroupsAnswer['groups'][number]['members'][number],
  protocolType: string,
  decodeAssignment: (bytes: Buffer) => unknown,
): GroupMember {
  const { memberId, clientId, clientHost, memberAssignment } = member;
  // Other protocols (Kafka Connect) put something else into these bytes.
  const bytes = protocolType === 'consumer' ? memberAssignment : null;
  return {
    memberId,
    clientId,
    clientHost,
    assignment: bytes === null ? null : assignmentOf(bytes, decodeAssignment),
  };
}

/**
 * Null while the group rebalances: the bytes are then empty.
 *
 * @internal
 */
export function assignmentOf(bytes: Buffer, decode: (bytes: Buffer) => unknown): GroupMember['assignment'] {
  let decoded: unknown;
  try {
    decoded = decode(bytes);
  } catch (error) {
    // kafkajs reads past the end of bytes that are no assignment; what such a member reads is not known.
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
  if (typeof decoded !== 'object' || decoded === null || !('assignment' in decoded)) return null;
  return Object.entries(decoded.assignment as Readonly<Record<string, readonly number[]>>)
    .flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })))
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

export function placeKey(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}

/** As stored: -2 where a tool committed a code instead of an offset. A partition without commit has no entry. */
async function committedOffsets(
  broker: ReadingBroker,
  question: GroupQuestion,
): Promise<ReadonlyMap<string, bigint>> {
  // No topics at all would mean all topics of the group.
  if (question.topics.length === 0) return new Map();
  const answer = await broker.offsetFetch({
    groupId: question.groupId,
    topics: question.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((partition) => ({ partition })),
    })),
  });
  failOnCode(answer.errorCode ?? 0);
  const committed = new Map<string, bigint>();
  for (const { topic, partitions } of answer.responses) {
    for (const { partition, offset, errorCode } of partitions) {
      failOnCode(errorCode);
      if (offset !== '-1') committed.set(placeKey(topic, partition), BigInt(offset));
    }
  }
  return committed;
}

export function offsetsTopicUnknown(call: Call): DependencyError {
  return new DependencyError(
    'KC_KAFKA_OFFSETS_TOPIC_RIGHT',
    `Kafka at ${call.context.address} does not say whether ${OFFSETS_TOPIC} exists, and asking for a group where it does not would create it`,
    `grant DESCRIBE on the topic ${OFFSETS_TOPIC}: kc-doctor config --grants`,
    { system: 'kafka', operation: call.context.operation, gapCode: 'unauthorized' },
  );
}
