import type { PaymentId } from './ids.ts';
import type { LookupQuestion } from './lookup.ts';
import type { AllocationRow, PaymentRow, PlatformState, PurchaseRow } from './state.ts';

/** Two clocks made the times of payment and purchase; catalogue.md 0, bulk rule. */
const SLACK_MS = 60_000;

/** The same question to the rows that a state holds: what a snapshot can say of a lookup that was not made when it was taken. */
export function lookUpInRows(state: PlatformState, { kind, id }: LookupQuestion): readonly PaymentId[] {
  if (state.payments.kind === 'unseen') return [];
  const { asked, unfinished } = state.payments.value;
  const rows = [...new Map([...asked, ...unfinished].map((row) => [row.paymentId, row])).values()];
  const found = rows.filter(leadsTo(state, { kind, id }));
  return found.toSorted((a, b) => paidAtMs(b) - paidAtMs(a)).map(({ paymentId }) => paymentId);
}

function leadsTo(state: PlatformState, { kind, id }: LookupQuestion): (payment: PaymentRow) => boolean {
  const purchases = state.purchases.kind === 'seen' ? state.purchases.value : [];
  switch (kind) {
    case 'student':
      return ({ studentId }) => studentId === id;
    case 'course':
      return ({ courseId, status }) => courseId === id && status === 'succeeded';
    case 'purchase':
      return ledTo(
        purchases.find(({ purchaseId }) => purchaseId === id),
        purchases,
      );
    case 'allocation': {
      const allocations = state.allocations.kind === 'seen' ? state.allocations.value : [];
      return ledTo(
        purchaseBefore(
          allocations.find(({ allocationId }) => allocationId === id),
          purchases,
        ),
        purchases,
      );
    }
    default:
      return kind satisfies never;
  }
}

/** The payment that the purchase names; else those of its pair for which it is the first purchase that is not older than they are. */
function ledTo(
  bought: PurchaseRow | undefined,
  purchases: readonly PurchaseRow[],
): (payment: PaymentRow) => boolean {
  if (bought === undefined) return () => false;
  return (payment) => {
    if (payment.status !== 'succeeded' || payment.studentId !== bought.studentId) return false;
    if (bought.paymentId !== null) return payment.paymentId === bought.paymentId;
    const sinceMs = paidAtMs(payment) - SLACK_MS;
    const candidates = purchases.filter(
      (row) =>
        row.studentId === bought.studentId &&
        row.courseId === bought.courseId &&
        row.createdAtMs >= sinceMs &&
        row.createdAtMs <= bought.createdAtMs,
    );
    const isFirst = candidates.every(({ createdAtMs }) => createdAtMs === bought.createdAtMs);
    return payment.courseId === bought.courseId && candidates.length > 0 && isFirst;
  };
}

/** The newest purchase of the pair that is not younger than the allocation. */
function purchaseBefore(
  allocation: AllocationRow | undefined,
  purchases: readonly PurchaseRow[],
): PurchaseRow | undefined {
  if (allocation === undefined) return undefined;
  const untilMs = Math.max(allocation.requestedAtMs ?? 0, allocation.createdAtMs) + SLACK_MS;
  return purchases
    .filter(
      ({ studentId, courseId, createdAtMs }) =>
        studentId === allocation.studentId && courseId === allocation.courseId && createdAtMs <= untilMs,
    )
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs)[0];
}

function paidAtMs({ confirmedAtMs, createdAtMs }: PaymentRow): number {
  return confirmedAtMs ?? createdAtMs;
}
