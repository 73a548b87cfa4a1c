import { SERVICES } from '../platform/pipeline.ts';
import { laterAnswerReading } from './assigning.ts';
import type { Cause } from './cause.ts';
import { containerReading, lineReading, opposes, supports } from './readings.ts';

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
    // Only an answer to the worker counts against it: that this host reaches admin-service says nothing of the worker's way.
    opposes('answers', 'assigning', 'decisive', laterAnswerReading),
  ],
  rival: 'admin-timeout',
  probe: 'is the call refused, or does it time out?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The older allocation-worker asks admin-service over HTTP for every allocation. While it cannot be reached, records block and retry by themselves; start it, and they go through without a replay.',
};
