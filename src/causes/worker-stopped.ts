import { PIPELINE } from '../platform/pipeline.ts';
import { stillStopped } from '../platform/runs-seen.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import { serviceContainer } from '../platform/workers.ts';
import type { Cause, Question, Reading } from './cause.ts';
import {
  clockTime,
  definitionOf,
  noMemberReading,
  opposes,
  reading,
  supports,
  unseenReading,
  workerReading,
} from './readings.ts';

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

/** A run of ours that stopped it and did not start it again. */
function stoppedByRunReading(question: Question): Reading {
  const { state } = question;
  const { worker } = definitionOf(question);
  const found = serviceContainer(state, worker);
  if (state.runs?.kind !== 'seen' || found.kind === 'unseen') return unseenReading('runs');
  const ours = found.kind === 'seen' ? found.container.id : null;
  for (const run of state.runs.value) {
    const stop = stillStopped(state, run).find(({ containerId }) => containerId === ours);
    if (stop === undefined) continue;
    const did = stop.isCertain ? 'stopped it' : 'was about to stop it';
    const since = run.end === null ? 'has not ended' : `ended ${run.end.kind}`;
    const text = `run ${run.run} by ${run.operator} ${did} at ${clockTime(stop.atMs, state)} and ${since}`;
    return reading(true, text, `runs ${run.run}`);
  }
  return reading(false, `no run of kc-doctor stopped ${worker}`, 'runs');
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
    // The same fact as the container's own state, so it adds no weight to it: it says who.
    supports('stopped-by-run', 'containers', 'weak', stoppedByRunReading),
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
    if (found.kind !== 'seen' || !isStopped(found.container)) return null;
    const { startedAtMs, finishedAtMs } = found.container;
    if (startedAtMs === null || finishedAtMs === null) return finishedAtMs;
    // A start that died before a record had to be read, such as a repair that failed, tells nothing of the time before it.
    const isTooShort = finishedAtMs - startedAtMs < state.settings.thresholds.recordReadGraceMs;
    return isTooShort ? null : finishedAtMs;
  },
  latent: (state) =>
    PIPELINE.flatMap(({ stage, worker }) => {
      const found = serviceContainer(state, worker);
      return found.kind === 'seen' && isStopped(found.container)
        ? [{ stage, text: stoppedText(found.container, state) }]
        : [];
    }),
};
