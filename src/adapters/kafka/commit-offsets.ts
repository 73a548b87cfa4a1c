import { RefusedError } from '../../errors.ts';
import type { OffsetCommit, WriteOutcome } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { describeGroup, placeKey, withCoordinator } from './groups.ts';
import { asWritingBroker, type WritingBroker } from './kafkajs-shape.ts';
import { boundsOf, existingTopic, valueIn } from './topics.ts';
import { COMMIT_OFFSETS } from './write-kinds.ts';
import type { KafkajsWriter, Written } from './writer.ts';

/** Outside of any generation: the broker then takes the commit only while the group has no member. */
const NO_GENERATION = -1;
const NO_MEMBER = '';
/** The first group of a cluster has to wait until the offsets topic is made; 12 tries take 13 s at most. */
const COORDINATOR_TRIES = 12;

/** One OffsetCommit request. kafkajs's resetOffsets stores -1 or -2, and its setOffsets joins the group: neither is used. */
export async function commitOffsets(
  writer: KafkajsWriter,
  groupId: string,
  commits: readonly OffsetCommit[],
  signal: AbortSignal,
): Promise<WriteOutcome> {
  refuseUnclear(groupId, commits);
  const operation = `a commit of consumer group ${groupId}`;
  const { outcome } = await writer.write(COMMIT_OFFSETS, operation, signal, (call) =>
    sendCommits(call, groupId, commits),
  );
  return outcome;
}

function refuseUnclear(groupId: string, commits: readonly OffsetCommit[]): void {
  if (groupId === '' || commits.length === 0) throw unclear(groupId, 'names no group, or no offset');
  const places = new Set<string>();
  for (const { topic, partition, offset } of commits) {
    const place = placeKey(topic, partition);
    if (offset < 0n) throw unclear(groupId, `holds ${offset} for ${topic}[${partition}], which is no offset`);
    if (places.has(place)) throw unclear(groupId, `holds two offsets for ${topic}[${partition}]`);
    places.add(place);
  }
}

function unclear(groupId: string, what: string): RefusedError {
  return new RefusedError(
    'KC_KAFKA_COMMIT_UNCLEAR',
    `the commit of consumer group "${groupId}" ${what}`,
    'nothing was changed; give one real offset for each partition',
  );
}

async function sendCommits(
  call: Call,
  groupId: string,
  commits: readonly OffsetCommit[],
): Promise<Written<null>> {
  const topics = [...new Set(commits.map(({ topic }) => topic))].map((topic) => ({
    topic,
    commits: commits.filter((commit) => commit.topic === topic),
  }));
  // The broker takes any number.
  for (const { topic, commits: ofTopic } of topics) await refuseOutsideLog(call, topic, ofTopic);
  const coordinator = await readyCoordinator(call, groupId);
  const { responses } = await coordinator.offsetCommit({
    groupId,
    groupGenerationId: NO_GENERATION,
    memberId: NO_MEMBER,
    topics: topics.map(({ topic, commits: ofTopic }) => ({
      topic,
      partitions: ofTopic.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    })),
  });
  const codes = new Map(
    responses.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, errorCode }) => [placeKey(topic, partition), errorCode] as const),
    ),
  );
  return { codes: commits.map(({ topic, partition }) => codes.get(placeKey(topic, partition))), value: null };
}

/**
 * A broker is named coordinator before it has taken over its groups, and what it says to a commit in that moment leaves open
 * whether it was stored. Asked for the group, it can be asked again.
 */
async function readyCoordinator(call: Call, groupId: string): Promise<WritingBroker> {
  const found = await withCoordinator(
    call,
    groupId,
    async (broker) => {
      await describeGroup(broker, groupId);
      return broker;
    },
    COORDINATOR_TRIES,
  );
  return asWritingBroker(found);
}

async function refuseOutsideLog(call: Call, topic: string, commits: readonly OffsetCommit[]): Promise<void> {
  const partitions = await existingTopic(call, topic);
  const bounds = await boundsOf(call, topic, partitions);
  for (const { partition, offset } of commits) {
    const { start, end } = valueIn(bounds, partition);
    if (offset >= start && offset <= end) continue;
    throw new RefusedError(
      'KC_KAFKA_COMMIT_OUTSIDE_LOG',
      `offset ${offset} lies outside the log of ${topic}[${partition}], which holds ${start} to ${end}`,
      'nothing was changed; plan again: kc-doctor fix --dry-run',
    );
  }
}
