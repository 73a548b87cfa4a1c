import type { Cause } from './cause.ts';
import { lineOfPaymentReading, markReading, ofKinds, opposes, supports } from './readings.ts';

export const cacheMarkBlocksSessions: Cause = {
  id: 'cache-mark-blocks-sessions',
  title: "cache-worker's mark made session-worker skip",
  explains: [{ stages: ['sessions'], roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'cache-mark',
      'database',
      'decisive',
      (question) =>
        markReading(question, 'TRAINER_ALLOCATED', (marks) => {
          const byCache = marks.some(({ source }) => source === 'cache-worker');
          const bySessions = marks.some(({ source }) => source === 'session-worker');
          return {
            holds: byCache && !bySessions,
            text: byCache
              ? 'TRAINER_ALLOCATED was marked by cache-worker, and there are no sessions'
              : 'cache-worker did not mark it',
          };
        }),
      { discriminates: true },
    ),
    supports('skipped', 'logs', 'strong', (question) =>
      lineOfPaymentReading(question, 'session-worker', ofKinds('skipped-processed'), {
        found: 'session-worker skipped it as already processed',
        missing: 'session-worker did not skip it',
      }),
    ),
    opposes('own-mark', 'database', 'decisive', (question) =>
      markReading(question, 'TRAINER_ALLOCATED', (marks) => ({
        holds: marks.length === 0 || marks.some(({ source }) => source === 'session-worker'),
        text: marks.length === 0 ? 'nothing is marked' : 'session-worker marked it itself',
      })),
    ),
    opposes('failed-first', 'logs', 'decisive', (question) =>
      lineOfPaymentReading(question, 'session-worker', ofKinds('attempt-failed'), {
        found: 'session-worker failed on it before it skipped',
        missing: '',
      }),
    ),
  ],
  rival: 'session-failure-swallowed',
  probe: "does session-worker's log hold a failure before the skip?",
  hurts: 'named',
  repairs: ['create-sessions', 'start-worker'],
  explain:
    'cache-worker and session-worker share the mark of TRAINER_ALLOCATED. When cache-worker is first, session-worker skips, lag is 0 and no sessions are made until its next top-up (at its start and every 6 hours). The mark alone is normal; a mark without sessions is the fault.',
};
