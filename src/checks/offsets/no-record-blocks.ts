import type { Gap } from '../../platform/observed.ts';
import { blockedBecause, expectedVerdicts } from '../../platform/offset-verdict.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { partitionFinding, unreadText } from './partition-finding.ts';

export const noRecordBlocks: Check = {
  id: 'offsets/no-record-blocks',
  title: 'No record blocks its partition',
  required: true,
  after: ['topics/partitions-led'],
  needs: ['settings', 'groups', 'topics', 'records', 'marks', 'logs', 'containers', 'deadLetters'],
  explain:
    'After its last attempt a worker publishes a dead letter and throws again, so the offset is not committed and Kafka delivers the same record once more: the partition stands still and the dead letters fill with copies. Believe repeated letters at one position and an offset that does not move, never one look at the group. If the record fails alone, save it and pass it with kc-doctor fix quarantine-record; if others fail alike, repair what they need.',
  examine(state) {
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    const verdicts = expectedVerdicts(state);
    for (const verdict of verdicts) {
      const blocked = blockedBecause(state, verdict);
      if (blocked === null) continue;
      if (typeof blocked !== 'string') {
        gaps.push(blocked);
        continue;
      }
      findings.push(
        partitionFinding(state, verdict, {
          severity: 'fail',
          observed: `${blocked}, the committed offset stands still; ${unreadText(verdict)}`,
          expected: 'each record handled after few attempts',
          hint: 'kc-doctor fix quarantine-record if it fails alone',
        }),
      );
    }
    return outcomeOf({ pass: `${verdicts.length} partitions, none blocked`, findings, gaps });
  },
};
