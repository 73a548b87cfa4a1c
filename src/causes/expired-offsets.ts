import type { Cause } from './cause.ts';
import { opposes, supports, verdictReading } from './readings.ts';

export const expiredOffsets: Cause = {
  id: 'expired-offsets',
  title: "The group's offsets expired",
  explains: [{ stages: 'any', roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('vanished', 'groups', 'strong', (question) => verdictReading(question, ['commit-vanished']), {
      discriminates: true,
      verdicts: ['commit-vanished'],
    }),
    opposes('other-verdict', 'groups', 'decisive', (question) =>
      verdictReading(question, [
        'unowned',
        'hung',
        'slow',
        'catching-up',
        'blocked-on-record',
        'never-committed-skipped',
        'never-committed-unowned',
      ]),
    ),
  ],
  rival: 'no-committed-offset',
  probe: 'did this worker ever finish a record of this partition?',
  hurts: 'named',
  repairs: ['move-offsets', 'replay-payment'],
  explain:
    'Kafka forgets the offsets of a group that was empty for offsets.retention.minutes (7 days by default). A worker that comes back afterwards starts at the end and skips what waited.',
};
