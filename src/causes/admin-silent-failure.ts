import { assigningLineReading } from './assigning.ts';
import type { Cause } from './cause.ts';
import { lineOfPaymentReading, markReading, ofKinds, opposes, supports } from './readings.ts';

export const adminSilentFailure: Cause = {
  id: 'admin-silent-failure',
  title: 'auto-assign accepted the call and left no row',
  explains: [{ stages: ['allocation'], roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: 'older',
  // Write-ups: 60 % (70 % in one).
  prior: 0.6,
  evidence: [
    supports('not-found', 'logs', 'decisive', (question) =>
      lineOfPaymentReading(question, 'allocation-worker', ofKinds('allocation-not-found'), {
        found: 'allocation-worker did not find the allocation that it was promised',
        missing: 'allocation-worker does not miss an allocation',
      }),
    ),
    supports('created-line', 'assigning', 'strong', (question) =>
      assigningLineReading(question, ofKinds('auto-assignment-created'), {
        found: (line) => `admin-service: ${line.message}`,
      }),
    ),
    opposes('own-mark', 'database', 'decisive', (question) =>
      markReading(question, 'PURCHASE_CREATED', (marks) => ({
        holds: marks.some(({ source }) => source === 'allocation-worker'),
        text: 'allocation-worker marked it without looking',
      })),
    ),
  ],
  rival: 'marks-before-verify',
  probe: 'is there a mark by allocation-worker?',
  hurts: 'named',
  repairs: ['manual-instructions', 'trigger-allocation'],
  explain:
    'A 2xx of admin-service does not prove a row. A worker that verifies throws and retries; look into the table and at the "Auto Assignment:" lines.',
};
