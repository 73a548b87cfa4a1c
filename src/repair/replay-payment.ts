import { EFFECTS_OF_STAGE, type PaymentCase, ROW_STAGES, type RowStage } from '../platform/effects.ts';
import { generationOf } from '../platform/generation.ts';
import type { PaymentId } from '../platform/ids.ts';
import { confirmedAt, isLive, type PaymentClass } from '../platform/payment.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { MarkRow, PlatformState } from '../platform/state.ts';
import type { OffsetVerdict } from '../platform/verdict.ts';
import { EMITTER, lettersOf, marksOf, skipLine } from '../platform/witnesses.ts';
import { isLivingByGroup, isWorkerRunning, linesSinceStart } from '../platform/workers.ts';
import { eventFor } from './event.ts';
import { guardObstacle } from './guards.ts';
import type { DraftStep, PaymentPreview, PlannedRecord, Refusal } from './plan.ts';
import { OLD_PAYMENT_MS, openPreviewer, type Previewer, purchaseMet } from './preview.ts';
import type { Repair, RepairRequest } from './repair.ts';
import { startDateObstacle } from './start-date.ts';
import { waitDrainStep } from './steps.ts';
import {
  deadConsumer,
  isObstacle,
  type Obstacle,
  place,
  refusal,
  standingsOf,
  unseenObstacle,
} from './targets.ts';

const ID = 'replay-payment';
/** One payment proves the way, ten more that it was no accident, then the rest (catalogue.md 4). */
const BATCHES = [1, 10] as const;
const MOST_PAYMENTS = 500;
/** Twice the grace of its row. */
const GRACE_OF: Readonly<Record<RowStage, keyof PlatformState['settings']['thresholds']>> = {
  purchase: 'purchaseRowGraceMs',
  allocation: 'allocationRowGraceMs',
  sessions: 'sessionsGraceMs',
};
/** For each record beside the grace: one partition may hold them all. */
const HANDLED_WITHIN_MS = 1_000;
const MOST_COPIES = 3;

export const replayPayment: Repair = {
  id: ID,
  title: 'Give a payment its event back',
  risk: 'disruptive',
  offeredFor: [
    'topic-missing',
    'misrouted-records',
    'no-committed-offset',
    'expired-offsets',
    'sentinel-offset',
    'offset-ahead-of-log',
    'committed-before-log-start',
    'retention-removed-unread',
    'forward-reset',
    'stranger-in-group',
    'payment-service-never-emitted',
    'mark-without-record',
    'retry-queue-purchase',
    'emission-lost-after-row',
    'hand-made-rows',
    'guard-skips',
    'marks-before-verify',
    'event-id-too-narrow',
  ],
  explain:
    'Sends the event that a worker never acted on once more, under its own event id: the original bytes where the topic still has them, else rebuilt from rows. The owning worker then does its work. A record that was produced cannot be taken back, so every payment is looked at again first: paid, not delivered, not on its way, and not to be ignored.',
  plan: (state, request) => {
    if (request.payments.length === 0) {
      return refusal(ID, request.stage, {
        reason: 'no payment was named',
        hint: 'kc-doctor fix replay-payment <paymentId>',
      });
    }
    const previewer = openPreviewer(state, request.includeOlder);
    const judged = [...new Set(request.payments)]
      .toSorted()
      .map((payment) => judge(previewer, request, payment));
    const refused = judged.flatMap(({ refused: one }) => (one === null ? [] : [one]));
    const fit = oldestFirst(judged.flatMap(({ replay }) => (replay === null ? [] : [replay]))).slice(
      0,
      MOST_PAYMENTS,
    );
    const [first] = refused;
    if (fit.length === 0 && first !== undefined) return merged(refused)[0] ?? first;
    return {
      steps: batched(state, fit),
      previews: fit.map(previewOf),
      warnings:
        fit.length === 0
          ? []
          : ['records that were produced cannot be taken back; a second notification may go out'],
      refusals: merged(refused),
    };
  },
};

interface Replay {
  readonly one: PaymentCase;
  readonly stage: RowStage;
  readonly record: PlannedRecord;
}

interface Judged {
  readonly replay: Replay | null;
  readonly refused: Refusal | null;
}

function judge(previewer: Previewer, request: RepairRequest, payment: PaymentId): Judged {
  const no = (stage: Stage | null, obstacle: Obstacle): Judged => ({
    replay: null,
    refused: refusal(ID, stage, obstacle, [payment]),
  });
  const one = previewer.cases.all.find((candidate) => candidate.payment.paymentId === payment);
  if (one === undefined) return no(request.stage, otherKind(previewer.state, payment));
  const stage = missingStage(one);
  const hint = `kc-doctor trace ${payment}`;
  if (stage === null) return no(request.stage, { reason: 'nothing of it is missing', hint });
  if (request.stage !== null && request.stage !== stage) {
    return no(request.stage, { reason: `what is missing of it is the stage ${stage}`, hint });
  }
  const obstacle =
    paymentObstacle(previewer, one, stage) ??
    deliveryObstacle(previewer, one, stage) ??
    workerObstacle(previewer.state, stage, request);
  if (obstacle !== null) return no(stage, obstacle);
  const marks = marksOf(previewer.cases, one, stage);
  if (marks === null) return no(stage, unseenMarks(previewer.state));
  const ignored = markObstacle(previewer, one, stage, marks);
  if (ignored !== null) return no(stage, ignored);
  const record = eventFor(previewer.state, one, stage, marks);
  return isObstacle(record) ? no(stage, record) : { replay: { one, stage, record }, refused: null };
}

function otherKind(state: PlatformState, id: string): Obstacle {
  const isPurchase =
    state.purchases.kind === 'seen' && state.purchases.value.some((row) => row.purchaseId === id);
  const isAllocation =
    state.allocations.kind === 'seen' && state.allocations.value.some((row) => row.allocationId === id);
  if (isPurchase)
    return { reason: `${id} is a purchase, not a payment`, hint: `kc-doctor trace --purchase ${id}` };
  if (isAllocation)
    return { reason: `${id} is an allocation, not a payment`, hint: `kc-doctor trace --allocation ${id}` };
  return { reason: `payment ${id} was not followed`, hint: `kc-doctor trace ${id}` };
}

/** The earliest stage whose row is missing. */
function missingStage(one: PaymentCase): RowStage | null {
  return ROW_STAGES.find((stage) => one.effect(EFFECTS_OF_STAGE[stage].row).status !== 'done') ?? null;
}

const CLASS_REASONS: Readonly<Record<Exclude<PaymentClass, 'ordinary' | 'renewal'>, string>> = {
  'not-succeeded': 'it is not paid (any more)',
  'no-course': 'it names no course',
  repeat: 'the student owns the course already, it is a second payment',
  ended: 'its purchase has ended',
};

/** Money again (design.md 5): paid, wanted, and not settled in another way. */
function paymentObstacle(previewer: Previewer, one: PaymentCase, stage: RowStage): Obstacle | null {
  const { payment } = one;
  const { state } = previewer;
  const kind = one.identity().class;
  const decide = `a person decides: kc-doctor trace ${payment.paymentId}`;
  if (kind !== 'ordinary' && kind !== 'renewal') return { reason: CLASS_REASONS[kind], hint: decide };
  if (
    payment.sessionCount !== null &&
    payment.purchaseTier !== null &&
    payment.sessionCount !== payment.purchaseTier
  ) {
    return {
      reason: `its metadata names ${payment.sessionCount} sessions and tier ${payment.purchaseTier}`,
      hint: decide,
    };
  }
  const date = startDateObstacle(payment.startDate, state.takenAtMs);
  if (date !== null) return date;
  if (!previewer.includeOlder && state.takenAtMs - confirmedAt(payment) > OLD_PAYMENT_MS) {
    return {
      reason: 'it was confirmed more than 48 hours ago',
      hint: 'see that nobody settled it by hand, then add --include-older',
    };
  }
  if (stage === 'purchase') {
    const met = purchaseMet(previewer, payment);
    if (met.kind === 'ended')
      return {
        reason: `its purchase ${met.purchase.purchaseId} has ended and would be revived`,
        hint: decide,
      };
    return null;
  }
  if (one.identity().purchase?.isActive !== true)
    return { reason: 'its purchase is not active', hint: decide };
  const allocation = one.identity().allocations[0];
  if (stage === 'allocation' && allocation !== undefined) {
    return { reason: `its allocation ${allocation.allocationId} is ${allocation.status}`, hint: decide };
  }
  if (
    stage === 'sessions' &&
    (allocation === undefined || !isLive(allocation) || allocation.trainerId === null)
  ) {
    return { reason: 'it has no live allocation with a trainer', hint: decide };
  }
  return null;
}

/** Missing for certain, and not on its way already. */
function deliveryObstacle(previewer: Previewer, one: PaymentCase, stage: RowStage): Obstacle | null {
  const { row, input } = EFFECTS_OF_STAGE[stage];
  const { paymentId } = one.payment;
  const hint = `kc-doctor trace ${paymentId}`;
  const effect = one.effect(row);
  if (effect.status === 'unknown')
    return effect.gap === null ? { reason: effect.detail, hint } : unseenObstacle(effect.gap);
  if (effect.status === 'waiting') return { reason: `it is on its way: ${effect.detail}`, hint };
  const before = one.effect(input);
  if (before.status === 'unknown' && before.gap !== null) return unseenObstacle(before.gap);
  if (before.status === 'waiting') return { reason: `it is on its way: ${before.detail}`, hint };
  const unread = before.records
    .map((record) => one.passage(stage, record))
    .find(({ status }) => status !== 'done');
  if (unread !== undefined) {
    return {
      reason: `its record waits unread at ${place(unread.record)} @ ${unread.record.offset}`,
      hint: 'kc-doctor fix lets it be read first',
    };
  }
  if (before.records.filter(({ doctorRun }) => doctorRun !== null).length >= MOST_COPIES) {
    return { reason: `it was given back ${MOST_COPIES} times without effect`, hint };
  }
  const letters = lettersOf(previewer.state, one, stage);
  if (letters === null && before.records.length > 0 && previewer.state.deadLetters.kind === 'unseen')
    return unseenObstacle(previewer.state.deadLetters.gap);
  const letter = letters?.at(-1);
  return letter === undefined
    ? null
    : {
        reason: `its record failed before: ${letter.failureReason}`,
        hint: 'mend the reason first, then give the dead letter back (redrive-dead-letters, not in this version)',
      };
}

const HEALTHY: readonly OffsetVerdict[] = ['caught-up', 'in-flight', 'catching-up', 'never-committed-idle'];

/** Named payments alone are hurt, or somebody waits: no reason for the worker to fail on another record. */
const NOT_IN_THE_WAY = [
  'payment-without-course',
  'repeat-payment',
  'revived-purchase',
  'no-trainer-available',
  'dead-letters-unsettled',
  'cache-mark-blocks-sessions',
  'slow-worker',
  'clock-skew',
  'redis-failing',
];

function workerObstacle(state: PlatformState, stage: RowStage, { active }: RepairRequest): Obstacle | null {
  const definition = stageDefinition(stage);
  const { worker, group, topics } = definition;
  const guard = guardObstacle(state, stage);
  if (guard !== null) return guard;
  const cause = active.find(
    (other) =>
      (other.stage === null || other.stage === stage) &&
      !other.repairs.includes(ID) &&
      !NOT_IN_THE_WAY.includes(other.id),
  );
  if (cause !== undefined) {
    return {
      reason: `${worker} cannot handle it while this lasts: ${cause.title}`,
      hint: `settle that first, else it only makes dead letters: kc-doctor explain ${cause.id}`,
    };
  }
  const standings = standingsOf(state, stage, [topics[0]]);
  if (isObstacle(standings)) return standings;
  const dead = deadConsumer(standings);
  if (dead !== null) return dead;
  // One worker reads all partitions: where one is stuck, for whatever reason, the others are next.
  const sick = standings.find(({ verdict }) => !HEALTHY.includes(verdict.verdict));
  if (sick !== undefined) {
    return {
      reason: `${group} does not read ${place(sick)} as it should: ${sick.verdict.verdict}`,
      hint: 'kc-doctor fix restores the flow first',
    };
  }
  return isLivingByGroup(state, definition) && isWorkerRunning(state, worker) !== false
    ? null
    : {
        reason: `${worker} is not a member of ${group}`,
        hint: `kc-doctor fix start-worker --stage ${stage}`,
      };
}

function unseenMarks({ marks }: PlatformState): Obstacle {
  return marks.kind === 'unseen'
    ? unseenObstacle(marks.gap)
    : { reason: 'its marks were not read', hint: 'run again with a longer --timeout' };
}

/** A worker that asks the guard first skips a marked event: then the replay would be ignored. */
function markObstacle(
  { state, cases }: Previewer,
  one: PaymentCase,
  stage: RowStage,
  marks: readonly MarkRow[],
): Obstacle | null {
  const { worker, inputEvent } = stageDefinition(stage);
  const [mark] = marks;
  const skipped = skipLine(cases, one, stage);
  const clear = 'the mark has to go first (clear-mark, not in this version): kc-doctor explain guard-skips';
  if (stage === 'sessions') {
    return mark === undefined
      ? null
      : {
          reason: `would be ignored: ${inputEvent} is marked by ${mark.source}, and session-worker obeys any mark`,
          hint: `let the sessions be made instead: curl -X POST $ADMIN_SERVICE_URL/api/v1/admin/allocations/${one.identity().allocations[0]?.allocationId ?? '{allocationId}'}/create-sessions`,
        };
  }
  if (skipped !== null) {
    return { reason: `would be ignored: ${worker} has skipped it as processed before`, hint: clear };
  }
  // Every healthy payment carries the emitter's own mark, so no worker that ever made a purchase obeys it.
  const obeyed = marks.find(({ source }) => !(stage === 'purchase' && source === EMITTER));
  if (obeyed === undefined || looksForRowFirst(state, stage)) return null;
  return {
    reason: `would be ignored: ${inputEvent} is marked by ${obeyed.source}, and whether ${worker} looks for the row first is not known`,
    hint: clear,
  };
}

/** Read from its log, or for allocation from the generation (A12); a conflict is not known. */
function looksForRowFirst(state: PlatformState, stage: RowStage): boolean {
  const { worker, inputEvent } = stageDefinition(stage);
  const lines = linesSinceStart(state, worker) ?? [];
  const obeys = lines.some(({ kind, eventType }) => kind === 'skipped-processed' && eventType === inputEvent);
  const recovers = lines.some(({ kind }) => kind === 'recovery');
  return !obeys && (recovers || (stage === 'allocation' && generationOf(state) === 'newest'));
}

// --- the plan

function oldestFirst(replays: readonly Replay[]): readonly Replay[] {
  const at = ({ one, stage }: Replay): number => ROW_STAGES.indexOf(stage) * 1e15 + confirmedAt(one.payment);
  return replays.toSorted(
    (a, b) => at(a) - at(b) || (a.one.payment.paymentId < b.one.payment.paymentId ? -1 : 1),
  );
}

/** Each batch ends with a wait, so that a first record which fails is the only one. */
function batched(state: PlatformState, replays: readonly Replay[]): readonly DraftStep[] {
  const [single, few] = BATCHES;
  const batches = [
    replays.slice(0, single),
    replays.slice(single, single + few),
    replays.slice(single + few),
  ];
  const produced = new Map<string, bigint>();
  return batches.flatMap((batch) => [
    ...batch.map(produceStep),
    ...ROW_STAGES.flatMap((stage) => {
      const own = batch.filter((replay) => replay.stage === stage);
      if (own.length === 0) return [];
      const positions = new Map<string, { topic: string; partition: number; offset: bigint }>();
      for (const { record } of own) {
        const key = place(record);
        const offset = produced.get(key) ?? record.notBefore;
        produced.set(key, offset + 1n);
        positions.set(key, { topic: record.topic, partition: record.partition, offset });
      }
      return [
        waitDrainStep(
          { repair: ID, stage },
          [...positions.values()],
          own.map(({ one }) => one.payment.paymentId),
          2 * state.settings.thresholds[GRACE_OF[stage]] + own.length * HANDLED_WITHIN_MS,
        ),
      ];
    }),
  ]);
}

function produceStep({ one, stage, record }: Replay): DraftStep {
  const { paymentId } = one.payment;
  return {
    repair: ID,
    stage,
    title: `send ${record.eventType} of payment ${paymentId}`,
    action: { kind: 'produce-record', record, payment: paymentId, stage },
    before: `${place(record)} without a record that leads to its ${stage === 'sessions' ? 'sessions' : stage}`,
    after: `one record with key ${paymentId} at the end of ${place(record)}`,
    whySafe: `${originText(record)}; its effect is proved absent, and nothing of it waits unread`,
    reversibility: 'irreversible',
    risk: 'disruptive',
    precondition: { kind: 'payment-wants-record', payment: paymentId, stage },
    byHand: `kafka-console-producer --bootstrap-server $KAFKA_BROKERS --topic ${record.topic} --property parse.key=true --property parse.headers=true   # with the record of this plan`,
  };
}

function originText({ copyOf, eventId }: PlannedRecord): string {
  return copyOf === null
    ? `rebuilt from its rows with event id ${eventId}`
    : `a copy of ${place(copyOf)} @ ${copyOf.offset}, event id ${eventId}`;
}

function previewOf({ one, record }: Replay): PaymentPreview {
  return {
    payment: one.payment.paymentId,
    effect: record.copyOf === null ? 'read-first-time' : 're-read',
    refuses: false,
    topic: record.topic,
    partition: record.partition,
    offset: null,
    text: `${record.eventType} is sent once more: ${originText(record)}`,
  };
}

/** One refusal for all payments with the same reason. */
function merged(refusals: readonly Refusal[]): readonly Refusal[] {
  const byReason = new Map<string, Refusal>();
  for (const one of refusals) {
    const key = `${one.stage} ${one.reason}`;
    const known = byReason.get(key);
    byReason.set(
      key,
      known === undefined ? one : { ...known, payments: [...known.payments, ...one.payments] },
    );
  }
  return [...byReason.values()];
}
