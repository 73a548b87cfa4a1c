import type { Cause } from './cause.ts';
import {
  allocationsOfTrace,
  letterReasonReading,
  lineReading,
  mostOf,
  ofKinds,
  opposes,
  supports,
} from './readings.ts';

export const nullTrainerPoison: Cause = {
  id: 'null-trainer-poison',
  title: 'An assignment without trainer is retried for ever',
  explains: [{ stages: ['allocation'], roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: 'newest',
  prior: null,
  evidence: [
    supports('no-trainer-id', 'logs', 'decisive', (question) =>
      lineReading(question, ofKinds('no-trainer-id'), {
        found: () => 'allocation-worker got an allocation without a trainer',
        missing: 'allocation-worker got a trainer each time',
      }),
    ),
    supports(
      'pending-rows',
      'database',
      'decisive',
      (question) =>
        mostOf(question, 'allocations', (trace) => {
          const rows = allocationsOfTrace(question.state, trace);
          if (rows === null) return 'unseen';
          const pending = rows.filter(({ status }) => status === 'pending').length;
          return { holds: pending >= 2, text: `${pending} pending allocations of this purchase` };
        }),
      { discriminates: true },
    ),
    supports('letters', 'records', 'moderate', (question) =>
      letterReasonReading(question, /returned allocation without trainerId/, 'an allocation without trainer'),
    ),
    opposes('trainer-set', 'database', 'decisive', (question) =>
      mostOf(question, 'allocations', (trace) => {
        const rows = allocationsOfTrace(question.state, trace);
        return rows === null
          ? 'unseen'
          : { holds: rows.some(({ trainerId }) => trainerId !== null), text: 'a trainer is set' };
      }),
    ),
  ],
  rival: 'no-trainer-available',
  probe: 'was its record passed, or does it block?',
  hurts: 'partition',
  repairs: ['manual-instructions', 'quarantine-record'],
  explain:
    'The newest allocation-worker throws when no trainer is free. Its partition blocks and every attempt inserts another pending row. Assign a trainer to one row and close the rest.',
};
