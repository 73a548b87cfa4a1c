import { allocationId, courseId, isUuid, type PaymentId, purchaseId, studentId } from '../platform/ids.ts';
import type { Lookup, LookupKind, LookupQuestion } from '../platform/lookup.ts';
import { type Observed, seen, unseen } from '../platform/observed.ts';
import type { PaymentsOfWindow } from '../platform/state.ts';
import type { PurchaseDatabaseReader } from '../ports/purchase-database.ts';
import { type Budget, type Desk, look } from './deadline.ts';
import { isGap, type Source } from './survey.ts';

/** The payments behind other ids: asked before the payments themselves, which are then asked for by name. */
export function lookUp(
  desk: Desk,
  limits: Budget,
  database: Source<PurchaseDatabaseReader>,
  questions: readonly LookupQuestion[],
): Promise<readonly Lookup[]> {
  const endMs = desk.clock.monotonicMs() + limits.surveyMs;
  return Promise.all(
    questions.map(async (question): Promise<Lookup> => {
      const operation = `payments of ${question.kind} ${question.id}`;
      if (isGap(database)) return { ...question, payments: unseen({ ...database, operation }) };
      const rows = await look(
        desk,
        { system: 'postgres', operation, withinMs: endMs - desk.clock.monotonicMs() },
        (signal) => database.paymentsBehind(typed(question), signal),
      );
      if (rows.kind === 'unseen') return { ...question, payments: rows };
      return {
        ...question,
        payments: seen(
          rows.value.map(({ paymentId }) => paymentId),
          rows.seenAtMs,
        ),
      };
    }),
  );
}

export function foundBy(lookups: readonly Lookup[]): readonly PaymentId[] {
  return lookups.flatMap(({ payments }) => (payments.kind === 'seen' ? payments.value : []));
}

/** Kinds that an id can be mistaken for; a course is left out, since only reading every payment would tell. */
const MISTAKABLE: readonly LookupKind[] = ['allocation', 'purchase', 'student'];
/** Ids that are looked up under other kinds; whoever names more unknown ids made another mistake. */
const MOST_MISTAKEN = 5;

/** An id that no payment has may be that of something else. Only what leads to a payment is kept. */
export async function lookUpMistaken(
  desk: Desk,
  limits: Budget,
  database: Source<PurchaseDatabaseReader>,
  asked: readonly PaymentId[],
  payments: Observed<PaymentsOfWindow>,
): Promise<readonly Lookup[]> {
  if (payments.kind === 'unseen') return [];
  const known = new Set(payments.value.asked.map((row) => row.paymentId));
  const unknown = asked.filter((id) => !known.has(id) && isUuid(id)).slice(0, MOST_MISTAKEN);
  const questions = unknown.flatMap((id) => MISTAKABLE.map((kind) => ({ kind, id })));
  const lookups = await lookUp(desk, limits, database, questions);
  return lookups.filter((each) => each.payments.kind === 'unseen' || each.payments.value.length > 0);
}

function typed({ kind, id }: LookupQuestion): Parameters<PurchaseDatabaseReader['paymentsBehind']>[0] {
  switch (kind) {
    case 'student':
      return { kind, id: studentId(id) };
    case 'course':
      return { kind, id: courseId(id) };
    case 'purchase':
      return { kind, id: purchaseId(id) };
    case 'allocation':
      return { kind, id: allocationId(id) };
    default:
      return kind satisfies never;
  }
}
