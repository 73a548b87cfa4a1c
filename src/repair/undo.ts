import { stageDefinition } from '../platform/pipeline.ts';
import { isMaybeDone } from '../platform/runs.ts';
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
 * Pure: the steps that put back what a phase did, in reverse. `refusesReading` says why a worker must not be let at what it reads
 * from its new offsets; null: it may. A committed offset is never put back: what was there before lies outside the log, so that
 * whoever starts from it skips what waits.
 */
export function undoing(phase: PhaseRecord, refusesReading: string | null): Undoing {
  const begun = phase.plan.steps.filter(({ number }) => isMaybeDone(phase.steps.get(number)?.status));
  const containers = touchedContainers(begun, phase);
  const leftovers: string[] = [];
  const stays: string[] = [];
  const numbers = { next: 1 };
  const steps: Step[] = [];
  const add = (step: Omit<Step, 'number'>) => steps.push({ ...step, number: numbers.next++ });

  for (const step of begun.toReversed()) {
    const { action } = step;
    const isCertain = phase.steps.get(step.number)?.status === 'done';
    switch (action.kind) {
      case 'produce-record': {
        const { topic, partition } = action.record;
        leftovers.push(
          `the record of payment ${action.payment} ${isCertain ? 'was' : 'may have been'} sent to ${topic}[${partition}]: it cannot be taken back`,
        );
        break;
      }
      case 'create-topic':
        stays.push(
          `topic ${action.topic} ${isCertain ? 'exists' : 'may exist'} now and stays: nothing is deleted`,
        );
        break;
      case 'commit-offsets':
        stays.push(...action.moves.map((move) => staysCommitted(action.group, move, isCertain)));
        break;
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
    const { action, ranBefore, runsNow } = container;
    if (!ranBefore && runsNow) add(stopStep(container));
    if (!ranBefore || (runsNow && container.isCertain)) continue;
    const topic = unguardedTopic(container, phase);
    if (topic !== null) {
      leftovers.push(
        `${action.name} stays stopped: started now it would skip what is sent to ${topic}, because no offset is committed there; ` +
          `commit offset 0 of ${topic} for its group, then docker start ${action.name}`,
      );
    } else if (refusesReading !== null && hasMoved(phase, container.stage)) {
      leftovers.push(
        `${action.name} stays stopped: it would read what must not be read (${refusesReading}); settle that, then docker start ${action.name}`,
      );
    } else {
      // A stop that was sent and not answered may still come: it is asked for again before the start.
      if (action.kind === 'stop-container' && !container.isCertain) add(stopStep(container));
      add(startStep(container));
    }
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
  const isBegun = ({ number }: Step) => isMaybeDone(phase.steps.get(number)?.status);
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

/** The group of a stage may begin elsewhere than before the phase. */
export function hasMoved({ plan, steps }: PhaseRecord, stage: Step['stage']): boolean {
  return plan.steps.some(
    (step) =>
      step.action.kind === 'commit-offsets' &&
      step.stage === stage &&
      isMaybeDone(steps.get(step.number)?.status),
  );
}

function staysCommitted(
  group: string,
  { topic, partition, from, to }: OffsetMove,
  isCertain: boolean,
): string {
  const what = `the committed offset ${to} of ${group} on ${topic}[${partition}] ${isCertain ? 'stays' : 'may be there and stays'}`;
  return from === null
    ? `${what}: none was there before, and none can be put back`
    : `${what}: from ${from}, which was there before, nothing can be read`;
}

function stopStep({ action, stage }: TouchedContainer): Omit<Step, 'number'> {
  const { containerId, name, service } = action;
  return {
    repair: 'start-worker',
    stage,
    title: `stop container ${name}`,
    action: { kind: 'stop-container', containerId, name, service, graceSeconds: STOP_GRACE_SECONDS },
    before: 'running',
    after: 'exited',
    whySafe: 'it was not running before the run, or is started again below',
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
