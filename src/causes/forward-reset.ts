import { isHandlerLine, workerLog } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import { earlierHandledReading } from './earlier-records.ts';
import {
  contradictionReading,
  definitionOf,
  idsOf,
  lettersOf,
  lineOfPaymentReading,
  mostOf,
  opposes,
  supports,
  unseenReading,
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
    supports('passed', 'records', 'strong', (question) => {
      const passed = contradictionReading(question, 'past-without-row', {
        found: 'the committed offset is past the record, and it left no row',
        missing: 'no record was passed without a row',
      });
      const earlier = earlierHandledReading(question);
      if (passed.holds !== true || earlier.holds === 'unseen') return passed;
      return earlier.holds
        ? { ...passed, text: `${passed.text}; ${earlier.text}` }
        : unseenReading(passed.observation);
    }),
    supports('never-logged', 'logs', 'strong', (question) => {
      const { worker } = definitionOf(question);
      const log = workerLog(question.state, worker);
      const isCovered =
        log.kind === 'seen' && log.value.fromMs !== null && log.value.fromMs <= question.cohort.oldestAtMs;
      if (!isCovered) return unseenReading(`logs ${worker}`);
      const line = lineOfPaymentReading(question, worker, () => true, {
        found: `${worker} logged it`,
        missing: `${worker} never logged it, although its log reaches back to it`,
      });
      return line.holds === 'unseen' ? line : { ...line, holds: !line.holds };
    }),
    opposes('handled', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      return lineOfPaymentReading(
        question,
        worker,
        (line) => isHandlerLine(line) || line.kind === 'skipped-processed',
        { found: `${worker} did handle it`, missing: '' },
      );
    }),
    opposes('from-log-start', 'records', 'decisive', (question) => {
      const earlier = earlierHandledReading(question);
      return earlier.holds === 'unseen' ? earlier : { ...earlier, holds: !earlier.holds };
    }),
    opposes('letter', 'records', 'decisive', (question) => {
      const letters = lettersOf(question);
      return mostOf(question, 'dead letters', (trace) =>
        letters === null
          ? 'unseen'
          : {
              holds: letters.some(
                ({ correlationId }) => correlationId !== null && idsOf(trace).includes(correlationId),
              ),
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
