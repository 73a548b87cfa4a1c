import { durationText } from '../../platform/duration.ts';
import type { PlatformState } from '../../platform/state.ts';
import { paymentsWaitingFor } from '../../platform/waiting.ts';
import {
  connectivityProblem,
  hasJoinedSinceStart,
  isLivingByGroup,
  workerLog,
} from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { type DeployedWorker, isUp, type Judged, perWorker, workerFinding } from './per-worker.ts';

const RECENT_MS = 600_000;

export const workersReachKafka: Check = {
  id: 'containers/workers-reach-kafka',
  title: 'Every worker holds a Kafka connection',
  required: true,
  after: ['containers/workers-running'],
  needs: ['settings', 'containers', 'logs', 'groups', 'topics', 'records'],
  explain:
    'A worker that had joined its group and then loses the broker never exits: it stays up and logs a connection error now and then, on standard error. The newest connection error is compared with the last time that the worker joined. Compare its broker list and its networks with those of a worker that works.',
  examine: (state) =>
    perWorker(
      state,
      (count) => `${count} workers hold a connection`,
      (worker) => (isUp(worker) ? judge(worker, state) : null),
    ),
};

function judge(worker: DeployedWorker, state: PlatformState): Judged {
  const { definition, container } = worker;
  const problem = connectivityProblem(state, definition.worker);
  const isLiving = isLivingByGroup(state, definition);
  if (problem !== null && problem !== 'unseen') {
    const age = state.takenAtMs - problem.line.atMs;
    // A member that was cut off leaves its group after the session timeout; until then the group speaks for it.
    const isOver = problem.joinedSince || isLiving;
    const expected = 'no connection error since its last join';
    const observed = `${problem.line.message}, ${durationText(age)} ago`;
    const hint = `compare KAFKA_BROKERS and networks: docker inspect ${container.name}`;
    if (!isOver) {
      const payments = paymentsWaitingFor(state, definition);
      return workerFinding(worker, { severity: 'fail', observed, expected, hint, payments });
    }
    if (age < RECENT_MS) {
      return workerFinding(worker, {
        severity: 'warn',
        observed: `${observed}, and it holds its group`,
        expected,
        hint,
      });
    }
  }
  if (isLiving || hasJoinedSinceStart(state, definition.worker) === true) return null;
  const log = workerLog(state, definition.worker);
  return {
    gap:
      log.kind === 'unseen'
        ? log.gap
        : {
            system: 'docker',
            operation: `Kafka connection of ${container.name}`,
            code: 'incomplete',
            reason:
              'its log tells neither a join nor a connection error, and no member of its group is its own',
            hint: `docker logs --tail 50 ${container.name}`,
          },
  };
}
