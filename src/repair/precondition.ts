/** What a step rests on, read again right before it. Null: it holds; else what is different now. */
import type { GroupPoll } from '../platform/state.ts';
import { committedIn, containerOf, type Hands, isStopped, pollOf, within } from './act.ts';
import type { OffsetMove, Plan, Precondition, Step } from './plan.ts';

const TOPIC_WITHIN_MS = 10_000;

/** Why the payment of a step must not be given its record now; null: it wants it. */
export type WantsRecord = (step: Step) => Promise<string | null>;

export async function drift(
  step: Step,
  hands: Hands,
  refusesRecord: WantsRecord,
  when: 'before-the-run' | 'before-the-step',
): Promise<string | null> {
  const { precondition } = step;
  switch (precondition.kind) {
    case 'none':
      return null;
    case 'container':
      return containerDrift(precondition, hands);
    case 'topic-absent': {
      const found = await hands.kafka.topic(precondition.topic, within(hands, TOPIC_WITHIN_MS));
      return found.kind === 'absent' ? null : `topic ${precondition.topic} exists meanwhile`;
    }
    case 'group-empty': {
      const poll = await pollOf(hands, precondition.group, precondition.moves);
      const moved = movedDrift(precondition.group, precondition.moves, poll);
      if (moved !== null || when === 'before-the-run') return moved;
      return (await runningDrift(precondition.containers, hands)) ?? memberDrift(precondition.group, poll);
    }
    case 'payment-wants-record':
      return refusesRecord(step);
    default:
      return precondition satisfies never;
  }
}

/**
 * Everything that can be told before the first step: the state of a container before the plan touches it, topics, committed offsets
 * and payments. A plan that is stale is refused here, with nothing written.
 */
export async function driftBeforeRun(
  plan: Plan,
  hands: Hands,
  refusesRecord: WantsRecord,
): Promise<string | null> {
  const touched = new Set<string>();
  const made = new Set(
    plan.steps.flatMap(({ action }) => (action.kind === 'create-topic' ? [action.topic] : [])),
  );
  for (const step of plan.steps) {
    const { action, precondition } = step;
    const isLater = precondition.kind === 'container' && touched.has(precondition.containerId);
    // The offsets of a topic that the plan makes cannot be read yet.
    const isOnMadeTopic =
      precondition.kind === 'group-empty' && precondition.moves.some(({ topic }) => made.has(topic));
    if (!isLater && !isOnMadeTopic) {
      const text = await drift(step, hands, refusesRecord, 'before-the-run');
      if (text !== null) return text;
    }
    if (action.kind === 'stop-container' || action.kind === 'start-container')
      touched.add(action.containerId);
  }
  return null;
}

async function containerDrift(
  { containerId, status, startedAtMs }: Extract<Precondition, { readonly kind: 'container' }>,
  hands: Hands,
): Promise<string | null> {
  const found = await containerOf(hands, containerId);
  if (found === undefined) return 'the container was removed or made anew';
  if (!status.includes(found.status))
    return `${found.name} is ${found.status}, it was ${status.join(' or ')}`;
  return startedAtMs === null || found.startedAtMs === startedAtMs
    ? null
    : `${found.name} was started again meanwhile`;
}

function movedDrift(group: string, moves: readonly OffsetMove[], poll: GroupPoll): string | null {
  for (const { topic, partition, from, to } of moves) {
    const now = committedIn(poll, topic, partition);
    const where = `${group} on ${topic}[${partition}]`;
    if (now !== from) return `${where} is at ${now ?? 'none'}, it was at ${from ?? 'none'}`;
    const bounds = poll.partitions.find((one) => one.topic === topic && one.partition === partition)?.bounds;
    if (bounds === undefined || bounds === null) return `the log of ${topic}[${partition}] could not be read`;
    if (to < bounds.start || to > bounds.end)
      return `${topic}[${partition}] holds ${bounds.start}..${bounds.end} now, and ${to} lies outside`;
  }
  return null;
}

/** A handler outlives its membership (platform.md [M]): only a container that was seen stopped makes a commit safe. */
async function runningDrift(containers: readonly string[], hands: Hands): Promise<string | null> {
  for (const id of containers) {
    const found = await containerOf(hands, id);
    if (found !== undefined && !isStopped(found))
      return `${found.name} is ${found.status}, it must be stopped`;
  }
  return null;
}

function memberDrift(group: string, { state, members }: GroupPoll): string | null {
  const isEmpty = (state === 'Empty' || state === 'Dead') && members.length === 0;
  return isEmpty ? null : `${group} is ${state}, members: ${members.length}`;
}
