import type { Cause } from './cause.ts';
import { supports, verdictReading } from './readings.ts';

export const committedBeforeLogStart: Cause = {
  id: 'committed-before-log-start',
  title: 'The committed offset points at deleted records',
  explains: [{ stages: 'any', roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: "offset invalid", 50 %.
  prior: 0.5,
  evidence: [
    supports('data-lost', 'groups', 'decisive', (question) => verdictReading(question, ['data-lost']), {
      discriminates: true,
      verdicts: ['data-lost'],
    }),
  ],
  rival: 'retention-removed-unread',
  probe: 'is the record still there?',
  hurts: 'partition',
  repairs: ['move-offsets', 'replay-payment'],
  explain:
    'Retention deleted the records at the committed offset. The worker jumps to the end of the log and skips the later ones that are still there.',
};
