import type { Cause } from './cause.ts';
import {
  definitionOf,
  memberReading,
  noMemberReading,
  opposes,
  reading,
  supports,
  unseenReading,
  workerReading,
} from './readings.ts';

export const workerNotDeployed: Cause = {
  id: 'worker-not-deployed',
  title: 'The worker has no container',
  explains: [{ stages: 'any', roles: ['read', 'row', 'out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: 95 % (90 % in one).
  prior: 0.95,
  evidence: [
    supports(
      'container-absent',
      'containers',
      'decisive',
      (question) => {
        const { worker } = definitionOf(question);
        return workerReading(question, (container) => ({ holds: false, text: `${container.name} exists` }), {
          holds: true,
          text: `${worker} has no container, stopped ones looked at too`,
        });
      },
      { discriminates: true },
    ),
    supports('not-in-compose', 'containers', 'strong', ({ state, ...question }) => {
      const { worker } = definitionOf({ state, ...question });
      if (state.compose.kind === 'unseen') return unseenReading('compose services');
      const isDeclared = state.compose.value.services.includes(worker);
      return reading(
        !isDeclared,
        isDeclared ? `${worker} is declared in the compose file` : `${worker} is not in the compose file`,
        'compose services',
      );
    }),
    supports('no-member', 'groups', 'moderate', noMemberReading),
    opposes('container-exists', 'containers', 'decisive', (question) =>
      workerReading(question, (container) => ({ holds: true, text: `${container.name} exists` }), {
        holds: false,
        text: '',
      }),
    ),
    opposes('member', 'groups', 'decisive', memberReading),
  ],
  rival: 'worker-stopped',
  probe: 'list stopped containers too: docker ps -a',
  hurts: 'stage',
  repairs: ['manual-instructions', 'move-offsets', 'start-worker'],
  explain:
    'The service that should do this step was never deployed here: no container of it exists, not even a stopped one. Its records wait in the topic. Declare the service in the compose file, but commit offsets for its group before it starts for the first time: a worker without a committed offset begins at the end and skips what waits.',
};
