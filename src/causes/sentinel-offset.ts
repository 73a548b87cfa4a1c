import type { Cause } from './cause.ts';
import { supports, verdictReading } from './readings.ts';

export const sentinelOffset: Cause = {
  id: 'sentinel-offset',
  title: 'A reset stored a code in place of an offset',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: "offset invalid", 50 %.
  prior: 0.5,
  evidence: [
    supports('sentinel', 'groups', 'decisive', (question) => verdictReading(question, ['sentinel']), {
      discriminates: true,
      verdicts: ['sentinel'],
    }),
  ],
  rival: 'no-committed-offset',
  probe: 'what number is stored?',
  hurts: 'named',
  repairs: ['move-offsets', 'replay-payment'],
  explain:
    'A client-side reset to earliest or latest stored -2 or -1 as if it were an offset. The workers treat it as none and start at the end. Commit a real number.',
};
