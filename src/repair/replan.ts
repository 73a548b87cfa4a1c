/** Planning again in the middle of a run: whether a step, or the rest of a plan, would still be planned from what is seen now. */
import { EVERYTHING, makePlan, type Selection } from './make-plan.ts';
import type { OffsetMove, Plan, PlanDraft, Step } from './plan.ts';
import type { Examined } from './verify.ts';

function planAgain(examined: Examined, selection: Partial<Selection>): PlanDraft {
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

/** Why the moves of a plan would not be planned again; null: they would, or it has none. */
export function refusesRest(examined: Examined, plan: Plan): string | null {
  for (const { action, repair, stage } of plan.steps) {
    if (action.kind !== 'commit-offsets') continue;
    const { steps, refusals } = planAgain(examined, { repair, stage, includeOlder: true });
    const again = steps.find(
      (step) => step.action.kind === 'commit-offsets' && step.action.group === action.group,
    );
    if (again?.action.kind === 'commit-offsets' && isSameMoves(again.action.moves, action.moves)) continue;
    const reason = refusals[0]?.reason ?? 'other offsets would be committed now';
    return `${action.group} after its worker was killed in the middle of a record: ${reason}`;
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
