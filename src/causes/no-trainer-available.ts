import { assigningLineReading } from './assigning.ts';
import type { Cause } from './cause.ts';
import {
  allocationsOfTrace,
  hopStatus,
  mostOf,
  ofKinds,
  opposes,
  reading,
  supports,
  verdictReading,
} from './readings.ts';

export const noTrainerAvailable: Cause = {
  id: 'no-trainer-available',
  title: 'No trainer was free',
  explains: [{ stages: ['allocation'], roles: ['result'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'pending',
      'database',
      'decisive',
      (question) =>
        mostOf(question, 'allocations', (trace) => {
          const rows = allocationsOfTrace(question.state, trace);
          if (rows === null) return 'unseen';
          const pending = rows.filter(({ status, trainerId }) => status === 'pending' && trainerId === null);
          return {
            holds: pending.length > 0,
            text:
              pending.length > 0
                ? 'its allocation is pending without a trainer'
                : 'its allocation is not pending',
          };
        }),
      { discriminates: true },
    ),
    supports('said-so', 'assigning', 'moderate', (question) =>
      assigningLineReading(question, ofKinds('auto-assignment-no-trainer'), {
        found: (line) => line.message,
      }),
    ),
    opposes('blocks', 'records', 'decisive', (question) => {
      const isPassed = question.cohort.traces.every(
        (trace) => hopStatus(trace, 'allocation-read') === 'done',
      );
      return isPassed
        ? reading(false, 'its record was passed', 'trace allocation-read')
        : verdictReading(question, ['blocked-on-record']);
    }),
  ],
  rival: 'null-trainer-poison',
  probe: 'was its record passed, or does it block?',
  hurts: 'named',
  repairs: ['manual-instructions'],
  explain:
    'No trainer had room, so a pending allocation was made: a result of the pipeline, not a lost event. A person assigns a trainer; the sessions follow, without an event.',
};
