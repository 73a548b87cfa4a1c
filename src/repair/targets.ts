/**
 * What a repair needs to know of one worker and its group before it touches either. Terms. Unusable: no committed offset beside
 * records, or one that lies outside the log; a worker that joins then starts at the end and skips what is there.
 */
import { durationText } from '../platform/duration.ts';
import type { Gap } from '../platform/observed.ts';
import { offsetVerdict } from '../platform/offset-verdict.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import type { PartitionVerdict } from '../platform/verdict.ts';
import { isHandlerLine, isMemberOf, linesSinceStart, serviceContainer } from '../platform/workers.ts';
import type { Refusal, RepairId } from './plan.ts';

/** Why something cannot be done, before it is known which repair is told so. */
export interface Obstacle {
  readonly reason: string;
  readonly hint: string;
}

export const isObstacle = (found: object): found is Obstacle => 'reason' in found && 'hint' in found;

export function refusal(
  repair: RepairId,
  stage: Stage | null,
  { reason, hint }: Obstacle,
  payments: Refusal['payments'] = [],
): Refusal {
  return { repair, stage, reason, hint, payments };
}

export const isRefusal = (found: object): found is Refusal => 'repair' in found && 'reason' in found;

export const unseenObstacle = (gap: Gap): Obstacle => ({
  reason: `${gap.operation} was not seen: ${gap.reason}`,
  hint: gap.hint,
});

// --- partitions

export interface PartitionStanding {
  readonly topic: string;
  readonly partition: number;
  /** Null: no committed offset. */
  readonly committed: bigint | null;
  readonly start: bigint;
  readonly end: bigint;
  readonly verdict: PartitionVerdict;
  /** `idle`: nothing is committed and nothing is there. */
  readonly commit: 'usable' | 'idle' | 'unusable';
}

/** All partitions of the topics of a stage; a topic that is absent and one without leader are obstacles. */
export function standingsOf(
  state: PlatformState,
  stage: Stage,
  topics: readonly string[] = stageDefinition(stage).topics,
): readonly PartitionStanding[] | Obstacle {
  const { group } = stageDefinition(stage);
  const found: PartitionStanding[] = [];
  for (const topic of topics) {
    const seenTopic = state.topics[topic];
    if (seenTopic?.kind !== 'seen') {
      return seenTopic === undefined
        ? { reason: `the topic ${topic} was not read`, hint: 'kc-doctor config --check' }
        : unseenObstacle(seenTopic.gap);
    }
    if (seenTopic.value.kind === 'absent') {
      return { reason: `the topic ${topic} does not exist`, hint: 'kc-doctor fix create-topics' };
    }
    for (const { partition, leader, bounds } of seenTopic.value.partitions) {
      if (leader === null) {
        return {
          reason: `${topic}[${partition}] has no leader`,
          hint: `start the broker that holds it: kafka-topics --describe --topic ${topic}`,
        };
      }
      const verdict = offsetVerdict(state, group, topic, partition);
      const start = verdict.start ?? (bounds.kind === 'seen' ? bounds.value.start : null);
      const end = verdict.end ?? (bounds.kind === 'seen' ? bounds.value.end : null);
      if (start === null || end === null || state.groups[group]?.kind !== 'seen') {
        return unseenObstacle(verdict.gap ?? notPolled(group, topic, partition));
      }
      const { committed } = verdict;
      found.push({
        topic,
        partition,
        committed,
        start,
        end,
        verdict,
        commit: commitUse(committed, start, end),
      });
    }
  }
  return found;
}

function notPolled(group: string, topic: string, partition: number): Gap {
  return {
    system: 'kafka',
    operation: `committed offset of ${group} on ${topic}[${partition}]`,
    code: 'not-attempted',
    reason: 'it was not read',
    hint: 'run again with a longer --timeout',
  };
}

function commitUse(committed: bigint | null, start: bigint, end: bigint): PartitionStanding['commit'] {
  if (committed !== null && committed >= start && committed <= end) return 'usable';
  return committed === null && start === end ? 'idle' : 'unusable';
}

/** Where the group goes on reading; of an unusable commit that is the end, since a joining worker starts there. */
export const readsFrom = ({ committed, commit, end }: PartitionStanding): bigint =>
  commit === 'usable' && committed !== null ? committed : end;

export const hasUnread = (standing: PartitionStanding): boolean => readsFrom(standing) < standing.end;

export const place = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}[${partition}]`;

/** A consumer that died on a record dies on it again within 20 ms of joining (platform.md [M]). */
export function deadConsumer(standings: readonly PartitionStanding[]): Obstacle | null {
  const dead = standings.find(
    ({ verdict }) => verdict.verdict === 'consumer-stopped' || verdict.also.includes('consumer-stopped'),
  );
  return dead === undefined
    ? null
    : {
        reason: `the consumer died on a record of ${place(dead)} and would die on it again`,
        hint: 'that record has to be passed first (quarantine-record): kc-doctor explain consumer-dead-in-running-container',
      };
}

// --- containers

/** Why Docker cannot be told what to do with this worker; else its container. */
export function workerToAct(state: PlatformState, stage: Stage): ContainerState | Obstacle {
  const { worker } = stageDefinition(stage);
  if (state.settings.runtime === 'none') {
    return {
      reason: `${worker} runs where no container runtime can be asked (runtime: none)`,
      hint: `start or stop ${worker} with what runs it, then kc-doctor`,
    };
  }
  const found = serviceContainer(state, worker);
  if (found.kind === 'unseen') return unseenObstacle(found.gap);
  if (found.kind === 'absent') {
    return {
      reason: `${worker} has no container`,
      hint: `add it to docker-compose.yml, then docker compose create ${worker} and kc-doctor fix; not "up", which would start it before its offsets were looked at`,
    };
  }
  const others = siblings(state, found.container);
  if (others.length > 0) {
    return {
      reason: `${worker} has more than one container: ${[found.container.name, ...others].join(', ')}`,
      hint: `remove the one that is not wanted: docker rm ${others[0]}`,
    };
  }
  if (found.container.status === 'paused') {
    return {
      reason: `${found.container.name} is paused, and a person paused it`,
      hint: `docker unpause ${found.container.name}`,
    };
  }
  if (found.container.status === 'removing' || found.container.status === 'dead') {
    return {
      reason: `${found.container.name} is ${found.container.status}`,
      hint: `docker compose up --no-start --force-recreate ${worker}, then kc-doctor fix`,
    };
  }
  return found.container;
}

function siblings(state: PlatformState, container: ContainerState): readonly string[] {
  if (state.containers.kind === 'unseen') return [];
  return state.containers.value.containers
    .filter((one) => one.service === container.service && !one.oneOff && one.id !== container.id)
    .map(({ name }) => name);
}

export const isUp = ({ status }: ContainerState): boolean => status === 'running' || status === 'restarting';

/** As `containers/workers-steady` judges, and a container that gave up after as many restarts. */
export function isLooping(state: PlatformState, container: ContainerState): boolean {
  const { restartLoopCount, restartLoopWindowMs } = state.settings.thresholds;
  const { status, restartCount, startedAtMs, exitCode } = container;
  if (status === 'restarting') return true;
  if (restartCount < restartLoopCount) return false;
  if (status === 'running')
    return startedAtMs === null || state.takenAtMs - startedAtMs < restartLoopWindowMs;
  return exitCode !== 0;
}

export function loopObstacle(container: ContainerState): Obstacle {
  return {
    reason: `${container.name} dies at its start again and again`,
    hint: `read its last lines: docker logs --tail 50 ${container.name}`,
  };
}

/** What ends a delivery in the log. */
const ENDS = [
  'purchase-created',
  'event-emitted',
  'allocation-verified',
  'sessions-created',
  'skipped-processed',
  'retried-ok',
  'sent-to-dlq',
  'consumer-crash',
  'consumer-crash-final',
  'consumer-stopped',
  'consumer-restarting',
  'joined',
  'fatal',
] as const;

/**
 * A worker is stopped between handlers only: one that is cut off between its row and its event loses the event. A record that it
 * took up and has said nothing more about for longer than the silence hangs, and is cut off knowingly.
 */
export function stopObstacle(state: PlatformState, container: ContainerState): Obstacle | null {
  if (!isUp(container) || container.status === 'restarting') return null;
  const { service, name } = container;
  const lines = service === null ? null : linesSinceStart(state, service);
  if (lines === null) {
    return {
      reason: `whether ${name} is in the middle of a record was not seen`,
      hint: `docker logs --tail 20 ${name}, then run again with a longer --timeout`,
    };
  }
  const last = lines.findLast((line) => isHandlerLine(line) || ENDS.some((kind) => kind === line.kind));
  if (last === undefined || !isHandlerLine(last)) return null;
  const silence = state.settings.thresholds.logSilenceMs;
  return state.takenAtMs - last.atMs >= silence
    ? null
    : {
        reason: `${name} is in the middle of a record`,
        hint: `wait until it has finished, at most ${durationText(silence)}, then kc-doctor fix`,
      };
}

/** Members that a stop of our worker would not remove: the group would never be Empty. */
export function strangerObstacle(state: PlatformState, stage: Stage): Obstacle | null {
  const { group, worker } = stageDefinition(stage);
  const seenGroup = state.groups[group];
  if (seenGroup?.kind !== 'seen') return null;
  const strangers =
    seenGroup.value.polls.at(-1)?.members.filter((member) => !isMemberOf(state, member, worker)) ?? [];
  const [stranger] = strangers;
  return stranger === undefined
    ? null
    : {
        reason: `${stranger.clientId} at ${stranger.clientHost} is a member of ${group} and is not ${worker}`,
        hint: `stop that client first: kafka-consumer-groups --describe --group ${group} --members`,
      };
}
