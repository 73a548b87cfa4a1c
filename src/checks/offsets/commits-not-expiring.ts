import { durationText } from '../../platform/duration.ts';
import type { Gap, GapCode } from '../../platform/observed.ts';
import type { StageDefinition } from '../../platform/pipeline.ts';
import type { GroupPoll, PlatformState } from '../../platform/state.ts';
import { expectedStages, serviceContainer } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

const HOUR_MS = 3_600_000;
/** Default of the broker's offsets.retention.minutes, counted from when the last member left. */
const RETENTION_MS = 7 * 24 * HOUR_MS;
const WARN_LEFT_MS = 48 * HOUR_MS;
const FAIL_LEFT_MS = 6 * HOUR_MS;

export const commitsNotExpiring: Check = {
  id: 'offsets/commits-not-expiring',
  title: 'No group loses its offsets soon',
  required: false,
  after: ['offsets/group-known'],
  needs: ['settings', 'groups', 'containers'],
  explain:
    "The broker drops the committed offsets of a group that has been Empty for 7 days (offsets.retention.minutes). A worker that starts after that begins at the end of its partitions and skips in silence what waited there. When the last member left is taken from the end of the worker's container; where that does not tell, this check cannot. Start the worker in time with kc-doctor fix start-worker: once it has joined, its offsets stay.",
  examine(state) {
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    let atRisk = 0;
    for (const definition of expectedStages(state)) {
      const group = state.groups[definition.group];
      if (group === undefined || group.kind === 'unseen') {
        gaps.push(group?.gap ?? groupGap(definition, 'not-attempted', 'it was not asked for'));
        continue;
      }
      const last = group.value.polls.at(-1);
      if (last === undefined || !hasCommits(last)) continue;
      if (last.state === 'Unknown') {
        gaps.push(groupGap(definition, 'incomplete', 'the broker did not say in which state it is'));
      }
      if (last.state !== 'Empty') continue;
      atRisk += 1;
      const leftAtMs = lastMemberLeftAtMs(state, definition);
      if (typeof leftAtMs !== 'number') gaps.push(leftAtMs);
      else findings.push(...findingsOf(definition, leftAtMs + RETENTION_MS - state.takenAtMs));
    }
    if (atRisk === 0 && gaps.length === 0) {
      return { status: 'skipped', reason: 'no group with committed offsets is Empty' };
    }
    const pass = `${atRisk} Empty ${atRisk === 1 ? 'group keeps its' : 'groups keep their'} offsets for ${durationText(WARN_LEFT_MS)} or more`;
    return outcomeOf({ pass, findings, gaps });
  },
};

/** A negative number is a code that a reset stored: nothing is lost with it. */
function hasCommits({ partitions }: GroupPoll): boolean {
  return partitions.some(({ committed }) => committed !== null && committed >= 0n);
}

/**
 * Only a container that has ended tells. One that is up or paused keeps the end of an earlier run, and one that restarts again and
 * again renews its end without having joined.
 */
function lastMemberLeftAtMs(state: PlatformState, definition: StageDefinition): number | Gap {
  const found = serviceContainer(state, definition.worker);
  if (found.kind === 'unseen') return found.gap;
  const { worker } = definition;
  if (found.kind === 'absent') {
    return leftGap(definition, `${worker} has no container that tells when it ended`);
  }
  const { status, finishedAtMs } = found.container;
  const hasEnded = status === 'exited' || status === 'dead' || status === 'removing';
  return hasEnded && finishedAtMs !== null
    ? finishedAtMs
    : leftGap(definition, `the container of ${worker} is ${status} and does not tell when`);
}

function leftGap({ group, stage }: StageDefinition, reason: string): Gap {
  return {
    system: 'docker',
    operation: `when the last member of ${group} left`,
    code: 'incomplete',
    reason,
    hint: `a member that joins keeps its offsets: kc-doctor fix start-worker --stage ${stage}`,
  };
}

function groupGap({ group }: StageDefinition, code: GapCode, reason: string): Gap {
  return {
    system: 'kafka',
    operation: `consumer group ${group}`,
    code,
    reason,
    hint: 'run again with a longer --timeout',
  };
}

function findingsOf({ group, stage }: StageDefinition, leftMs: number): readonly Finding[] {
  if (leftMs >= WARN_LEFT_MS) return [];
  const observed =
    leftMs > 0 ? `its offsets expire in ${durationText(leftMs)}` : 'its offsets may be dropped at any moment';
  return [
    {
      severity: leftMs < FAIL_LEFT_MS ? 'fail' : 'warn',
      subject: { kind: 'group', group },
      stage,
      observed,
      expected: `a member, or ${durationText(WARN_LEFT_MS)} left`,
      summary: `${group}: ${observed}`,
      hint: `kc-doctor fix start-worker --stage ${stage}, before they are gone`,
      payments: [],
    },
  ];
}
