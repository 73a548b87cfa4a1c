import { SHORT_OF_SESSIONS } from '../platform/effects.ts';
import { isLive } from '../platform/payment.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import { drainSteps, previewStandings, unreadText } from './drain.ts';
import { openPreviewer, refusingPreviews } from './preview.ts';
import { NOTHING_TO_DO, type Repair } from './repair.ts';
import { startStep, stopStep, waitMemberStep } from './steps.ts';
import {
  deadConsumer,
  isLooping,
  isObstacle,
  isUp,
  loopObstacle,
  type Obstacle,
  type PartitionStanding,
  place,
  refusal,
  standingsOf,
  stopObstacle,
  workerToAct,
} from './targets.ts';

const ID = 'start-worker';
/** Causes that a restart of session-worker settles: at its start it makes missing sessions (platform.md "Tables" [M]). */
const SETTLED_BY_TOP_UP = ['cache-mark-blocks-sessions', 'session-failure-swallowed'];

export const startWorker: Repair = {
  id: ID,
  title: 'Start the worker',
  risk: 'disruptive',
  offeredFor: ['worker-not-deployed', 'worker-stopped', 'hung-worker', ...SETTLED_BY_TOP_UP],
  explain:
    'Starts the container of a worker that is not running, or restarts one that hangs. It goes on where its group has committed, so the offsets are looked at first: a worker that joins without a usable one starts at the end and skips what waits.',
  plan: (state, request) => {
    const { stage } = request;
    if (stage === null) {
      return refusal(ID, null, {
        reason: 'no worker was named',
        hint: 'kc-doctor fix start-worker --stage purchase',
      });
    }
    const refuse = (obstacle: Obstacle) => refusal(ID, stage, obstacle, request.payments);
    const container = workerToAct(state, stage);
    if (isObstacle(container)) return refuse(container);
    if (isLooping(state, container)) return refuse(loopObstacle(container));
    const standings = standingsOf(state, stage);
    if (isObstacle(standings)) return refuse(standings);
    const dead = deadConsumer(standings);
    if (dead !== null) return refuse(dead);

    const isTopUp = stage === 'sessions' && SETTLED_BY_TOP_UP.includes(request.cause?.id ?? '');
    const isRestart = isUp(container);
    if (isRestart && !isTopUp && !isHung(standings)) return NOTHING_TO_DO;
    const obstacle = commitObstacle(stage, standings) ?? stopObstacle(state, container);
    if (obstacle !== null) return refuse(obstacle);

    const previews = previewStandings(openPreviewer(state, request.includeOlder), stage, standings);
    const refusing = refusingPreviews(previews, stage);
    if (refusing !== null) return refusal(ID, stage, refusing, refusing.payments);
    const owner = { repair: ID, stage } as const;
    return {
      steps: [
        ...(isRestart ? [stopStep(owner, state, container)] : []),
        startStep(owner, container, {
          whySafe: `every partition has a committed offset inside its log: ${unreadText(stage, standings)}`,
          stoppedByUs: isRestart,
        }),
        waitMemberStep(owner),
        ...drainSteps(owner, standings, previews),
      ],
      previews,
      warnings: [...warnings(state, stage, container, isRestart), ...idleWarnings(stage, standings)],
      refusals: [],
    };
  },
};

function isHung(standings: readonly PartitionStanding[]): boolean {
  return standings.some(({ verdict }) => verdict.verdict === 'hung' || verdict.verdict === 'unowned');
}

function commitObstacle(stage: Stage, standings: readonly PartitionStanding[]): Obstacle | null {
  const unusable = standings.filter(({ commit }) => commit === 'unusable');
  const [first] = unusable;
  if (first === undefined) return null;
  const at = first.committed === null ? 'no committed offset' : `offset ${first.committed} committed`;
  return {
    reason: `${stageDefinition(stage).group} has ${at} on ${place(first)}, whose log is ${first.start}..${first.end}: a start would skip what is there`,
    hint: `kc-doctor fix move-offsets --stage ${stage}`,
  };
}

function warnings(
  state: PlatformState,
  stage: Stage,
  container: ContainerState,
  isRestart: boolean,
): readonly string[] {
  return [
    ...(isRestart ? [`${container.name} is down from its stop until it has joined again`] : []),
    ...(stage === 'sessions' ? topUpWarnings(state) : []),
  ];
}

function idleWarnings(stage: Stage, standings: readonly PartitionStanding[]): readonly string[] {
  const idle = standings.filter(({ commit }) => commit === 'idle');
  return idle.length === 0
    ? []
    : [
        `${stageDefinition(stage).group} has no committed offset on ${idle.map(place).join(', ')}: a first record there is skipped if it comes while the worker starts; kc-doctor fix move-offsets --stage ${stage} commits one first`,
      ];
}

/** What session-worker makes at its start emits nothing, so the pages of these students stay old. */
function topUpWarnings(state: PlatformState): readonly string[] {
  if (state.sessions.kind === 'unseen' || state.allocations.kind === 'unseen') {
    return ['which allocations session-worker tops up at its start was not seen'];
  }
  const counts = new Map(state.sessions.value.map((row) => [row.allocationId, row.future]));
  const found = [
    ...state.allocations.value.filter(
      (row) => isLive(row) && (counts.get(row.allocationId) ?? 0) < SHORT_OF_SESSIONS,
    ),
    ...(state.anomalies.kind === 'seen' ? state.anomalies.value.liveAllocationsWithoutSessions : []),
  ];
  const students = [...new Set(found.map(({ studentId }) => studentId))].toSorted();
  return students.length === 0
    ? []
    : [
        `session-worker tops up ${students.length === 1 ? 'the allocation' : 'the allocations'} of ${students.join(', ')} at its start and tells nobody: their pages stay old until their caches are dropped`,
      ];
}
