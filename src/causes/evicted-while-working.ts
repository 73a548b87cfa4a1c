import type { Cause } from './cause.ts';
import {
  headLetters,
  lineReading,
  memberReading,
  ofKinds,
  opposes,
  reading,
  supports,
  unseenReading,
  verdictReading,
} from './readings.ts';

export const evictedWhileWorking: Cause = {
  id: 'evicted-while-working',
  title: 'Its handler outlives the session timeout',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('evicted', 'groups', 'decisive', (question) => verdictReading(question, ['evicted']), {
      discriminates: true,
      verdicts: ['evicted'],
    }),
    opposes('member', 'groups', 'decisive', memberReading),
    opposes('dead', 'logs', 'decisive', (question) =>
      lineReading(question, ofKinds('consumer-crash-final'), {
        found: () => 'its consumer crashed for good',
        missing: 'its consumer did not crash',
      }),
    ),
    opposes('letters', 'records', 'strong', (question) => {
      const letters = headLetters(question);
      if (letters === null) return unseenReading('dead letters');
      return reading(
        letters.length >= 2,
        `${letters.length} dead letters name the record it waits at`,
        'dead letters',
      );
    }),
  ],
  rival: 'hung-worker',
  probe: 'watch one more grace: does it log a line or write a row?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'kafkajs sends heartbeats only between records. A handler that takes longer than the session timeout of 30 s loses its membership: the group reads Empty while the worker still writes rows. Commit nothing meanwhile; let the handler end, or shorten it.',
};
