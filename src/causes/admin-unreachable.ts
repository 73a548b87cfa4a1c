import { SERVICES } from '../platform/pipeline.ts';
import type { Cause } from './cause.ts';
import { containerReading, lineReading, opposes, reading, supports, unseenReading } from './readings.ts';

export const adminUnreachable: Cause = {
  id: 'admin-unreachable',
  title: 'admin-service cannot be reached',
  explains: [{ stages: ['allocation'], roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: 'older',
  // Write-ups: "admin-service API failing", 70 %.
  prior: 0.7,
  evidence: [
    supports('refused', 'logs', 'decisive', (question) =>
      lineReading(
        question,
        (line) =>
          line.logger === 'worker' &&
          (line.kind === 'connection-refused' || line.kind === 'connection-unresolvable'),
        {
          found: (line) => `allocation-worker: ${line.message}`,
          missing: 'allocation-worker names no refused call',
        },
      ),
    ),
    supports('container-down', 'containers', 'strong', ({ state }) =>
      containerReading(
        state,
        SERVICES.admin,
        ({ name, status }) => ({ holds: status !== 'running', text: `${name} is ${status}` }),
        { holds: true, text: 'admin-service has no container' },
      ),
    ),
    opposes('answers', 'assigning', 'decisive', ({ state }) =>
      state.admin.kind === 'seen'
        ? reading(
            state.admin.value.status < 500,
            `admin-service answers ${state.admin.value.status}`,
            'admin base address',
          )
        : unseenReading('admin base address'),
    ),
  ],
  rival: 'admin-timeout',
  probe: 'is the call refused, or does it time out?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The older allocation-worker asks admin-service over HTTP for every allocation. While it cannot be reached, records block and retry by themselves; start it, and they go through without a replay.',
};
