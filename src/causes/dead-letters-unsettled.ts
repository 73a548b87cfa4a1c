import type { Cause } from './cause.ts';
import { idsOf, lettersOf, mostOf, opposes, supports } from './readings.ts';

export const deadLettersUnsettled: Cause = {
  id: 'dead-letters-unsettled',
  title: 'Its dead letter was passed over',
  explains: [{ stages: 'any', roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'letter',
      'records',
      'decisive',
      (question) => {
        const letters = lettersOf(question);
        return mostOf(question, 'dead letters', (trace) => {
          if (letters === null) return 'unseen';
          const ids = idsOf(trace);
          const own = letters.filter(
            (letter) => letter.correlationId !== null && ids.includes(letter.correlationId),
          );
          return {
            holds: own.length > 0,
            text:
              own.length > 0
                ? `a dead letter names it: ${own.at(-1)?.failureReason ?? ''}`
                : 'no dead letter names it',
          };
        });
      },
      { discriminates: true },
    ),
    opposes('no-letter', 'records', 'strong', (question) => {
      const letters = lettersOf(question);
      return mostOf(question, 'dead letters none', (trace) =>
        letters === null
          ? 'unseen'
          : {
              holds: !letters.some(
                ({ correlationId }) => correlationId !== null && idsOf(trace).includes(correlationId),
              ),
              text: 'no dead letter names it',
            },
      );
    }),
  ],
  rival: 'forward-reset',
  probe: 'is there a dead letter of this payment?',
  hurts: 'named',
  repairs: ['redrive-dead-letters'],
  explain:
    'The record failed, went to the dead letter queue, and the committed offset was moved past it. Nobody gives it back by itself: redrive it once its handler works.',
};
