/** Planning again in the middle of a run: whether a step, or the rest of a plan, would still be planned from what is seen now. */
import type { PaymentId } from '../platform/ids.ts';
import { examinedPayments } from '../platform/payment.ts';
import type { Stage } from '../platform/pipeline.ts';
import { previewStandings } from './drain.ts';
import { EVERYTHING, makePlan, type Selection } from './make-plan.ts';
import type { OffsetMove, Plan, PlanDraft, Step } from './plan.ts';
import { openPreviewer, refusingPreviews } from './preview.ts';
import { isObstacle, standingsOf } from './targets.ts';
import type { Examined } from './verify.ts';

export function planAgain(examined: Examined, selection: Partial<Selection>): PlanDraft {
  return makePlan(examined.state, examined, { ...EVERYTHING, ...selection });
}

/** Why the record of this step must not be sent now; null: it would be planned again. Its age was consented to with the plan. */
export function refusesRecord(examined: Examined, { action }: Step): string | null {
  if (action.kind !== 'produce-record') return null;
  const { payment, stage, record } = action;
  const { steps, refusals } = planAgain(examined, {
    repair: 'replay-payment',
    payments: [payment],
    includeOlder: true,
  });
  const again = steps.find(
    (step) => step.action.kind === 'produce-record' && step.action.payment === payment,
  );
  if (again?.action.kind !== 'produce-record') {
    const reason = refusals.find(({ payments }) => payments.includes(payment))?.reason;
    return `payment ${payment}: ${reason ?? 'nothing of it is missing'}`;
  }
  if (again.action.stage !== stage) return `payment ${payment} stops at the stage ${again.action.stage} now`;
  const { topic, partition, eventId } = again.action.record;
  const isSame = topic === record.topic && partition === record.partition && eventId === record.eventId;
  return isSame ? null : `payment ${payment} would be given another record now`;
}

/**
 * Why workers must not be let at what waits for them now: a payment of the plan was refunded, a purchase behind a record has ended, or
 * other offsets would be committed. Null: the plan would be made again. Ages were consented to with it.
 */
export function refusesReading(examined: Examined, plan: Plan): string | null {
  const unpaid = plan.payments.map((id) => unpaidText(examined, id)).find((text) => text !== null);
  if (unpaid !== undefined) return unpaid;
  const starts = plan.steps.filter(({ action }) => action.kind === 'start-container');
  for (const { repair, stage } of starts) {
    // Before its offsets are moved, a start by itself would be refused.
    if (plan.steps.some((step) => isMoveAt(step, stage))) continue;
    if (repair !== 'start-worker') {
      // Stopped by the run itself, so only what it would read counts.
      const harm = stage === null ? null : harmOfReading(examined, stage);
      if (harm !== null) return harm;
      continue;
    }
    const { refusals } = planAgain(examined, { repair, stage, includeOlder: true });
    const refused = refusals.find((one) => one.repair === repair && one.stage === stage);
    if (refused !== undefined) return refused.reason;
  }
  return refusesMoves(
    examined,
    plan.steps.filter(({ repair }) => repair === 'move-offsets'),
  );
}

function harmOfReading({ state }: Examined, stage: Stage): string | null {
  const standings = standingsOf(state, stage);
  if (isObstacle(standings)) return null;
  const previews = previewStandings(openPreviewer(state, true), stage, standings);
  return refusingPreviews(previews, stage)?.reason ?? null;
}

/** Null: it is paid. */
export function unpaidText({ state }: Examined, id: PaymentId): string | null {
  if (state.payments.kind === 'unseen') return `payments were not seen: ${state.payments.gap.reason}`;
  const status = examinedPayments(state).find(({ paymentId }) => paymentId === id)?.status;
  return status === 'succeeded' ? null : `payment ${id} is ${status ?? 'not there'}`;
}

const isMoveAt = ({ action, stage }: Step, at: Step['stage']): boolean =>
  action.kind === 'commit-offsets' && stage === at;

/** Why the moves of a plan would not be made again after its worker was killed; null: they would, or it has none. */
export function refusesRest(examined: Examined, plan: Plan): string | null {
  const reason = refusesMoves(examined, plan.steps);
  return reason === null ? null : `after the worker was killed in the middle of a record: ${reason}`;
}

function refusesMoves(examined: Examined, planned: readonly Step[]): string | null {
  for (const { action, repair, stage } of planned) {
    if (action.kind !== 'commit-offsets') continue;
    const { steps, refusals } = planAgain(examined, { repair, stage, includeOlder: true });
    const again = steps.find(
      (step) => step.action.kind === 'commit-offsets' && step.action.group === action.group,
    );
    if (again?.action.kind === 'commit-offsets' && isSameMoves(again.action.moves, action.moves)) continue;
    return `${action.group}: ${refusals[0]?.reason ?? 'other offsets would be committed now'}`;
  }
  return null;
}

function isSameMoves(a: readonly OffsetMove[], b: readonly OffsetMove[]): boolean {
  const text = (moves: readonly OffsetMove[]) =>
    moves
      .map(({ topic, partition, from, to }) => `${topic} ${partition} ${from} ${to}`)
      .toSorted()
      .join();
  return text(a) === text(b);
}
