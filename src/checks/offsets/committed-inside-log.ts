import { expectedVerdicts } from '../../platform/offset-verdict.ts';
import { definitionOf } from '../../platform/partition-view.ts';
import type { OffsetVerdict, PartitionVerdict } from '../../platform/verdict.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { partitionFinding, unreadText } from './partition-finding.ts';

const SEVERITIES: Readonly<Partial<Record<OffsetVerdict, 'warn' | 'fail'>>> = {
  'ahead-of-log': 'fail',
  'data-lost': 'fail',
  sentinel: 'fail',
  'commit-vanished': 'fail',
  'never-committed-unowned': 'fail',
  'never-committed-skipped': 'fail',
  'never-committed-pending': 'warn',
};

export const committedInsideLog: Check = {
  id: 'offsets/committed-inside-log',
  title: 'Every partition with records has a usable commit',
  required: true,
  after: ['topics/partitions-led'],
  needs: ['settings', 'groups', 'topics', 'records', 'marks', 'logs', 'containers', 'deadLetters'],
  explain:
    'Workers begin at the end of a partition where their group has no usable committed offset, so everything before is skipped in silence, and the next record hides the trace. No commit, a commit outside the log, and a negative code that a reset stored all end in that. Do not restart the worker: first set the offset with kc-doctor fix move-offsets, or give the payments back by name with kc-doctor fix replay-payment.',
  examine(state) {
    const verdicts = expectedVerdicts(state);
    const findings = verdicts.flatMap((verdict) => {
      const severity = SEVERITIES[verdict.verdict];
      if (severity === undefined) return [];
      const { worker } = definitionOf(verdict.group);
      return partitionFinding(state, verdict, {
        severity,
        observed: `${verdict.because}; ${unreadText(verdict)}`,
        expected: 'a committed offset inside the log',
        hint: `do not restart ${worker}; kc-doctor fix move-offsets, or kc-doctor fix replay-payment`,
      });
    });
    const gaps = verdicts.flatMap(({ gap, ...verdict }) => (gap === null || isUsable(verdict) ? [] : [gap]));
    return outcomeOf({ pass: `${verdicts.length} commits are usable`, findings, gaps });
  },
};

/** Whether somebody reads from it may be unknown: the number itself is good. */
function isUsable({ committed, start, end }: Pick<PartitionVerdict, 'committed' | 'start' | 'end'>): boolean {
  return committed !== null && start !== null && end !== null && start <= committed && committed <= end;
}
