import { isHandlerLine } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  contradictionReading,
  definitionOf,
  lettersOf,
  lineOfPaymentReading,
  mostOf,
  opposes,
  supports,
} from './readings.ts';

export const forwardReset: Cause = {
  id: 'forward-reset',
  title: 'Offsets were moved past unread records',
  explains: [{ stages: 'any', roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('passed', 'records', 'strong', (question) =>
      contradictionReading(question, 'past-without-row', {
        found: 'the committed offset is past the record, and it left no row',
        missing: 'no record was passed without a row',
      }),
    ),
    opposes('handled', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      return lineOfPaymentReading(
        question,
        worker,
        (line) => isHandlerLine(line) || line.kind === 'skipped-processed',
        { found: `${worker} did handle it`, missing: `${worker} never logged it` },
      );
    }),
    opposes('letter', 'records', 'decisive', (question) => {
      const letters = lettersOf(question);
      return mostOf(question, 'dead letters', (trace) =>
        letters === null
          ? 'unseen'
          : {
              holds: letters.some((letter) => letter.correlationId === trace.payment),
              text: 'a dead letter names it',
            },
      );
    }),
  ],
  rival: 'no-committed-offset',
  probe: 'did records before the skipped ones leave their rows?',
  hurts: 'named',
  repairs: ['replay-payment'],
  explain:
    'The committed offset of the group was moved forward, for instance by "--reset-offsets --to-latest": what lay between was never handled and never will be. Replay the payments by name.',
};
