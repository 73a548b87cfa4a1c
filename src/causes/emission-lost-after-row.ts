import { isFinishLine } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  contradictionReading,
  definitionOf,
  lineOfPaymentReading,
  opposes,
  stageOf,
  supports,
} from './readings.ts';

export const emissionLostAfterRow: Cause = {
  id: 'emission-lost-after-row',
  title: 'The row was made, its event was not sent',
  explains: [{ stages: ['purchase', 'allocation'], roles: ['out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('row-without-event', 'records', 'strong', (question) =>
      contradictionReading(question, 'row-without-event', {
        found: `the ${stageOf(question)} row exists and its record was never sent`,
        missing: 'its record was sent',
      }),
    ),
    supports('finished-without-emission', 'logs', 'strong', (question) =>
      lineOfPaymentReading(
        question,
        definitionOf(question).worker,
        (line) => isFinishLine(line) && line.kind !== 'event-emitted',
        {
          found: `${definitionOf(question).worker} made the row`,
          missing: `${definitionOf(question).worker} has no line that it made the row`,
        },
      ),
    ),
    opposes('row-before-read', 'database', 'strong', (question) =>
      contradictionReading(question, 'row-before-read', {
        found: 'the row came before its worker read the event',
        missing: '',
      }),
    ),
  ],
  rival: 'retry-queue-purchase',
  probe: 'who made the row: the worker, or something else?',
  hurts: 'named',
  repairs: ['replay-payment', 'create-sessions'],
  explain:
    'The worker wrote its row and died, or failed, before it sent the event. Its retry finds the row, marks, and sends nothing. Replay the payment at the next stage.',
};
