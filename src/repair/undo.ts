import { stageDefinition } from '../platform/pipeline.ts';
import type { StepStatus } from '../platform/runs.ts';
import type { Action, OffsetMove, Step } from './plan.ts';
import type { PhaseRecord } from './runs.ts';

/** What takes a phase back, and what nothing takes back. */
export interface Undoing {
  readonly steps: readonly Step[];
  /** What a person must look after. */
  readonly leftovers: readonly string[];
  /** What stays and does no harm: an empty topic, an offset where none was. */
  readonly stays: readonly string[];
}

/** catalogue.md 4: a worker gets so long to end what it is doing. */
const STOP_GRACE_SECONDS = 120;
const GROUP_EMPTY_WITHIN_MS = 60_000;

/** Begun and not known to have failed: an act that may have happened is taken back as if it had. */
const MAYBE_DONE: readonly (StepStatus | undefined)[] = ['done', 'intended', 'unknown'];

type ContainerAction = Extract<Action, { readonly kind: 'stop-container' | 'start-container' }>;

interface TouchedContainer {
  readonly action: ContainerAction;
  readonly stage: Step['stage'];
  readonly ranBefore: boolean;
  /** It may run: its start was sent. */
  readonly runsNow: boolean;
  /** The answer to the last act is known. */
  readonly isCertain: boolean;
}

/**
 * Pure: the steps that put back what a phase did, in reverse. `canPutBack` says of a commit whether it still is what we wrote;
 * one that somebody has moved on from is left alone.
 */
export function undoing(phase: PhaseRecord, canPutBack: (step: Step) => boolean): Undoing {
  const begun = phase.plan.steps.filter(({ number }) => MAYBE_DONE.includes(phase.steps.get(number)?.status));
  const containers = touchedContainers(begun, phase);
  const leftovers: string[] = [];
  const stays: string[] = [];
  const numbers = { next: 1 };
  const steps: Step[] = [];
  const add = (step: Omit<Step, 'number'>) => steps.push({ ...step, number: numbers.next++ });

  const stopped = new Set<string>();
  for (const step of begun.toReversed()) {
    const { action } = step;
    const isCertain = phase.steps.get(step.number)?.status === 'done';
    switch (action.kind) {
      case 'produce-record': {
        const { topic, partition } = action.record;
        leftovers.push(
          `the record of payment ${action.payment} ${isCertain ? 'is' : 'may be'} on ${topic}[${partition}]: it cannot be taken back`,
        );
        break;
      }
      case 'create-topic':
        stays.push(
          `topic ${action.topic} ${isCertain ? 'exists' : 'may exist'} now and stays: nothing is deleted`,
        );
        break;
      case 'commit-offsets': {
        const back = movesBack(action.moves);
        for (const move of action.moves) {
          if (!isNumber(move.from)) stays.push(nothingBefore(action.group, move));
        }
        if (back === null) break;
        if (!canPutBack(step)) {
          leftovers.push(
            `${action.group} has moved on since its offsets were committed: they are left as they are`,
          );
          break;
        }
        for (const container of containers.filter((one) => one.runsNow && one.stage === step.stage)) {
          if (!stopped.has(container.action.containerId)) add(stopStep(container, step));
          stopped.add(container.action.containerId);
        }
        add(emptyStep(action.group, step));
        add(commitStep(action.group, back, containers, step));
        break;
      }
      case 'stop-container':
      case 'start-container':
      case 'wait-group-empty':
      case 'wait-member':
      case 'wait-drain':
      case 'instruct':
        break;
      default:
        action satisfies never;
    }
  }
  for (const container of containers.toReversed()) {
    const { action, ranBefore } = container;
    const runsNow = container.runsNow && !stopped.has(action.containerId);
    if (!ranBefore && runsNow) add(stopStep(container, null));
    if (!ranBefore || (runsNow && container.isCertain)) continue;
    const topic = unguardedTopic(container, phase);
    if (topic === null) {
      // A stop that was sent and not answered may still come: it is asked for again before the start.
      if (action.kind === 'stop-container' && !container.isCertain) add(stopStep(container, null));
      add(startStep(container));
      continue;
    }
    leftovers.push(
      `${action.name} stays stopped: started now it would skip what is sent to ${topic}, because no offset is committed there; ` +
        `commit offset 0 of ${topic} for its group, then docker start ${action.name}`,
    );
  }
  return { steps, leftovers, stays };
}

function touchedContainers(begun: readonly Step[], phase: PhaseRecord): readonly TouchedContainer[] {
  const byId = new Map<string, TouchedContainer>();
  for (const { action, stage, number } of begun) {
    if (action.kind !== 'stop-container' && action.kind !== 'start-container') continue;
    const known = byId.get(action.containerId);
    const ranBefore = known?.ranBefore ?? action.kind === 'stop-container';
    const isCertain = phase.steps.get(number)?.status === 'done';
    byId.set(action.containerId, {
      action,
      stage,
      ranBefore,
      runsNow: action.kind === 'start-container',
      isCertain,
    });
  }
  return [...byId.values()];
}

/** A topic that the phase made and that the container's group would read from its end, skipping what comes meanwhile. */
function unguardedTopic({ stage }: TouchedContainer, phase: PhaseRecord): string | null {
  if (stage === null) return null;
  const { topics, group } = stageDefinition(stage);
  const stepsOf = (kind: Action['kind']) => phase.plan.steps.filter(({ action }) => action.kind === kind);
  const isBegun = ({ number }: Step) => MAYBE_DONE.includes(phase.steps.get(number)?.status);
  const isDone = ({ number }: Step) => phase.steps.get(number)?.status === 'done';
  const made = stepsOf('create-topic')
    .filter(isBegun)
    .flatMap(({ action }) => (action.kind === 'create-topic' ? [action.topic] : []));
  const guarded = stepsOf('commit-offsets')
    .filter(isDone)
    .flatMap(({ action }) =>
      action.kind === 'commit-offsets' && action.group === group
        ? action.moves.map(({ topic }) => topic)
        : [],
    );
  return made.find((topic) => topics.includes(topic) && !guarded.includes(topic)) ?? null;
}

function movesBack(moves: readonly OffsetMove[]): readonly [OffsetMove, ...OffsetMove[]] | null {
  const [first, ...rest] = moves.flatMap(({ topic, partition, from, to }) =>
    isNumber(from) ? [{ topic, partition, from: to, to: from }] : [],
  );
  return first === undefined ? null : [first, ...rest];
}

/** A stored code (-2 after a reset) is nothing that may be written. */
function isNumber(from: bigint | null): from is bigint {
  return from !== null && from >= 0n;
}

function nothingBefore(group: string, { topic, partition, to }: OffsetMove): string {
  return `the committed offset ${to} of ${group} on ${topic}[${partition}] stays: none was there before, and none can be put back`;
}

function stopStep({ action, stage }: TouchedContainer, about: Step | null): Omit<Step, 'number'> {
  const { containerId, name, service } = action;
  return {
    ...about,
    repair: about?.repair ?? 'start-worker',
    stage,
    title: `stop container ${name}`,
    action: { kind: 'stop-container', containerId, name, service, graceSeconds: STOP_GRACE_SECONDS },
    before: 'running',
    after: 'exited',
    whySafe: 'it was not running before the run, or its offsets are put back',
    reversibility: 'compensating',
    risk: 'disruptive',
    precondition: { kind: 'none' },
    byHand: `docker stop --time ${STOP_GRACE_SECONDS} ${name}`,
  };
}

function startStep({ action, stage }: TouchedContainer): Omit<Step, 'number'> {
  const { containerId, name, service } = action;
  return {
    repair: 'start-worker',
    stage,
    title: `start container ${name}`,
    action: { kind: 'start-container', containerId, name, service },
    before: 'exited',
    after: 'running',
    whySafe: 'it was running before the run stopped it',
    reversibility: 'compensating',
    risk: 'disruptive',
    precondition: { kind: 'none' },
    byHand: `docker start ${name}`,
  };
}

function emptyStep(group: string, about: Step): Omit<Step, 'number'> {
  return {
    ...about,
    title: `wait until ${group} has no members`,
    action: { kind: 'wait-group-empty', group, withinMs: GROUP_EMPTY_WITHIN_MS },
    before: 'members may still be there',
    after: 'Empty',
    whySafe: 'reads only',
    reversibility: 'reads-only',
    risk: 'safe',
    precondition: { kind: 'none' },
    byHand: `kafka-consumer-groups --describe --state --group ${group}`,
  };
}

function commitStep(
  group: string,
  moves: readonly [OffsetMove, ...OffsetMove[]],
  containers: readonly TouchedContainer[],
  about: Step,
): Omit<Step, 'number'> {
  const places = moves.map(({ topic, partition, to }) => `${topic}:${partition} ${to}`);
  const stopped = containers.filter(({ stage }) => stage === about.stage);
  return {
    ...about,
    title: `put the committed offsets of ${group} back`,
    action: { kind: 'commit-offsets', group, moves },
    before: moves.map(({ topic, partition, from }) => `${topic}[${partition}] ${from}`).join(', '),
    after: moves.map(({ topic, partition, to }) => `${topic}[${partition}] ${to}`).join(', '),
    whySafe: 'they are what the run wrote, and the worker is stopped',
    reversibility: 'exact',
    risk: 'disruptive',
    precondition: {
      kind: 'group-empty',
      group,
      containers: stopped.map(({ action }) => action.containerId),
      moves,
    },
    byHand: `kafka-consumer-groups --group ${group} --reset-offsets --execute, to ${places.join(', ')}`,
  };
}
