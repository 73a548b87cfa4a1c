import { PIPELINE } from '../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import { serviceContainer } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import { clockTime, definitionOf, noMemberReading, opposes, supports, workerReading } from './readings.ts';

const STOPPED: readonly ContainerState['status'][] = ['created', 'exited', 'paused', 'dead'];
const isStopped = ({ status }: ContainerState): boolean => STOPPED.includes(status);

function stoppedText(container: ContainerState, state: PlatformState): string {
  const { name, status, exitCode, finishedAtMs, restartPolicy } = container;
  if (status === 'paused') return `${name} is paused`;
  if (status === 'created') return `${name} was created and never started`;
  const when = finishedAtMs === null ? '' : ` at ${clockTime(finishedAtMs, state)}`;
  const byHand =
    restartPolicy === 'unless-stopped' || restartPolicy === 'always'
      ? '; its restart policy says that somebody stopped it'
      : '';
  return `${name} is ${status} (code ${exitCode ?? 'unknown'})${when}${byHand}`;
}

export const workerStopped: Cause = {
  id: 'worker-stopped',
  title: 'The worker is not running',
  explains: [{ stages: 'any', roles: ['read', 'row', 'out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: the same claim as "not deployed".
  prior: 0.95,
  evidence: [
    supports(
      'container-stopped',
      'containers',
      'decisive',
      (question) =>
        workerReading(
          question,
          (container) =>
            isStopped(container)
              ? { holds: true, text: stoppedText(container, question.state) }
              : { holds: false, text: `${container.name} is ${container.status}` },
          { holds: false, text: `${definitionOf(question).worker} has no container` },
        ),
      { discriminates: true },
    ),
    supports('no-member', 'groups', 'moderate', noMemberReading),
    opposes('running-or-absent', 'containers', 'decisive', (question) =>
      workerReading(
        question,
        (container) => ({ holds: !isStopped(container), text: `${container.name} is ${container.status}` }),
        { holds: true, text: `${definitionOf(question).worker} has no container that could have stopped` },
      ),
    ),
  ],
  rival: 'worker-crash-loop',
  probe: 'read the restart count twice: docker inspect -f "{{.RestartCount}}"',
  hurts: 'stage',
  repairs: ['move-offsets', 'start-worker'],
  explain:
    'The container of this step exists and does not run. With "restart: unless-stopped" a container that is exited was stopped by somebody. What was sent meanwhile waits in the topic; started again, the worker goes on where its group had committed.',
  onsetMs: ({ state, ...question }) => {
    const found = serviceContainer(state, definitionOf({ state, ...question }).worker);
    return found.kind === 'seen' && isStopped(found.container) ? found.container.finishedAtMs : null;
  },
  latent: (state) =>
    PIPELINE.flatMap(({ stage, worker }) => {
      const found = serviceContainer(state, worker);
      return found.kind === 'seen' && isStopped(found.container)
        ? [{ stage, text: stoppedText(found.container, state) }]
        : [];
    }),
};
