import type { Cause } from './cause.ts';
import { lineOfPaymentReading, markReading, ofKinds, opposes, supports } from './readings.ts';

export const sessionFailureSwallowed: Cause = {
  id: 'session-failure-swallowed',
  title: "session-worker failed, and cache-worker's mark hid it",
  explains: [{ stages: ['sessions'], roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('failure-line', 'logs', 'strong', (question) =>
      lineOfPaymentReading(question, 'session-worker', ofKinds('attempt-failed'), {
        found: 'session-worker failed to process TRAINER_ALLOCATED for it',
        missing: 'session-worker logged no failure for it',
      }),
    ),
    supports('cache-mark', 'database', 'strong', (question) =>
      markReading(question, 'TRAINER_ALLOCATED', (marks) => ({
        holds: marks.some(({ source }) => source === 'cache-worker'),
        text: 'TRAINER_ALLOCATED was marked by cache-worker',
      })),
    ),
    opposes('no-failure-line', 'logs', 'decisive', (question) => {
      const failed = lineOfPaymentReading(question, 'session-worker', ofKinds('attempt-failed'), {
        found: '',
        missing: 'session-worker logged no failure for it',
      });
      return failed.holds === 'unseen' ? failed : { ...failed, holds: !failed.holds };
    }),
    opposes('own-mark', 'database', 'decisive', (question) =>
      markReading(question, 'TRAINER_ALLOCATED', (marks) => ({
        holds: marks.some(({ source }) => source === 'session-worker'),
        text: 'session-worker marked it itself',
      })),
    ),
  ],
  rival: 'cache-mark-blocks-sessions',
  probe: "does session-worker's log hold a failure before the skip?",
  hurts: 'named',
  repairs: ['create-sessions', 'start-worker'],
  explain:
    'The first attempt of session-worker failed; meanwhile cache-worker marked the event, so the second attempt skipped: "Operation succeeded after retry", lag 0, no dead letter, no sessions. One failure line may be all that is left of it.',
};
