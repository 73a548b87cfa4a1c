import { definitionOf } from '../../platform/partition-view.ts';
import type { PlatformState } from '../../platform/state.ts';
import type { PartitionVerdict } from '../../platform/verdict.ts';
import { paymentsWaitingIn } from '../../platform/waiting.ts';
import type { Finding } from '../check.ts';

/** A finding about one partition of one group, with the payments that wait in it. */
export function partitionFinding(
  state: PlatformState,
  verdict: PartitionVerdict,
  finding: Pick<Finding, 'severity' | 'observed' | 'expected' | 'hint'>,
): Finding {
  const { group, topic, partition } = verdict;
  return {
    ...finding,
    subject: { kind: 'partition', topic, partition, group },
    stage: definitionOf(group).stage,
    summary: `${group} on ${topic}[${partition}]: ${finding.observed}`,
    payments: paymentsWaitingIn(state, verdict),
  };
}

/** Committed offset to log end, as far as it makes sense to count. */
export function unreadText({ committed, start, end }: PartitionVerdict): string {
  if (end === null || start === null) return '';
  const from = committed === null || committed < start ? start : committed;
  return `${from < end ? end - from : 0n} unread`;
}
