/** Everything that the rules of offset-verdict.ts ask about one partition of one group, gathered once. */
import type { Gap, Observed } from './observed.ts';
import { PIPELINE, type Stage, type StageDefinition } from './pipeline.ts';
import type { GroupPoll, LogBounds, PlatformState, PolledPartition, RecordSeen } from './state.ts';

export interface PartitionView {
  readonly state: PlatformState;
  readonly stage: Stage;
  readonly worker: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly polls: readonly [GroupPoll, ...GroupPoll[]];
  /** Entries of the partition in each poll; shorter than the polls where one lacks it. */
  readonly looks: readonly PolledPartition[];
  /** Stored number at the last look; null: no committed offset. */
  readonly committed: bigint | null;
  readonly bounds: LogBounds;
  readonly head: Observed<RecordSeen | null>;
}

export type PartitionLookup =
  | { readonly kind: 'topic-absent' }
  | { readonly kind: 'no-leader' }
  | { readonly kind: 'unseen'; readonly gap: Gap; readonly committed: bigint | null }
  | { readonly kind: 'view'; readonly view: PartitionView };

export function definitionOf(group: string): StageDefinition {
  const found = PIPELINE.find((definition) => definition.group === group);
  if (found === undefined) throw new Error(`no such group in the pipeline: ${group}`);
  return found;
}

export function lookAtPartition(
  state: PlatformState,
  group: string,
  topic: string,
  partition: number,
): PartitionLookup {
  const name = `${topic}[${partition}]`;
  const unseen = (gap: Gap, committed: bigint | null = null): PartitionLookup => ({
    kind: 'unseen',
    gap,
    committed,
  });
  const seenTopic = state.topics[topic];
  if (seenTopic === undefined) return unseen(notRead(`topic ${topic}`));
  if (seenTopic.kind === 'unseen') return unseen(seenTopic.gap);
  if (seenTopic.value.kind === 'absent') return { kind: 'topic-absent' };
  const metadata = seenTopic.value.partitions.find((one) => one.partition === partition);
  if (metadata === undefined) return unseen(notRead(`partition ${name}`));
  if (metadata.leader === null) return { kind: 'no-leader' };

  const seenGroup = state.groups[group];
  if (seenGroup === undefined) return unseen(notRead(`committed offsets of ${group}`));
  if (seenGroup.kind === 'unseen') return unseen(seenGroup.gap);
  const { polls } = seenGroup.value;
  const looks = polls.flatMap((poll) =>
    poll.partitions.filter((one) => one.topic === topic && one.partition === partition),
  );
  const last = looks.at(-1);
  if (last === undefined) return unseen(notRead(`committed offset of ${group} on ${name}`));
  // -1 is how brokers answer "no committed offset" (OffsetFetch); readers already say null.
  const committed = last.committed === -1n ? null : last.committed;
  const bounds = last.bounds ?? (metadata.bounds.kind === 'seen' ? metadata.bounds.value : null);
  if (bounds === null) {
    const gap = metadata.bounds.kind === 'unseen' ? metadata.bounds.gap : notRead(`log ends of ${name}`);
    return unseen(gap, committed);
  }
  const { stage, worker } = definitionOf(group);
  const head = state.records.heads[`${group} ${topic} ${partition}`] ?? {
    kind: 'unseen',
    gap: notRead(`oldest unread record of ${name}`),
  };
  return {
    kind: 'view',
    view: { state, stage, worker, group, topic, partition, polls, looks, committed, bounds, head },
  };
}

function notRead(operation: string): Gap {
  return {
    system: 'kafka',
    operation,
    code: 'not-attempted',
    reason: 'it was not read',
    hint: 'run again with a longer --timeout',
  };
}

/** Records from the committed offset (none, or one below the log: from its start) to the end. */
export function unreadCount({ committed, bounds }: PartitionView): bigint {
  const from = committed === null || committed < bounds.start ? bounds.start : committed;
  return from < bounds.end ? bounds.end - from : 0n;
}

export function headRecord(view: PartitionView): RecordSeen | null {
  return view.head.kind === 'seen' ? view.head.value : null;
}

/** Age of the oldest unread record; null where it is unseen or the log holds none there. */
export function headAgeMs(view: PartitionView): number | null {
  const head = headRecord(view);
  return head === null ? null : view.state.takenAtMs - head.timestampMs;
}
