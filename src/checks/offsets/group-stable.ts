import type { Gap } from '../../platform/observed.ts';
import { expectedVerdicts } from '../../platform/offset-verdict.ts';
import type { GroupState } from '../../platform/state.ts';
import { expectedStages } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const groupStable: Check = {
  id: 'offsets/group-stable',
  title: 'Groups hold still',
  required: true,
  after: ['offsets/group-known'],
  needs: ['settings', 'groups', 'topics', 'records', 'deadLetters', 'containers', 'logs', 'marks'],
  explain:
    'While a group rebalances nobody reads. One rebalance takes about 3 s; a member that joins and leaves again and again keeps the group from ever being Stable. A poison record looks alike, since its worker leaves and rejoins every 42 s, so a group whose record keeps failing is not counted here. Find the member that comes and goes: kafka-consumer-groups --describe --members.',
  examine(state) {
    const verdicts = expectedVerdicts(state);
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    const stages = expectedStages(state);
    for (const { group, stage } of stages) {
      const seenGroup = state.groups[group];
      if (seenGroup?.kind !== 'seen') {
        if (seenGroup !== undefined) gaps.push(seenGroup.gap);
        continue;
      }
      const own = verdicts.filter((verdict) => verdict.group === group);
      const loop = own.find(({ verdict }) => verdict === 'rebalancing');
      const isPoisoned = own.some(
        ({ verdict, also }) => verdict === 'blocked-on-record' || also.includes('blocked-on-record'),
      );
      const unsettled = unsettledText(seenGroup.value);
      // A partition whose progress nothing tells is no gap here: who is in the group was seen.
      const unseen = own.flatMap(({ gap }) => (gap === null || gap.code === 'incomplete' ? [] : [gap]));
      if (loop === undefined && !isCalm(seenGroup.value)) gaps.push(...unseen);
      if (loop === undefined && (unsettled === null || isPoisoned)) continue;
      const observed = loop?.because ?? unsettled ?? '';
      findings.push({
        severity: loop === undefined ? 'warn' : 'fail',
        subject: { kind: 'group', group },
        stage,
        observed,
        expected: 'Stable with the same members at every look',
        summary: `${group}: ${observed}`,
        hint: `find who joins and leaves: kafka-consumer-groups --describe --members --group ${group}`,
        payments: [],
      });
    }
    return outcomeOf({ pass: `${stages.length} groups hold still`, findings, gaps });
  },
};

/** Empty at every look is still, only nobody is there: offsets/records-being-read judges that. */
function unsettledText({ polls }: GroupState): string | null {
  const states = [...new Set(polls.map(({ state }) => state))];
  const isUnsettled = states.some((state) => !['Stable', 'Empty', 'Dead'].includes(state));
  const isMixed = states.includes('Stable') && states.length > 1;
  return isUnsettled || isMixed
    ? `${polls.map(({ state }) => state).join(', ')} at ${polls.length} looks`
    : null;
}

/** The same members in a Stable group at every look: no verdict about its partitions could say otherwise. */
function isCalm({ polls }: GroupState): boolean {
  const members = polls.map((poll) =>
    poll.members
      .map(({ memberId }) => memberId)
      .toSorted()
      .join(' '),
  );
  return polls.every(({ state }) => state === polls[0].state) && new Set(members).size === 1;
}
