import { durationText } from '../../platform/duration.ts';
import type { Gap } from '../../platform/observed.ts';
import type { StageDefinition } from '../../platform/pipeline.ts';
import type { PlatformState } from '../../platform/state.ts';
import { expectedStages, serviceContainer } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const groupKnown: Check = {
  id: 'offsets/group-known',
  title: "Every running worker's group exists",
  required: true,
  after: ['topics/broker-answers'],
  needs: ['settings', 'groups', 'topics', 'containers'],
  explain:
    'A worker joins its consumer group within seconds of its start. If it runs, its topics hold records and the broker does not know the group, the worker uses another group id, or never got that far. Compare the group id in the join line of its log with the expected one. A group also vanishes with its topic, and does not exist before its worker has run.',
  examine(state) {
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    const stages = expectedStages(state);
    for (const definition of stages) {
      const group = state.groups[definition.group];
      if (group === undefined || group.kind === 'unseen') {
        gaps.push(group?.gap ?? notAsked(definition));
        continue;
      }
      if (group.value.polls.at(-1)?.state !== 'Dead') continue;
      const hasSome = hasRecords(state, definition);
      if (typeof hasSome !== 'boolean') gaps.push(hasSome);
      if (hasSome !== true) continue;
      const found = serviceContainer(state, definition.worker);
      if (found.kind === 'unseen') gaps.push(found.gap);
      if (found.kind !== 'seen' || found.container.status !== 'running') continue;
      const up = state.takenAtMs - (found.container.startedAtMs ?? state.takenAtMs);
      if (up < state.settings.thresholds.recordReadGraceMs) continue;
      const observed = `${definition.worker} is up for ${durationText(up)}, the group does not exist`;
      findings.push({
        severity: 'fail',
        subject: { kind: 'group', group: definition.group },
        stage: definition.stage,
        observed,
        expected: 'a group that the broker knows',
        summary: `${definition.group}: ${observed}`,
        hint: `compare its group id: docker logs ${found.container.name} 2>&1 | grep 'joined the group'`,
        payments: [],
      });
    }
    return outcomeOf({ pass: `${stages.length} groups looked at`, findings, gaps });
  },
};

/** Without a record in any topic of its own a worker has nothing to commit; an absent topic takes its group along. */
function hasRecords({ topics }: PlatformState, definition: StageDefinition): boolean | Gap {
  const looks = definition.topics.flatMap((topic) => topics[topic] ?? []);
  const seenTopics = looks.flatMap((topic) => (topic.kind === 'seen' ? [topic.value] : []));
  if (seenTopics.some(({ kind }) => kind === 'absent')) return false;
  const bounds = seenTopics.flatMap((topic) =>
    topic.kind === 'present' ? topic.partitions.map((partition) => partition.bounds) : [],
  );
  if (bounds.some((each) => each.kind === 'seen' && each.value.start < each.value.end)) return true;
  const hidden = [...looks, ...bounds].find(({ kind }) => kind === 'unseen');
  return hidden?.kind === 'unseen' ? hidden.gap : false;
}

function notAsked({ group }: StageDefinition): Gap {
  return {
    system: 'kafka',
    operation: `consumer group ${group}`,
    code: 'not-attempted',
    reason: 'it was not asked for',
    hint: 'run again with a longer --timeout',
  };
}
