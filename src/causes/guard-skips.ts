import type { Cause } from './cause.ts';
import { definitionOf, lineOfPaymentReading, markReading, ofKinds, opposes, supports } from './readings.ts';

export const guardSkips: Cause = {
  id: 'guard-skips',
  title: 'A mark made the worker skip, its row is missing',
  explains: [{ stages: ['purchase', 'allocation'], roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: 60 %.
  prior: 0.6,
  evidence: [
    supports('skip-line', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      return lineOfPaymentReading(question, worker, ofKinds('skipped-processed'), {
        found: `${worker} skipped it as already processed`,
        missing: `${worker} did not skip it`,
      });
    }),
    supports('foreign-mark', 'database', 'moderate', (question) => {
      const { worker, inputEvent } = definitionOf(question);
      return markReading(question, inputEvent, (marks) => {
        const foreign = marks.find(({ source }) => source !== worker);
        return {
          holds: foreign !== undefined,
          text:
            foreign === undefined
              ? `only ${worker} marked it, or nobody`
              : `${inputEvent} was marked by ${foreign.source}`,
        };
      });
    }),
    opposes('recovery-line', 'logs', 'decisive', (question) =>
      lineOfPaymentReading(
        question,
        definitionOf(question).worker,
        ofKinds('recovery', 'purchase-created', 'allocation-verified'),
        {
          found: 'its worker looks for the row first',
          missing: '',
        },
      ),
    ),
    opposes('no-mark', 'database', 'decisive', (question) =>
      markReading(question, definitionOf(question).inputEvent, (marks) => ({
        holds: marks.length === 0,
        text: 'nothing is marked for it',
      })),
    ),
  ],
  rival: 'marks-before-verify',
  probe: 'who marked it, before or after the handler ran?',
  hurts: 'named',
  repairs: ['replay-payment', 'clear-mark', 'trigger-allocation'],
  explain:
    'Older workers ask processed_events before they look for the row. A mark made by somebody else, or by the emitter itself, makes them skip an event whose work was never done.',
};
