/** What containers, logs and groups say about one worker. Null always means: could not tell. */
import type { LogKind, LogLine } from './log-line.ts';
import type { Gap, Observed } from './observed.ts';
import { PIPELINE, type StageDefinition } from './pipeline.ts';
import type { ContainerLog, ContainerState, GroupMember, PlatformState } from './state.ts';

/** An event received, tried or failed. */
const HANDLER_LINES: readonly LogKind[] = ['received', 'processing', 'attempt-failed'];
/** A row made or verified, an event emitted; not "Message processed successfully" nor "Operation succeeded after retry". */
const FINISH_LINES: readonly LogKind[] = [
  'purchase-created',
  'event-emitted',
  'allocation-verified',
  'sessions-created',
];
const CONNECTIVITY_LINES: readonly LogKind[] = [
  'connection-refused',
  'connection-unresolvable',
  'connection-timeout',
];

export const isHandlerLine = (line: LogLine): boolean => HANDLER_LINES.includes(line.kind);
export const isFinishLine = (line: LogLine): boolean => FINISH_LINES.includes(line.kind);

/** Lines about the connection to the broker: only kafkajs tells, a worker's own refused line may be about another system. */
const isKafkaConnectivityLine = (line: LogLine): boolean =>
  CONNECTIVITY_LINES.includes(line.kind) && line.logger === 'kafkajs';

/** Stages whose worker this platform must have; notification only where it is configured. */
export function expectedStages(state: PlatformState): readonly StageDefinition[] {
  return PIPELINE.filter(({ worker }) => state.settings.expectedWorkers.includes(worker));
}

export type ContainerLookup =
  | { readonly kind: 'seen'; readonly container: ContainerState }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unseen'; readonly gap: Gap };

/**
 * The container of a worker or another service; of several the one that runs, newest first. Absent needs proof: another expected
 * worker of the project on this daemon, or a configuration that says that this is the only host.
 */
export function serviceContainer(state: PlatformState, service: string): ContainerLookup {
  if (state.containers.kind === 'unseen') return { kind: 'unseen', gap: state.containers.gap };
  const { containers } = state.containers.value;
  const [best] = containersOf(containers, service);
  if (best !== undefined) return { kind: 'seen', container: best };
  const { expectedWorkers, singleHost } = state.settings;
  const hasSibling = containers.some(
    (one) => !one.oneOff && one.service !== null && expectedWorkers.includes(one.service),
  );
  if (singleHost || hasSibling) return { kind: 'absent' };
  return {
    kind: 'unseen',
    gap: {
      system: 'docker',
      operation: `container of ${service}`,
      code: 'incomplete',
      reason: 'no expected worker of the platform is on this daemon, so it may run on another host',
      hint: 'point DOCKER_HOST at the host of the workers, or set singleHost: true if this is the only one',
    },
  };
}

/** Running before restarting before the rest, newest start first. */
function containersOf(containers: readonly ContainerState[], service: string): readonly ContainerState[] {
  const rank = ({ status }: ContainerState): number =>
    status === 'running' ? 0 : status === 'restarting' ? 1 : 2;
  return containers
    .filter((one) => one.service === service && !one.oneOff)
    .toSorted(
      (a, b) => rank(a) - rank(b) || (b.startedAtMs ?? b.createdAtMs) - (a.startedAtMs ?? a.createdAtMs),
    );
}

/** True where its container is up; null where that could not be seen. */
export function isWorkerRunning(state: PlatformState, service: string): boolean | null {
  const found = serviceContainer(state, service);
  if (found.kind === 'unseen') return null;
  return found.kind === 'seen' && found.container.status === 'running';
}

export function workerLog(state: PlatformState, service: string): Observed<ContainerLog> {
  const found = serviceContainer(state, service);
  if (found.kind === 'unseen') return found;
  const name = found.kind === 'seen' ? found.container.name : service;
  return (
    state.logs[name] ?? {
      kind: 'unseen',
      gap: {
        system: 'docker',
        operation: `log of ${name}`,
        code: found.kind === 'absent' ? 'not-configured' : 'not-attempted',
        reason: found.kind === 'absent' ? 'the container is absent' : 'its log was not read',
        hint: `docker logs ${name}`,
      },
    }
  );
}

/** Lines newer than the present start of the container; null where log or start are unseen. */
export function linesSinceStart(state: PlatformState, service: string): readonly LogLine[] | null {
  const found = serviceContainer(state, service);
  const log = workerLog(state, service);
  if (found.kind !== 'seen' || log.kind === 'unseen') return null;
  const { startedAtMs } = found.container;
  return startedAtMs === null ? null : log.value.lines.filter(({ atMs }) => atMs >= startedAtMs);
}

/** Whether every line since the container's present start was read: only then a missing line means something. */
export function logReachesStart(state: PlatformState, service: string): boolean {
  const log = workerLog(state, service);
  return log.kind === 'seen' && log.value.reachesStart;
}

export function hasJoinedSinceStart(state: PlatformState, service: string): boolean | null {
  const lines = linesSinceStart(state, service);
  if (lines === null) return null;
  if (lines.some(({ kind }) => kind === 'joined')) return true;
  return logReachesStart(state, service) ? false : null;
}

/** The later of container start and last join line. */
export function joinTimeMs(state: PlatformState, service: string): number | null {
  const found = serviceContainer(state, service);
  const lines = linesSinceStart(state, service);
  if (found.kind !== 'seen' || lines === null) return null;
  const last = lines.findLast(({ kind }) => kind === 'joined');
  if (last !== undefined) return last.atMs;
  return logReachesStart(state, service) ? found.container.startedAtMs : null;
}

/**
 * kafkajs does not restart its consumer after a TypeError, RangeError, SyntaxError or ReferenceError (platform.md [M]): a final
 * crash and "Stopped" since start, then neither a restart nor a join. Returns when, false, or null.
 */
export function crashForGoodAtMs(state: PlatformState, service: string): number | false | null {
  const lines = linesSinceStart(state, service);
  if (lines === null) return null;
  const crashLine = lines.findLast(({ kind }) => kind === 'consumer-crash-final');
  if (crashLine === undefined) {
    const isCovered = logReachesStart(state, service) || lines.some(({ kind }) => kind === 'joined');
    return isCovered ? false : null;
  }
  const { atMs: crashedMs } = crashLine;
  // What kafkajs says in one millisecond has no order of its own: a stop or restart then belongs to the crash, a join came before it.
  const isBack = lines.some(
    ({ kind, atMs }) =>
      (kind === 'joined' && atMs > crashedMs) || (kind === 'consumer-restarting' && atMs >= crashedMs),
  );
  const hasStopped = lines.some(({ kind, atMs }) => kind === 'consumer-stopped' && atMs >= crashedMs);
  return hasStopped && !isBack ? crashedMs : false;
}

export function isCrashForGood(state: PlatformState, service: string): boolean | null {
  const at = crashForGoodAtMs(state, service);
  return at === null ? null : at !== false;
}

export interface ConnectivityProblem {
  readonly line: LogLine;
  /** The worker has joined its group again after that line. */
  readonly joinedSince: boolean;
}

/**
 * The newest line about an unreachable broker; null: none in what was read; unseen: no log. Lines of earlier starts count: a worker
 * that cannot reach Kafka dies after 10 to 24 s and begins its next run in silence (platform.md [M]).
 */
export function connectivityProblem(
  state: PlatformState,
  service: string,
): ConnectivityProblem | null | 'unseen' {
  const log = workerLog(state, service);
  if (log.kind === 'unseen') return 'unseen';
  const { lines } = log.value;
  const last = lines.findLastIndex(isKafkaConnectivityLine);
  const line = lines[last];
  if (line === undefined) return null;
  return { line, joinedSince: lines.slice(last + 1).some(({ kind }) => kind === 'joined') };
}

/** A member is ours if it connects from the worker's container, or names the worker in its client id. */
export function isMemberOf(state: PlatformState, member: GroupMember, service: string): boolean {
  if (member.clientId.includes(service)) return true;
  if (state.containers.kind === 'unseen') return false;
  const host = member.clientHost.replace(/^\//, '');
  return containersOf(state.containers.value.containers, service).some(({ networks }) =>
    networks.some(({ ipAddress }) => ipAddress !== null && ipAddress === host),
  );
}

/** Stable at the last look with a member of ours: the worker lives, whatever its log no longer holds. */
export function isLivingByGroup(state: PlatformState, definition: StageDefinition): boolean {
  const group = state.groups[definition.group];
  if (group?.kind !== 'seen') return false;
  const last = group.value.polls.at(-1);
  return (
    last?.state === 'Stable' && last.members.some((member) => isMemberOf(state, member, definition.worker))
  );
}
