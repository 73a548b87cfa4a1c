import { durationText } from '../../platform/duration.ts';
import type { ContainerState, PlatformState } from '../../platform/state.ts';
import { paymentsWaitingFor } from '../../platform/waiting.ts';
import type { Check } from '../check.ts';
import { downText } from './down.ts';
import { perWorker, workerFinding } from './per-worker.ts';

export const workersSteady: Check = {
  id: 'containers/workers-steady',
  title: 'No worker keeps restarting',
  required: true,
  after: ['containers/workers-deployed'],
  needs: ['settings', 'containers', 'groups', 'topics', 'records'],
  explain:
    'A worker that cannot reach Kafka lives 10 to 24 s, which resets the back-off of Docker: it shows as Up in nearly every look while its restart count grows. So the restart count and the last start are judged, not the word Up. Read its last lines, standard error included, for the reason; the out-of-memory flag is shown where it is set.',
  examine: (state) =>
    perWorker(
      state,
      (count) => `${count} workers are steady`,
      (worker) => {
        const problem = problemOf(worker.container, state);
        if (problem === null) return null;
        return workerFinding(worker, {
          ...problem,
          expected: `fewer than ${state.settings.thresholds.restartLoopCount} restarts`,
          hint: `read its last lines: docker logs --tail 50 ${worker.container.name}`,
          payments: problem.severity === 'fail' ? paymentsWaitingFor(state, worker.definition) : [],
        });
      },
    ),
};

function problemOf(
  container: ContainerState,
  { takenAtMs, settings: { thresholds } }: PlatformState,
): { readonly severity: 'warn' | 'fail'; readonly observed: string } | null {
  const { status, restartCount, startedAtMs, oomKilled } = container;
  const memory = oomKilled ? ', out of memory' : '';
  if (status === 'restarting') {
    return { severity: 'fail', observed: `${downText(container, takenAtMs)}, ${restartCount} restarts` };
  }
  if (status !== 'running' || restartCount < thresholds.restartLoopCount) return null;
  const up = startedAtMs === null ? 0 : takenAtMs - startedAtMs;
  return {
    severity: up < thresholds.restartLoopWindowMs ? 'fail' : 'warn',
    observed: `up for ${durationText(up)}, ${restartCount} restarts${memory}`,
  };
}
