/** The rules of catalogue.md 1.7 in their order: what a committed offset, or none, means for one partition of one group. */
import { blockedRecord, hasHandlerLineFor, lastFinishHereMs } from './deliveries.ts';
import { durationText } from './duration.ts';
import type { Gap } from './observed.ts';
import { headAgeMs, headRecord, lookAtPartition, type PartitionView, unreadCount } from './partition-view.ts';
import type { StageDefinition } from './pipeline.ts';
import type { GroupPoll, PlatformState } from './state.ts';
import type { OffsetVerdict, PartitionVerdict } from './verdict.ts';
import {
  expectedStages,
  hasJoinedSinceStart,
  isCrashForGood,
  isFinishLine,
  isHandlerLine,
  isWorkerRunning,
  joinTimeMs,
  linesSinceStart,
  logReachesStart,
  serviceContainer,
  workerLog,
} from './workers.ts';

/** A commit that a worker made longer ago than this and that is gone has vanished; a younger one may be on its way (guess, A9). */
const FINISHED_LONG_AGO_MS = 600_000;
/** A record in the hands of a hanging worker waits at least this long (guess, A9). */
const HUNG_AFTER_MS = 60_000;
/** A rebalance takes the initial delay of 3 s [M]; not settled after 5 s it is a loop. */
const REBALANCE_SPAN_MS = 5_000;
/** Rules about movement compare polls. */
const POLLS_FOR_MOVEMENT = 3;

interface Judgement {
  readonly verdict: OffsetVerdict;
  readonly because: string;
  readonly gap?: Gap;
}

/** Null: the rule does not hold, ask the next one. */
type Rule = (view: PartitionView) => Judgement | null;

export function offsetVerdict(
  state: PlatformState,
  group: string,
  topic: string,
  partition: number,
): PartitionVerdict {
  const found = lookAtPartition(state, group, topic, partition);
  const about = { group, topic, partition, also: [], committed: null, start: null, end: null, gap: null };
  switch (found.kind) {
    case 'topic-absent':
      return { ...about, verdict: 'topic-absent', because: `topic ${topic} does not exist` };
    case 'no-leader':
      return { ...about, verdict: 'no-leader', because: 'the partition has no leader' };
    case 'unseen': {
      const { committed, gap } = found;
      // A stored code is none, wherever the log begins and ends.
      return committed !== null && committed < -1n
        ? { ...about, committed, verdict: 'sentinel', because: sentinelText(committed) }
        : { ...about, committed, verdict: 'unknown', because: `${gap.operation}: ${gap.reason}`, gap };
    }
    case 'view':
      return judge(found.view);
  }
}

/** One verdict per partition of each expected group; of a topic that could not be read, the partitions that it should have. */
export function expectedVerdicts(state: PlatformState): readonly PartitionVerdict[] {
  return expectedStages(state).flatMap((definition) => stageVerdicts(state, definition));
}

/** As above of one group, expected or not. */
export function stageVerdicts(
  state: PlatformState,
  { group, topics }: StageDefinition,
): readonly PartitionVerdict[] {
  return topics.flatMap((topic) =>
    partitionsOf(state, topic).map((partition) => offsetVerdict(state, group, topic, partition)),
  );
}

function partitionsOf(state: PlatformState, topic: string): readonly number[] {
  const found = state.topics[topic];
  return found?.kind === 'seen' && found.value.kind === 'present'
    ? found.value.partitions.map(({ partition }) => partition)
    : Array.from({ length: state.settings.partitionCount }, (_, index) => index);
}

function judge(view: PartitionView): PartitionVerdict {
  const { verdict, because, gap } = firstThatHolds(view);
  return {
    group: view.group,
    topic: view.topic,
    partition: view.partition,
    verdict,
    also: alsoHolds(view, verdict),
    committed: view.committed,
    start: view.bounds.start,
    end: view.bounds.end,
    because,
    gap: gap ?? null,
  };
}

function firstThatHolds(view: PartitionView): Judgement {
  for (const rule of RULES) {
    const held = rule(view);
    if (held !== null) return held;
  }
  return undecided(view);
}

/** Behind a verdict about the commit itself a dead consumer or a poison record is still worth knowing. */
function alsoHolds(view: PartitionView, verdict: OffsetVerdict): readonly OffsetVerdict[] {
  if (!COMMIT_VERDICTS.includes(verdict)) return [];
  const behind = verdict === 'consumer-stopped' ? [blockedOnRecord] : [consumerStopped, blockedOnRecord];
  return behind.flatMap((rule) => {
    const held = rule(view);
    return held === null || held.verdict === 'unknown' ? [] : [held.verdict];
  });
}

const COMMIT_VERDICTS: readonly OffsetVerdict[] = [
  'ahead-of-log',
  'data-lost',
  'sentinel',
  'never-committed-idle',
  'commit-vanished',
  'never-committed-unowned',
  'never-committed-skipped',
  'consumer-stopped',
];

function holds(verdict: OffsetVerdict, because: string): Judgement {
  return { verdict, because };
}

function cannotTell(gap: Gap): Judgement {
  return { verdict: 'unknown', because: `${gap.operation}: ${gap.reason}`, gap };
}

const sentinelText = (committed: bigint): string => `${committed} is stored, a code and not an offset`;

function aheadOfLog({ committed, bounds }: PartitionView): Judgement | null {
  return committed !== null && committed > bounds.end
    ? holds('ahead-of-log', `committed ${committed} lies beyond the log end ${bounds.end}`)
    : null;
}

function dataLost({ committed, bounds }: PartitionView): Judgement | null {
  return committed !== null && committed >= 0n && committed < bounds.start
    ? holds('data-lost', `${bounds.start - committed} records from ${committed} on are gone from the log`)
    : null;
}

function sentinel({ committed }: PartitionView): Judgement | null {
  return committed !== null && committed < 0n ? holds('sentinel', sentinelText(committed)) : null;
}

function neverCommittedIdle({ committed, bounds }: PartitionView): Judgement | null {
  return committed === null && bounds.start === bounds.end
    ? holds('never-committed-idle', 'no committed offset and no record')
    : null;
}

function commitVanished(view: PartitionView): Judgement | null {
  if (view.committed !== null) return null;
  const finishedAtMs = lastFinishHereMs(view);
  return finishedAtMs !== null && view.state.takenAtMs - finishedAtMs > FINISHED_LONG_AGO_MS
    ? holds('commit-vanished', `no committed offset, although ${view.worker} has finished a record here`)
    : null;
}

function neverCommittedUnowned(view: PartitionView): Judgement | null {
  return view.committed === null && view.polls.every(({ members }) => members.length === 0)
    ? holds(
        'never-committed-unowned',
        `no committed offset and no member: the next start would skip ${unreadCount(view)} records`,
      )
    : null;
}

function neverCommittedSkipped(view: PartitionView): Judgement | null {
  if (view.committed !== null) return null;
  const join = joinTimeMs(view.state, view.worker);
  if (join === null) return cannotTell(unseenLog(view, `when ${view.worker} joined`));
  const head = headRecord(view);
  if (head === null) return cannotTell(unseenHead(view));
  return head.timestampMs < join
    ? holds(
        'never-committed-skipped',
        `no committed offset, and record ${head.offset} is older than the join`,
      )
    : null;
}

function consumerStopped(view: PartitionView): Judgement | null {
  if (unreadCount(view) === 0n || !isWorkerRunning(view.state, view.worker)) return null;
  return isCrashForGood(view.state, view.worker) === true
    ? holds('consumer-stopped', `the consumer of ${view.worker} crashed and does not restart`)
    : null;
}

function blockedOnRecord(view: PartitionView): Judgement | null {
  const isReadable = view.committed === null || view.committed >= 0n;
  if (unreadCount(view) === 0n || !isReadable) return null;
  const blocked = blockedRecord(view);
  if (blocked === null) return null;
  if (blocked === 'unseen') return cannotTell(unseenOfBlocked(view));
  const { offset, letters, deliveries } = blocked;
  const proof = letters > deliveries ? `${letters} dead letters` : `error lines of ${deliveries} deliveries`;
  return holds('blocked-on-record', `${proof} name offset ${offset}`);
}

/** What proves that a record blocks the partition, null if none does, or the gap: for the check that is about this rule alone. */
export function blockedBecause(
  state: PlatformState,
  { group, topic, partition }: Pick<PartitionVerdict, 'group' | 'topic' | 'partition'>,
): string | null | Gap {
  const found = lookAtPartition(state, group, topic, partition);
  if (found.kind === 'unseen') return found.gap;
  const held = found.kind === 'view' ? blockedOnRecord(found.view) : null;
  return held?.gap ?? held?.because ?? null;
}

function neverCommittedPending(view: PartitionView): Judgement | null {
  return view.committed === null
    ? holds('never-committed-pending', 'no committed offset; all records are newer than the join')
    : null;
}

function caughtUp({ committed, bounds }: PartitionView): Judgement | null {
  return committed === bounds.end ? holds('caught-up', `committed ${committed} is the log end`) : null;
}

function inFlight(view: PartitionView): Judgement | null {
  const head = headRecord(view);
  const age = headAgeMs(view);
  if (head === null || age === null) return cannotTell(unseenHead(view));
  // A dead consumer, which only a log tells, has left its group: without the log an owner must show that somebody may read.
  const last = view.polls.at(-1);
  const hasOwner = last?.state === 'Stable' && owns(view, last) === true;
  const isYoung = age < Math.max(rowGraceMs(view), view.state.settings.thresholds.recordReadGraceMs);
  if (isYoung && !hasOwner && isCrashForGood(view.state, view.worker) === null) {
    return cannotTell(unseenLog(view, `whether the consumer of ${view.worker} lives`));
  }
  if (age < view.state.settings.thresholds.recordReadGraceMs) {
    return holds('in-flight', `record ${head.offset} is ${durationText(age)} old`);
  }
  if (age >= rowGraceMs(view)) return null;
  if (workerLog(view.state, view.worker).kind === 'unseen') {
    return cannotTell(unseenLog(view, `whether ${view.worker} handles record ${head.offset}`));
  }
  return hasHandlerLineFor(view, head)
    ? holds('in-flight', `${view.worker} handles record ${head.offset}, ${durationText(age)} old`)
    : null;
}

function rowGraceMs({ state, stage }: PartitionView): number {
  const { thresholds } = state.settings;
  switch (stage) {
    case 'purchase':
      return thresholds.purchaseRowGraceMs;
    case 'allocation':
      return thresholds.allocationRowGraceMs;
    case 'sessions':
      return thresholds.sessionsGraceMs;
    case 'cache':
      return thresholds.cacheGraceMs;
    // A notification leaves no row: being read is all that is waited for.
    case 'notification':
      return thresholds.recordReadGraceMs;
  }
}

function tooFewPolls(view: PartitionView): Judgement | null {
  if (view.polls.length >= POLLS_FOR_MOVEMENT && view.looks.length === view.polls.length) return null;
  return cannotTell({
    system: 'kafka',
    operation: `offsets of ${view.group} over time`,
    code: 'no-time',
    reason: `${view.looks.length} of ${POLLS_FOR_MOVEMENT} looks were taken`,
    hint: 'run again with a longer --timeout',
  });
}

function evicted(view: PartitionView): Judgement | null {
  const { state, worker } = view;
  if (!everyState(view, ['Empty']) || !isWorkerRunning(state, worker)) return null;
  if (hasJoinedSinceStart(state, worker) !== true) return null;
  const last = linesSinceStart(state, worker)?.findLast(isHandlerLine);
  if (last === undefined) return null;
  const age = state.takenAtMs - last.atMs;
  return age < state.settings.thresholds.logSilenceMs
    ? holds('evicted', `the group is Empty, yet ${worker} handled a record ${durationText(age)} ago`)
    : null;
}

function unowned(view: PartitionView): Judgement | null {
  if (!everyState(view, ['Empty', 'Dead'])) return null;
  const log = workerLog(view.state, view.worker);
  // A container that is not there has no log to be missed.
  const isAbsent = serviceContainer(view.state, view.worker).kind === 'absent';
  const caveat = log.kind === 'unseen' && !isAbsent ? `; the log of ${view.worker} was not seen` : '';
  return holds('unowned', `no member at ${view.polls.length} looks${caveat}`);
}

function rebalancing(view: PartitionView): Judgement | null {
  const unsettled = view.polls.filter(({ state }) => !['Stable', 'Empty', 'Dead', 'Unknown'].includes(state));
  const [first] = unsettled;
  const last = unsettled.at(-1);
  const spanMs = first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
  if (spanMs >= REBALANCE_SPAN_MS) return holds('rebalancing', `rebalancing for ${durationText(spanMs)}`);
  return view.polls.every(hasNewMember)
    ? holds('rebalancing', `other members at each of ${view.polls.length} looks`)
    : null;
}

function hasNewMember(poll: GroupPoll, index: number, polls: readonly GroupPoll[]): boolean {
  const before = polls[index - 1];
  if (before === undefined) return poll.members.length > 0;
  const known = new Set(before.members.map(({ memberId }) => memberId));
  return poll.members.some(({ memberId }) => !known.has(memberId));
}

function unassigned(view: PartitionView): Judgement | null {
  return everyState(view, ['Stable']) && view.polls.every((poll) => owns(view, poll) === false)
    ? holds('unassigned', 'the group is Stable, and no member owns the partition')
    : null;
}

/** Null where a member's assignment could not be read. */
function owns({ topic, partition }: PartitionView, { members }: GroupPoll): boolean | null {
  const isOwner = members.some(({ assignment }) =>
    assignment?.some((one) => one.topic === topic && one.partition === partition),
  );
  if (isOwner) return true;
  return members.some(({ assignment }) => assignment === null) ? null : false;
}

function rewound({ looks }: PartitionView): Judgement | null {
  const fall = looks.findIndex(({ committed }, index) => {
    const before = looks[index - 1]?.committed ?? null;
    return before !== null && committed !== null && committed < before;
  });
  return fall === -1
    ? null
    : holds(
        'rewound',
        `the committed offset fell from ${looks[fall - 1]?.committed} to ${looks[fall]?.committed}`,
      );
}

function hung(view: PartitionView): Judgement | null {
  const { state, worker } = view;
  const isOwned = everyState(view, ['Stable']) && view.polls.every((poll) => owns(view, poll) === true);
  const age = headAgeMs(view);
  if (!isOwned || !isStill(view) || age === null || age < HUNG_AFTER_MS) return null;
  const log = workerLog(state, worker);
  const lines = linesSinceStart(state, worker);
  if (log.kind === 'unseen' || lines === null) return cannotTell(unseenLog(view, `what ${worker} does`));
  // Without a handler line since start it may be a worker that never began: "does nothing" would be a guess.
  if (!lines.some(isHandlerLine)) return null;
  const { lastLineAtMs } = log.value;
  const silence = lastLineAtMs === null ? null : state.takenAtMs - lastLineAtMs;
  return silence !== null && silence > state.settings.thresholds.logSilenceMs
    ? holds(
        'hung',
        `the committed offset stands still, and ${worker} has logged nothing for ${durationText(silence)}`,
      )
    : null;
}

function isStill({ looks }: PartitionView): boolean {
  return looks.every(({ committed }) => committed === looks[0]?.committed);
}

interface Movement {
  readonly risen: bigint;
  readonly lagGrew: bigint;
}

function movement({ looks, bounds }: PartitionView): Movement | null {
  const first = looks[0];
  const last = looks.at(-1);
  if (first === undefined || last === undefined || first.committed === null || last.committed === null) {
    return null;
  }
  const risen = last.committed - first.committed;
  if (first.bounds === null) return null;
  return { risen, lagGrew: (last.bounds ?? bounds).end - first.bounds.end - risen };
}

function catchingUp(view: PartitionView): Judgement | null {
  const moved = movement(view);
  return moved !== null && moved.risen > 0n && moved.lagGrew < 0n
    ? holds('catching-up', `${moved.risen} records read between the looks, ${unreadCount(view)} left`)
    : null;
}

function slow(view: PartitionView): Judgement | null {
  const moved = movement(view);
  if (moved !== null && moved.risen > 0n) {
    return holds('slow', `${moved.risen} records read between the looks, and the lag does not shrink`);
  }
  const last = linesSinceStart(view.state, view.worker)?.findLast(isFinishLine);
  if (!isStill(view) || last === undefined) return null;
  const age = view.state.takenAtMs - last.atMs;
  return age < view.state.settings.thresholds.logSilenceMs
    ? holds('slow', `${view.worker} handled a record ${durationText(age)} ago`)
    : null;
}

const RULES: readonly Rule[] = [
  aheadOfLog,
  dataLost,
  sentinel,
  neverCommittedIdle,
  commitVanished,
  neverCommittedUnowned,
  neverCommittedSkipped,
  consumerStopped,
  blockedOnRecord,
  neverCommittedPending,
  caughtUp,
  inFlight,
  tooFewPolls,
  evicted,
  unowned,
  rebalancing,
  unassigned,
  rewound,
  hung,
  catchingUp,
  slow,
];

function undecided(view: PartitionView): Judgement {
  const worker = logReachesStart(view.state, view.worker) ? view.worker : `${view.worker}, its log cut short`;
  return cannotTell({
    system: 'kafka',
    operation: `progress of ${view.group} on ${view.topic}[${view.partition}]`,
    code: 'incomplete',
    reason: `${unreadCount(view)} unread, and nothing tells whether they wait or are handled by ${worker}`,
    hint: 'look again in a minute',
  });
}

function everyState({ polls }: PartitionView, states: readonly GroupPoll['state'][]): boolean {
  return polls.every(({ state }) => states.includes(state));
}

function unseenHead(view: PartitionView): Gap {
  if (view.head.kind === 'unseen') return view.head.gap;
  return {
    system: 'kafka',
    operation: `oldest unread record of ${view.topic}[${view.partition}]`,
    code: 'incomplete',
    reason: 'no record lies between the committed offset and the log end',
    hint: 'look again in a minute',
  };
}

function unseenLog({ state, worker }: PartitionView, operation: string): Gap {
  const log = workerLog(state, worker);
  if (log.kind === 'unseen') return { ...log.gap, operation };
  return {
    system: 'docker',
    operation,
    code: 'incomplete',
    reason: `the log of ${worker} was read only in part`,
    hint: 'run again with a longer --timeout',
  };
}

function unseenOfBlocked(view: PartitionView): Gap {
  if (view.head.kind === 'unseen') return view.head.gap;
  if (view.state.deadLetters.kind === 'unseen') return view.state.deadLetters.gap;
  return unseenLog(view, `failures of ${view.topic}[${view.partition}]`);
}
