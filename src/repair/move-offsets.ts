import { EFFECTS_OF_STAGE, ROW_STAGES, type RowStage } from '../platform/effects.ts';
import type { Stage } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';
import { drainSteps, previewStandings } from './drain.ts';
import { guardObstacle } from './guards.ts';
import type { OffsetMove, PaymentPreview } from './plan.ts';
import { openPreviewer, type Previewer, previewRange, refusingPreviews } from './preview.ts';
import { NOTHING_TO_DO, type Repair } from './repair.ts';
import { commitStep, startStep, stopStep, waitEmptyStep, waitMemberStep } from './steps.ts';
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
  strangerObstacle,
  workerToAct,
} from './targets.ts';

const ID = 'move-offsets';
/** Beyond it the log end is committed and the missing payments are replayed by name (design.md 5). */
const MOST_READ_AGAIN = 50n;

export const moveOffsets: Repair = {
  id: ID,
  title: 'Move the committed offsets',
  risk: 'disruptive',
  offeredFor: [
    'worker-not-deployed',
    'worker-stopped',
    'hung-worker',
    'misrouted-records',
    'no-committed-offset',
    'expired-offsets',
    'sentinel-offset',
    'offset-ahead-of-log',
    'committed-before-log-start',
  ],
  explain:
    'Gives a group a real number on each partition where it has none, or one outside the log: the oldest record of a payment that lacks its effect, so that the worker reads it, else the log end. The worker is stopped first, the group is waited for until it is Empty, all numbers go in one request, and they are read back.',
  plan: (state, request) => {
    const { stage } = request;
    if (stage === null) {
      return refusal(ID, null, {
        reason: 'no group was named',
        hint: 'kc-doctor fix move-offsets --stage purchase',
      });
    }
    const refuse = (obstacle: Obstacle) => refusal(ID, stage, obstacle, request.payments);
    const standings = standingsOf(state, stage);
    if (isObstacle(standings)) return refuse(standings);
    if (standings.every(({ commit }) => commit === 'usable')) return NOTHING_TO_DO;
    const container = workerToAct(state, stage);
    const isNeeded = standings.some(({ commit }) => commit === 'unusable');
    if (isObstacle(container)) return isNeeded ? refuse(container) : NOTHING_TO_DO;
    // An empty partition costs a running worker nothing; one that is yet to start would skip what comes before it has joined.
    if (!isNeeded && isUp(container)) return NOTHING_TO_DO;
    const obstacle =
      (isLooping(state, container) ? loopObstacle(container) : null) ??
      deadConsumer(standings) ??
      strangerObstacle(state, stage) ??
      stopObstacle(state, container) ??
      guardObstacle(state, stage);
    if (obstacle !== null) return refuse(obstacle);

    const previewer = openPreviewer(state, request.includeOlder);
    const planned = planMoves(previewer, stage, standings);
    if (isObstacle(planned)) return refuse(planned);
    const refusing = refusingPreviews(planned.previews, stage);
    if (refusing !== null) return refusal(ID, stage, refusing, refusing.payments);

    const wasUp = isUp(container);
    const owner = { repair: ID, stage } as const;
    const skipped = planned.previews.filter(({ effect }) => effect === 'skipped');
    return {
      steps: [
        ...(wasUp ? [stopStep(owner, state, container)] : []),
        waitEmptyStep(owner),
        commitStep(
          owner,
          planned.moves,
          { whySafe: whySafe(skipped.length), isDestructive: skipped.length > 0 },
          container,
        ),
        startStep(wasUp ? owner : { repair: 'start-worker', stage }, container, {
          whySafe: 'every partition then has a committed offset inside its log',
          stoppedByUs: wasUp,
        }),
        waitMemberStep(owner),
        ...drainSteps(owner, planned.standings, planned.previews),
      ],
      previews: planned.previews,
      warnings: [
        ...(wasUp ? [`${container.name} is down from its stop until it has joined again`] : []),
        ...planned.warnings,
      ],
      refusals: [],
    };
  },
};

interface PlannedMoves {
  readonly moves: readonly [OffsetMove, ...OffsetMove[]];
  /** As the group stands once they are done. */
  readonly standings: readonly PartitionStanding[];
  readonly previews: readonly PaymentPreview[];
  readonly warnings: readonly string[];
}

/**
 * A number for every partition that has no usable one, idle ones included: while the worker is down a first record may come there,
 * and without a number the next start skips it.
 */
export function planMoves(
  previewer: Previewer,
  stage: Stage,
  standings: readonly PartitionStanding[],
): PlannedMoves | Obstacle {
  const targets = standings.map((standing) => ({ standing, target: targetOf(previewer, stage, standing) }));
  const moves: OffsetMove[] = [];
  for (const { standing, target } of targets) {
    if (isObstacle(target)) return target;
    if (target.offset !== null) {
      const { topic, partition, committed } = standing;
      moves.push({ topic, partition, from: committed, to: target.offset });
    }
  }
  const [first, ...rest] = moves;
  if (first === undefined) throw new Error('there is nothing to move');
  const moved = targets.map(({ standing, target }): PartitionStanding => {
    if (isObstacle(target) || target.offset === null) return standing;
    return { ...standing, commit: 'usable', committed: target.offset };
  });
  const isMoved = new Map(standings.map((standing) => [place(standing), standing.committed]));
  const read = moved.flatMap((standing) =>
    previewStandings(previewer, stage, [standing]).map((preview) => {
      const before = isMoved.get(place(standing)) ?? null;
      const isAgain = before !== null && preview.offset !== null && before > preview.offset;
      return preview.effect === 'read-first-time' && isAgain
        ? { ...preview, effect: 're-read' as const }
        : preview;
    }),
  );
  const passed = targets.flatMap(({ target }) => (isObstacle(target) ? [] : target.skipped));
  return {
    moves: [first, ...rest],
    standings: moved,
    previews: [...read, ...passed],
    warnings: passed.length === 0 ? [] : [passedText(passed)],
  };
}

function passedText(passed: readonly PaymentPreview[]): string {
  return `${passed.length} ${passed.length === 1 ? 'record of a payment' : 'records of payments'} without its effect ${passed.length === 1 ? 'is' : 'are'} passed: once the worker runs, kc-doctor fix replays ${passed.length === 1 ? 'it' : 'them'} by name`;
}

interface Target {
  /** Null: the number that is there stays. */
  readonly offset: bigint | null;
  readonly skipped: readonly PaymentPreview[];
}

function targetOf(previewer: Previewer, stage: Stage, standing: PartitionStanding): Target | Obstacle {
  const { start, end, commit } = standing;
  if (commit === 'usable') return { offset: null, skipped: [] };
  if (commit === 'idle') return { offset: end, skipped: [] };
  const rowStage = ROW_STAGES.find((one) => one === stage);
  // Reading a page event again deletes keys that rebuild themselves.
  if (rowStage === undefined) {
    return { offset: end - start > MOST_READ_AGAIN ? end - MOST_READ_AGAIN : start, skipped: [] };
  }
  const missing = lackingEffect(previewer, rowStage, standing);
  const oldest = missing[0];
  if (oldest === undefined || oldest.offset === null) {
    return wasFollowed(previewer.state) ?? { offset: end, skipped: [] };
  }
  const range = { stage, topic: standing.topic, partition: standing.partition, to: end, committed: null };
  const isFar = end - oldest.offset > MOST_READ_AGAIN;
  const isReviving =
    !isFar &&
    previewRange(previewer, { ...range, from: oldest.offset }).some(({ effect }) => effect === 'revived');
  if (!isFar && !isReviving) return { offset: oldest.offset, skipped: [] };
  return wasFollowed(previewer.state) ?? { offset: end, skipped: missing };
}

/** Passing records names every payment that loses by it, so all unfinished payments must have been followed. */
function wasFollowed(state: PlatformState): Obstacle | null {
  if (state.payments.kind === 'unseen') {
    return { reason: `payments were not seen: ${state.payments.gap.reason}`, hint: state.payments.gap.hint };
  }
  const { unfinished, unfinishedTotal, olderMissing } = state.payments.value;
  if (unfinishedTotal === unfinished.length && olderMissing === 0) return null;
  return {
    reason:
      'not every unfinished payment was followed, so the log end cannot be committed without passing some unnamed',
    hint: 'run again with a wider window: kc-doctor fix --since 30d',
  };
}

/** Records of payments that should have the effect of this stage and do not, as the previews of passing them; oldest first. */
function lackingEffect(
  { cases }: Previewer,
  stage: RowStage,
  { topic, partition, start }: PartitionStanding,
): readonly PaymentPreview[] {
  const { row, input } = EFFECTS_OF_STAGE[stage];
  return cases.all
    .filter((one) => ['ordinary', 'renewal'].includes(one.identity().class))
    .filter((one) => !['done', 'not-applicable'].includes(one.effect(row).status))
    .flatMap((one) =>
      one
        .effect(input)
        .records.filter(
          (record) => record.topic === topic && record.partition === partition && record.offset >= start,
        )
        .map(
          ({ offset }): PaymentPreview => ({
            payment: one.payment.paymentId,
            effect: 'skipped',
            refuses: false,
            topic,
            partition,
            offset,
            text: 'its record is passed unread',
          }),
        ),
    )
    .toSorted((a, b) => ((a.offset ?? 0n) < (b.offset ?? 0n) ? -1 : 1));
}

function whySafe(skipped: number): string {
  return skipped > 0
    ? `the ${skipped === 1 ? 'payment' : `${skipped} payments`} passed are named in this plan, to be replayed after it`
    : 'the group is Empty, the numbers lie inside the log, and what is read from there on is named in this plan';
}
