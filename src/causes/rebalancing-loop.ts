import type { Cause } from './cause.ts';
import { supports, verdictReading } from './readings.ts';

export const rebalancingLoop: Cause = {
  id: 'rebalancing-loop',
  title: 'Members join and leave its group without end',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('rebalancing', 'groups', 'decisive', (question) => verdictReading(question, ['rebalancing']), {
      discriminates: true,
      verdicts: ['rebalancing'],
    }),
  ],
  rival: 'poison-record',
  probe: 'is there a dead letter for the record at the committed offset?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The group never holds still, so nothing is read for long. Find the member that comes and goes and end it; the data needs no repair.',
};
