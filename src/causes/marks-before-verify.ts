import type { Cause } from './cause.ts';
import { definitionOf, lineOfPaymentReading, markReading, ofKinds, opposes, supports } from './readings.ts';

export const marksBeforeVerify: Cause = {
  id: 'marks-before-verify',
  title: 'allocation-worker marked the event before the allocation existed',
  explains: [{ stages: ['allocation'], roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: 70 %.
  prior: 0.7,
  evidence: [
    supports(
      'own-mark',
      'database',
      'decisive',
      (question) =>
        markReading(question, 'PURCHASE_CREATED', (marks) => {
          const own = marks.find(({ source }) => source === 'allocation-worker');
          return {
            holds: own !== undefined,
            text:
              own === undefined
                ? 'allocation-worker marked nothing'
                : 'allocation-worker marked PURCHASE_CREATED, and there is no allocation',
          };
        }),
      { discriminates: true },
    ),
    supports('accepted', 'assigning', 'moderate', (question) =>
      lineOfPaymentReading(question, definitionOf(question).worker, ofKinds('calling-admin'), {
        found: 'allocation-worker called for an allocation',
        missing: '',
      }),
    ),
    opposes('no-mark', 'database', 'decisive', (question) =>
      markReading(question, 'PURCHASE_CREATED', (marks) => ({
        holds: !marks.some(({ source }) => source === 'allocation-worker'),
        text: 'allocation-worker has not marked it',
      })),
    ),
    opposes('verifies', 'logs', 'strong', (question) =>
      lineOfPaymentReading(question, definitionOf(question).worker, ofKinds('allocation-verified'), {
        found: 'its image verifies the allocation in the database',
        missing: '',
      }),
    ),
  ],
  rival: 'admin-silent-failure',
  probe: 'is there a mark by allocation-worker?',
  hurts: 'named',
  repairs: ['trigger-allocation', 'replay-payment', 'clear-mark'],
  explain:
    'The older allocation-worker marks PURCHASE_CREATED right after admin-service answers, without looking whether the allocation is in the table. If the call left no row, the event counts as done and is never tried again.',
};
