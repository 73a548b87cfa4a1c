import { durationText } from '../../platform/duration.ts';
import type { LogLine } from '../../platform/log-line.ts';
import type { ContainerLog, PlatformState } from '../../platform/state.ts';
import { isFinishLine, workerLog } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { type DeployedWorker, isUp, type Judged, perWorker, workerFinding } from './per-worker.ts';

/** A stretch of log this long without a database error is taken for a sign, where the log does not reach back to the start (guess, A9). */
const COVERED_MS = 600_000;
/** The pool drops a connection that the server has closed while nobody used it, and opens another: no event fails. */
const IDLE_CLIENT = /^(?:\[\w+\] )?Unexpected error on idle client\b/;

export const workersReachPostgres: Check = {
  id: 'containers/workers-reach-postgres',
  title: 'Every worker reaches the database',
  required: true,
  after: ['containers/workers-running'],
  needs: ['settings', 'containers', 'logs'],
  explain:
    'Postgres is managed and outside the compose network. A refused connection, a failed login or too many clients fail every record until they are over; the records come back by themselves afterwards. The newest such line is compared with the last event that the worker finished. Check POSTGRES_URL, TLS and the connection limit.',
  examine: (state) =>
    perWorker(
      state,
      (count) => `${count} workers, no database error`,
      (worker) => (isUp(worker) ? judge(worker, state) : null),
    ),
};

function judge(worker: DeployedWorker, state: PlatformState): Judged {
  const log = workerLog(state, worker.definition.worker);
  if (log.kind === 'unseen') return { gap: log.gap };
  const { lines } = log.value;
  const error = lines.findLastIndex(
    ({ kind, message }) => kind === 'database-connection' && !IDLE_CLIENT.test(message),
  );
  const line = lines[error];
  if (line === undefined) return isCovering(log.value) ? null : { gap: tooShort(worker) };
  const isOlderRun = line.atMs < (worker.container.startedAtMs ?? 0);
  const hasWorked = lines.slice(error + 1).some((later) => isFinishLine(later) || isSettled(later, state));
  if (hasWorked && isOlderRun) return null;
  const age = durationText(state.takenAtMs - line.atMs);
  return workerFinding(worker, {
    severity: hasWorked || isOlderRun ? 'warn' : 'fail',
    observed: `${line.message}, ${age} ago${hasWorked ? ', events handled since' : ''}`,
    expected: 'no database error since its last finished event',
    hint: 'check POSTGRES_URL, TLS and connection limits of the worker',
  });
}

/** Not every worker logs its finish: an event that came after the last error and had its time counts as well. */
function isSettled({ kind, atMs }: LogLine, { takenAtMs, settings }: PlatformState): boolean {
  return kind === 'received' && takenAtMs - atMs > settings.thresholds.cacheGraceMs;
}

function isCovering({ reachesStart, fromMs, toMs }: ContainerLog): boolean {
  return reachesStart || (fromMs !== null && toMs - fromMs >= COVERED_MS);
}

function tooShort({ container }: DeployedWorker) {
  return {
    system: 'docker',
    operation: `log of ${container.name}`,
    code: 'incomplete',
    reason: 'what was read of the log is too short to miss a database error in it',
    hint: `docker logs ${container.name}`,
  } as const;
}
