import { durationText } from '../../platform/duration.ts';
import { expectedVerdicts } from '../../platform/offset-verdict.ts';
import type { PlatformState } from '../../platform/state.ts';
import type { OffsetVerdict, PartitionVerdict } from '../../platform/verdict.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { partitionFinding, unreadText } from './partition-finding.ts';

const SEVERITIES: Readonly<Partial<Record<OffsetVerdict, 'warn' | 'fail'>>> = {
  unowned: 'fail',
  'consumer-stopped': 'fail',
  evicted: 'fail',
  unassigned: 'fail',
  hung: 'fail',
  rewound: 'warn',
  slow: 'warn',
};

export const recordsBeingRead: Check = {
  id: 'offsets/records-being-read',
  title: 'Unread records are being read',
  required: true,
  after: ['topics/partitions-led'],
  needs: ['settings', 'groups', 'topics', 'records', 'marks', 'logs', 'containers', 'deadLetters'],
  explain:
    'Where records are unread, three looks 2 s apart show whether somebody reads them. The state of a group is not the health of its worker: a handler that outlives the session timeout leaves the group Empty while it still writes rows, and a member that heartbeats may never read. Look at the checks of containers for the reason.',
  examine(state) {
    const verdicts = expectedVerdicts(state);
    const findings = verdicts.flatMap((verdict) => {
      const severity = SEVERITIES[verdict.verdict];
      if (severity === undefined) return [];
      const age = headAge(state, verdict);
      return partitionFinding(state, verdict, {
        severity,
        observed: `${unreadText(verdict)}${age}, ${verdict.because}`,
        expected: 'a committed offset that moves',
        hint: 'kc-doctor fix start-worker where its container allows it; see the checks of containers',
      });
    });
    const gaps = verdicts.flatMap(({ gap }) => (gap === null ? [] : [gap]));
    const behind = verdicts.filter(({ verdict }) => verdict === 'catching-up');
    const estimate = behind.map((verdict) => estimateText(state, verdict)).join('; ');
    const calm = verdicts.every(isRead) ? 'nothing is unread' : 'nothing waits longer than it may';
    const pass = behind.length === 0 ? calm : `catching up: ${estimate}`;
    return outcomeOf({ pass, findings, gaps });
  },
};

function isRead({ committed, start, end }: PartitionVerdict): boolean {
  return end !== null && (start === end || (committed !== null && committed >= end));
}

function headAge(state: PlatformState, { group, topic, partition }: PartitionVerdict): string {
  const head = state.records.heads[`${group} ${topic} ${partition}`];
  if (head?.kind !== 'seen' || head.value === null) return '';
  return `, oldest ${durationText(state.takenAtMs - head.value.timestampMs)}`;
}

/** At the speed between the first and the last look. */
function estimateText(state: PlatformState, verdict: PartitionVerdict): string {
  const { group, topic, partition, committed, end } = verdict;
  const left = committed === null || end === null ? 0n : end - committed;
  const found = state.groups[group];
  const polls = found?.kind === 'seen' ? found.value.polls : [];
  const first = polls[0];
  const last = polls.at(-1);
  const before = first?.partitions.find(
    (one) => one.topic === topic && one.partition === partition,
  )?.committed;
  const risen = before == null || committed === null ? 0 : Number(committed - before);
  const tookMs = first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
  const estimate = risen > 0 ? `, about ${durationText((Number(left) / risen) * tookMs)}` : '';
  return `${left} left on ${topic}[${partition}]${estimate}`;
}
