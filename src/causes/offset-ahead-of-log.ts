import type { Cause } from './cause.ts';
import { supports, verdictReading } from './readings.ts';

export const offsetAheadOfLog: Cause = {
  id: 'offset-ahead-of-log',
  title: 'The committed offset lies beyond the log end',
  explains: [{ stages: 'any', roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: "offset invalid", 50 %.
  prior: 0.5,
  evidence: [
    supports('ahead-of-log', 'groups', 'decisive', (question) => verdictReading(question, ['ahead-of-log']), {
      discriminates: true,
      verdicts: ['ahead-of-log'],
    }),
  ],
  rival: 'committed-before-log-start',
  probe: 'compare the log start with the records that were handled',
  hurts: 'partition',
  repairs: ['move-offsets', 'replay-payment'],
  explain:
    'The topic was made again or the offset was set too far. The worker resets itself to the end and skips what is in the log.',
};
