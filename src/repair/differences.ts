/** Why a saved plan is not the plan that would be made now. */
import type { PaymentId } from '../platform/ids.ts';
import type { Plan, Step } from './plan.ts';
import { planAgain, unpaidText } from './replan.ts';
import type { Examined } from './verify.ts';

const MOST_DIFFERENCES = 8;

/** In which a plan that is made again differs from the one that was agreed to: payments first, since they say why. */
export function planDifferences(before: Plan, now: Plan, examined: Examined): readonly string[] {
  const left = before.payments.filter((id) => !now.payments.includes(id));
  const added = now.payments.filter((id) => !before.payments.includes(id));
  const known = new Set(before.refusals.map(({ reason }) => reason));
  const found = [
    ...left.map((id) => unpaidText(examined, id) ?? `payment ${id}: ${whyLeftOut(examined, id)}`),
    ...added.map((id) => `payment ${id} needs it as well`),
    ...now.refusals
      .filter(({ reason }) => !known.has(reason))
      .map(({ repair, reason }) => `${repair} is refused: ${reason}`),
    ...stepDifferences(before.steps, now.steps),
  ];
  const unique = [...new Set(found)];
  if (unique.length === 0) return ['what its steps rest on is not as it was'];
  const more = unique.length - MOST_DIFFERENCES;
  return more > 0 ? [...unique.slice(0, MOST_DIFFERENCES), `and ${more} more`] : unique;
}

function whyLeftOut(examined: Examined, id: PaymentId): string {
  const { refusals } = planAgain(examined, { repair: 'replay-payment', payments: [id], includeOlder: true });
  return refusals[0]?.reason ?? 'it would be repaired in another way';
}

function stepDifferences(planned: readonly Step[], plannedNow: readonly Step[]): readonly string[] {
  const acting = (steps: readonly Step[]) =>
    steps.filter(({ reversibility }) => reversibility !== 'reads-only');
  const titles = (steps: readonly Step[]) => new Set(steps.map(({ title }) => title));
  const [before, now] = [acting(planned), acting(plannedNow)];
  const [then, again] = [titles(before), titles(now)];
  return [
    ...before.filter(({ title }) => !again.has(title)).map((step) => `no more: ${withBefore(step)}`),
    ...now.filter(({ title }) => !then.has(title)).map((step) => `new: ${withBefore(step)}`),
    ...now.flatMap((step) => {
      const old = before.find(({ title }) => title === step.title);
      return old === undefined || old.before === step.before
        ? []
        : [`${step.title}: ${step.before}; it was ${old.before}`];
    }),
  ];
}

const withBefore = ({ title, before }: Step): string => `${title} (${before})`;
