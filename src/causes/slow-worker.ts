import type { Cause } from './cause.ts';
import { supports, verdictReading } from './readings.ts';

export const slowWorker: Cause = {
  id: 'slow-worker',
  title: 'The worker is behind but moving',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'moving',
      'groups',
      'decisive',
      (question) => verdictReading(question, ['slow', 'catching-up']),
      {
        discriminates: true,
        verdicts: ['slow', 'catching-up'],
      },
    ),
  ],
  rival: 'hung-worker',
  probe: 'watch one more grace: does the committed offset move?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain: 'Records are read, only late. The data needs no repair; the worker needs capacity, or time.',
};
