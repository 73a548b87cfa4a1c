/** The steps that several repairs share, each with its words, its precondition and the same by hand. */
import type { PaymentId } from '../platform/ids.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import type { Action, DraftStep, OffsetMove, RepairId } from './plan.ts';
import { isLooping, place } from './targets.ts';

/** A worker in the middle of a handler is given this long before it is killed (design.md 5). */
const STOP_GRACE_SECONDS = 120;
/** A polite leave is seen at once, a killed member after the session timeout of 30 s (platform.md [M]). */
const EMPTY_WITHIN_MS = 60_000;
/** From a start to the join 3.4 s pass (platform.md [M]). */
const MEMBER_WITHIN_MS = 60_000;

type Positions = Extract<Action, { kind: 'wait-drain' }>['positions'];

export interface Owner {
  readonly repair: RepairId;
  readonly stage: Stage;
}

export function stopStep(owner: Owner, state: PlatformState, container: ContainerState): DraftStep {
  const { worker, group } = stageDefinition(owner.stage);
  const isRestless = container.restartCount > 0 || container.status === 'restarting';
  return {
    ...owner,
    title: `stop container ${container.name}`,
    action: {
      kind: 'stop-container',
      containerId: container.id,
      name: container.name,
      service: container.service ?? worker,
      graceSeconds: STOP_GRACE_SECONDS,
    },
    before: isLooping(state, container) ? 'starting again and again' : 'running',
    after: 'exited',
    whySafe: `${worker} is between two records, and what is sent meanwhile waits in its topics; it is started again below`,
    reversibility: 'compensating',
    risk: 'disruptive',
    precondition: {
      kind: 'container',
      containerId: container.id,
      status: ['running', 'restarting'],
      // A container that keeps restarting has another start at every look.
      startedAtMs: isRestless ? null : container.startedAtMs,
    },
    byHand: `docker stop --time ${STOP_GRACE_SECONDS} ${container.name}   # ends the membership in ${group}`,
  };
}

export function waitEmptyStep(owner: Owner): DraftStep {
  const { group } = stageDefinition(owner.stage);
  return {
    ...owner,
    title: `wait until ${group} is Empty`,
    action: { kind: 'wait-group-empty', group, withinMs: EMPTY_WITHIN_MS },
    before: 'its worker may still be a member',
    after: 'Empty or Dead, no member',
    whySafe: 'looks only',
    reversibility: 'reads-only',
    risk: 'safe',
    precondition: { kind: 'none' },
    byHand: `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --describe --group ${group} --state`,
  };
}

export function commitStep(
  owner: Owner,
  moves: readonly [OffsetMove, ...OffsetMove[]],
  words: { readonly whySafe: string; readonly isDestructive: boolean },
  container: ContainerState | null,
): DraftStep {
  const { group } = stageDefinition(owner.stage);
  return {
    ...owner,
    title: `commit ${moves.length === 1 ? 'an offset' : `${moves.length} offsets`} of ${group}`,
    action: { kind: 'commit-offsets', group, moves },
    before: moves.map((move) => `${place(move)} at ${move.from ?? 'none'}`).join(', '),
    after: moves.map((move) => `${place(move)} at ${move.to}`).join(', '),
    whySafe: words.whySafe,
    // What it replaces is no offset, or one outside the log: putting that back would skip what waits.
    reversibility: 'compensating',
    risk: words.isDestructive ? 'destructive' : 'disruptive',
    precondition: {
      kind: 'group-empty',
      group,
      containers: container === null ? [] : [container.id],
      moves,
    },
    byHand: moves
      .map(
        ({ topic, partition, to }) =>
          `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --group ${group} --topic ${topic}:${partition} --reset-offsets --to-offset ${to} --execute`,
      )
      .join(' && '),
  };
}

/** `stoppedByUs`: an earlier step of the plan stops it, so its present state is not what this step will find. */
export function startStep(
  owner: Owner,
  container: ContainerState,
  words: { readonly whySafe: string; readonly stoppedByUs: boolean },
): DraftStep {
  const { worker, group } = stageDefinition(owner.stage);
  return {
    ...owner,
    title: `start container ${container.name}`,
    action: {
      kind: 'start-container',
      containerId: container.id,
      name: container.name,
      service: container.service ?? worker,
    },
    before: words.stoppedByUs ? 'exited' : stoppedText(container),
    after: `running, member of ${group} within ${MEMBER_WITHIN_MS / 1000} s`,
    whySafe: words.whySafe,
    reversibility: 'compensating',
    risk: 'disruptive',
    precondition: {
      kind: 'container',
      containerId: container.id,
      status: words.stoppedByUs ? ['exited'] : [container.status],
      startedAtMs: words.stoppedByUs ? null : container.startedAtMs,
    },
    byHand: `docker start ${container.name}`,
  };
}

function stoppedText({ status, exitCode }: ContainerState): string {
  return exitCode === null || status === 'created' ? status : `${status} (${exitCode})`;
}

export function waitMemberStep(owner: Owner): DraftStep {
  const { group, worker } = stageDefinition(owner.stage);
  return {
    ...owner,
    title: `wait until ${worker} has joined ${group}`,
    action: { kind: 'wait-member', group, withinMs: MEMBER_WITHIN_MS },
    before: 'no member',
    after: `Stable, with ${worker} as member`,
    whySafe: 'looks only',
    reversibility: 'reads-only',
    risk: 'safe',
    precondition: { kind: 'none' },
    byHand: `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --describe --group ${group} --members`,
  };
}

const ROW_OF: Readonly<Partial<Record<Stage, string>>> = {
  purchase: 'a purchase',
  allocation: 'an allocation',
  sessions: 'its sessions',
};

export function waitDrainStep(
  owner: Owner,
  positions: Positions,
  payments: readonly PaymentId[],
  withinMs: number,
): DraftStep {
  const { group } = stageDefinition(owner.stage);
  const row = ROW_OF[owner.stage];
  const last = positions.map((position) => `${place(position)} @ ${position.offset}`).join(', ');
  return {
    ...owner,
    title: `wait until ${group} has read ${last}`,
    action: { kind: 'wait-drain', group, positions, payments, withinMs },
    before: 'unread',
    after:
      row === undefined || payments.length === 0
        ? 'read'
        : payments.length === 1
          ? `read, and the payment has ${row}`
          : `read, and each of ${payments.length} payments has ${row}`,
    whySafe: 'looks only',
    reversibility: 'reads-only',
    risk: 'safe',
    precondition: { kind: 'none' },
    byHand: `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --describe --group ${group}`,
  };
}
