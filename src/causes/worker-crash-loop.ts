import type { LogKind } from '../platform/log-line.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import { linesSinceStart, serviceContainer } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  definitionOf,
  lineReading,
  ofKinds,
  opposes,
  supports,
  unseenReading,
  workerReading,
} from './readings.ts';

/** Docker says "Up" between two deaths (110 of 110 samples, platform.md [M]): the restart count and the start time tell. */
function isLooping(
  { status, restartCount, startedAtMs }: ContainerState,
  { settings, takenAtMs }: PlatformState,
): boolean {
  const { restartLoopCount, restartLoopWindowMs } = settings.thresholds;
  const isYoung = startedAtMs !== null && takenAtMs - startedAtMs < restartLoopWindowMs;
  return status === 'restarting' || (restartCount >= restartLoopCount && isYoung && status === 'running');
}

/** A worker that dies of these has a cause of its own; what it met and survived before its last words does not count. */
const OTHER_CAUSES: readonly LogKind[] = [
  'topic-not-hosted',
  'connection-refused',
  'connection-unresolvable',
  'connection-timeout',
  'undefined-column',
];

export const workerCrashLoop: Cause = {
  id: 'worker-crash-loop',
  title: 'The worker dies at its start again and again',
  explains: [{ stages: 'any', roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'restart-loop',
      'containers',
      'decisive',
      (question) =>
        workerReading(
          question,
          (container) => ({
            holds: isLooping(container, question.state),
            text: `${container.name} is ${container.status}, ${container.restartCount} restarts${container.oomKilled ? ', killed for want of memory' : ''}`,
          }),
          { holds: false, text: `${definitionOf(question).worker} has no container` },
        ),
      { discriminates: true },
    ),
    supports('fatal-line', 'logs', 'strong', (question) => {
      const last = lineReading(question, ofKinds('fatal'), {
        found: (line) => `its last words: ${line.message}`,
        missing: 'its log holds no fatal error',
      });
      // Who is killed for want of memory has no last words.
      const found = serviceContainer(question.state, definitionOf(question).worker);
      const wasKilled = found.kind === 'seen' && found.container.oomKilled;
      return last.holds === false && wasKilled ? unseenReading(last.observation) : last;
    }),
    opposes('steady', 'containers', 'decisive', (question) =>
      workerReading(
        question,
        (container) => ({
          holds: !isLooping(container, question.state),
          text: `${container.name} does not keep restarting`,
        }),
        { holds: true, text: `${definitionOf(question).worker} has no container` },
      ),
    ),
    opposes('other-cause', 'logs', 'decisive', (question) => {
      const lines = linesSinceStart(question.state, definitionOf(question).worker) ?? [];
      const lastFatalMs = lines.findLast(({ kind }) => kind === 'fatal')?.atMs ?? 0;
      return lineReading(question, (line) => OTHER_CAUSES.includes(line.kind) && line.atMs >= lastFatalMs, {
        found: (line) => `its last error is about something else: ${line.message}`,
        missing: 'its last error names no topic, address or column',
      });
    }),
  ],
  rival: 'old-worker-image',
  probe: 'read the error before its exit: docker logs --tail 50',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The worker starts, dies and is started again by Docker. "docker ps" says Up in between, so judge by RestartCount and StartedAt. The last error before the exit names the reason: a missing setting such as REDIS_URL, memory, a missing topic. Its records wait and are read once it stays up.',
};
