import type { ContainerState } from '../../platform/state.ts';
import { paymentsWaitingFor } from '../../platform/waiting.ts';
import type { Check } from '../check.ts';
import { downText } from './down.ts';
import { isUp, perWorker, workerFinding } from './per-worker.ts';

/** A polite restart leaves its container exited for a moment, and Docker waits 10 s for a worker to end: no longer than that is a stop. */
const RESTART_MS = 10_000;

function isBeingRestarted({ status, exitCode, finishedAtMs }: ContainerState, nowMs: number): boolean {
  return status === 'exited' && exitCode === 0 && finishedAtMs !== null && nowMs - finishedAtMs < RESTART_MS;
}

export const workersRunning: Check = {
  id: 'containers/workers-running',
  title: 'Every deployed worker is up',
  required: true,
  after: ['containers/workers-deployed'],
  needs: ['settings', 'containers', 'groups', 'topics', 'records'],
  explain:
    'A worker that is created, exited, paused or dead reads nothing, and its payments wait. With the restart policy unless-stopped Docker starts a worker again after a crash, so one that stays exited was stopped by somebody. Exit code 137 alone is no memory problem: a stop in the middle of a handler ends with it too. Start it with kc-doctor fix start-worker, which looks at its committed offsets first.',
  examine: (state) =>
    perWorker(
      state,
      (count) => (count === 1 ? '1 worker runs' : `${count} workers run`),
      (worker) => {
        if (isUp(worker)) return null;
        const payments = paymentsWaitingFor(state, worker.definition);
        const one = payments.length === 1 ? '1 payment waits' : `${payments.length} payments wait`;
        const waiting = payments.length === 0 ? '' : `; ${one}`;
        return workerFinding(worker, {
          severity: isBeingRestarted(worker.container, state.takenAtMs) ? 'warn' : 'fail',
          observed: `${downText(worker.container, state.takenAtMs)}${waiting}`,
          expected: 'running',
          hint: `kc-doctor fix start-worker (by hand: docker start ${worker.container.name})`,
          payments,
        });
      },
    ),
};
