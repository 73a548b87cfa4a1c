import { SERVICES } from '../platform/pipeline.ts';
import { serviceLines } from '../platform/worker-lines.ts';
import type { Cause } from './cause.ts';
import { letterReasonReading, lineReading, opposes, reading, supports, unseenReading } from './readings.ts';

export const adminTimeout: Cause = {
  id: 'admin-timeout',
  title: 'auto-assign answers too late',
  explains: [{ stages: ['allocation'], roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: 'older',
  prior: 0.7,
  evidence: [
    supports('timeout-line', 'logs', 'decisive', (question) =>
      lineReading(question, (line) => line.logger === 'worker' && line.kind === 'connection-timeout', {
        found: (line) => `allocation-worker: ${line.message}`,
        missing: 'allocation-worker names no timeout',
      }),
    ),
    supports('letters', 'records', 'moderate', (question) =>
      letterReasonReading(question, /time(?:d )?out/i, 'a timeout'),
    ),
    opposes('answers-in-time', 'assigning', 'decisive', ({ state }) => {
      const { lines, gap } = serviceLines(state, SERVICES.admin);
      if (gap !== null) return unseenReading('logs admin-service');
      return reading(
        lines.some(({ kind, status }) => kind === 'api-error' && status !== null),
        'admin-service answers, with an error',
        'logs admin-service',
      );
    }),
  ],
  rival: 'admin-silent-failure',
  probe: 'does an allocation row follow later?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'admin-service takes longer than allocation-worker waits. The row may appear after the worker gave up, so look before anything is triggered again.',
};
