import type { Cause } from './cause.ts';
import { mostOf, opposes, supports } from './readings.ts';

export const paymentWithoutCourse: Cause = {
  id: 'payment-without-course',
  title: 'The payment names no course',
  explains: [{ stages: ['purchase'], roles: ['row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'no-course',
      'database',
      'decisive',
      (question) =>
        mostOf(question, 'payments metadata', (trace) => ({
          holds: trace.class === 'no-course',
          text: 'its metadata has no courseId',
        })),
      { discriminates: true },
    ),
    opposes('course', 'database', 'decisive', (question) =>
      mostOf(question, 'payments metadata', (trace) => ({
        holds: trace.class !== 'no-course',
        text: 'its metadata names a course',
      })),
    ),
  ],
  rival: 'poison-record',
  probe: "read the payment's metadata",
  hurts: 'named',
  repairs: ['manual-instructions'],
  explain:
    'A payment without metadata.courseId is never turned into a purchase. A person decides: refund it, or find out what was bought.',
};
