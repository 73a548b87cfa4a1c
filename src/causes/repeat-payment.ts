import type { Cause } from './cause.ts';
import { mostOf, opposes, supports } from './readings.ts';

export const repeatPayment: Cause = {
  id: 'repeat-payment',
  title: 'A second payment for a course already owned',
  explains: [{ stages: ['purchase'], roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'repeat',
      'database',
      'decisive',
      (question) =>
        mostOf(question, 'payments class', (trace) => ({
          holds: trace.class === 'repeat',
          text: 'the student had this course already, active and unexpired, when it was paid',
        })),
      { discriminates: true },
    ),
    opposes('first', 'database', 'decisive', (question) =>
      mostOf(question, 'payments class', (trace) => ({
        holds: trace.class !== 'repeat',
        text: 'no older active purchase of this course',
      })),
    ),
  ],
  rival: 'guard-skips',
  probe: 'is there an older active purchase of this student and course?',
  hurts: 'named',
  repairs: ['manual-instructions'],
  explain:
    'One purchase per student and course can be active. A second payment gives nothing new: a person refunds or upgrades it.',
};
