import type { AllocationRecord, PaymentRecord, PlatformRows, PurchaseRecord } from './platform-rows.ts';
import { DAY, MINUTE } from './platform-rows.ts';

/** Which payments arrived, told payment by payment and without a thought for speed. Reference: catalogue.md 0, bulk rule. */
export interface Standing {
  readonly payment: PaymentRecord;
  readonly courseId: string | null;
  readonly paidAtMs: number;
  readonly hasArrived: boolean;
  readonly arrivedAtMs: number | null;
  readonly earlierUnfinished: PaymentRecord | null;
}

const LOOK_BACK_MS = 30 * DAY;

export function courseOf(payment: PaymentRecord): string | null {
  const metadata = objectOf(payment.metadata);
  const course = metadata['courseId'];
  return typeof course === 'string' && course.trim() !== '' ? course.trim().toLowerCase() : null;
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'string')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  try {
    return objectOf(JSON.parse(value));
  } catch {
    return {};
  }
}

export function paidAt(payment: PaymentRecord): number {
  return payment.confirmedAtMs ?? payment.createdAtMs;
}

export function standings(
  rows: PlatformRows,
  targets: readonly PaymentRecord[],
  nowMs: number,
): readonly Standing[] {
  const oldest = Math.min(...targets.map(paidAt)) - LOOK_BACK_MS;
  const considered = rows.payments.filter(
    (payment) => payment.status === 'succeeded' && paidAt(payment) >= oldest,
  );
  return targets.map((payment) => {
    const sameCourse = considered.filter((other) => isSamePair(other, payment)).sort(byTime);
    const arrival = payment.status === 'succeeded' ? arrivalOf(rows, payment) : null;
    const hasArrived = arrival !== null && !contested(rows, sameCourse).has(payment.id);
    const first = sameCourse.find(
      (other) => !arrivedAlone(rows, sameCourse, other) && mayArrive(rows, other, nowMs),
    );
    const isEarlier = first !== undefined && first.id !== payment.id && paidAt(first) <= paidAt(payment);
    return {
      payment,
      courseId: courseOf(payment),
      paidAtMs: paidAt(payment),
      hasArrived,
      arrivedAtMs: arrival,
      earlierUnfinished: isEarlier ? first : null,
    };
  });
}

export function ownPurchases(rows: PlatformRows, payment: PaymentRecord): readonly PurchaseRecord[] {
  const course = courseOf(payment);
  return rows.purchases
    .filter((purchase) => purchase.studentId === payment.studentId && purchase.courseId === course)
    .filter((purchase) => purchase.createdAtMs >= paidAt(payment) - MINUTE)
    .sort((a, b) => a.createdAtMs - b.createdAtMs);
}

export function isLive(purchase: PurchaseRecord, nowMs: number): boolean {
  return purchase.isActive && (purchase.expiresAtMs === null || purchase.expiresAtMs > nowMs);
}

export function allocatedAt(allocation: AllocationRecord): number {
  return Math.max(allocation.requestedAtMs ?? Number.NEGATIVE_INFINITY, allocation.createdAtMs);
}

function arrivedAlone(
  rows: PlatformRows,
  sameCourse: readonly PaymentRecord[],
  payment: PaymentRecord,
): boolean {
  return arrivalOf(rows, payment) !== null && !contested(rows, sameCourse).has(payment.id);
}

function mayArrive(rows: PlatformRows, payment: PaymentRecord, nowMs: number): boolean {
  const own = ownPurchases(rows, payment);
  return own.length === 0 || own.some((purchase) => isLive(purchase, nowMs));
}

/** When the first session came of an allocation that followed the payment's own purchase; null: none did. */
function arrivalOf(rows: PlatformRows, payment: PaymentRecord): number | null {
  const [purchase] = ownPurchases(rows, payment);
  if (purchase === undefined) return null;
  const created = rows.allocations
    .filter(
      (allocation) => allocation.studentId === payment.studentId && allocation.courseId === purchase.courseId,
    )
    .filter((allocation) => ['approved', 'active', 'completed'].includes(allocation.status))
    .filter((allocation) => allocatedAt(allocation) >= purchase.createdAtMs - MINUTE)
    .flatMap((allocation) => rows.sessions.filter((session) => session.allocationId === allocation.id))
    .map((session) => session.createdAtMs);
  return created.length === 0 ? null : Math.min(...created);
}

/** Payments that stood in the queue for a purchase together with another one. */
function contested(rows: PlatformRows, sameCourse: readonly PaymentRecord[]): ReadonlySet<string> {
  const [any] = sameCourse;
  if (any === undefined) return new Set();
  const purchases = rows.purchases
    .filter((purchase) => purchase.studentId === any.studentId && purchase.courseId === courseOf(any))
    .map((purchase) => purchase.createdAtMs)
    .sort((a, b) => a - b);
  const found = new Set<string>();
  let queue: PaymentRecord[] = [];
  let served = 0;
  for (const payment of sameCourse) {
    for (; served < purchases.length && (purchases[served] ?? 0) < paidAt(payment) - MINUTE; served += 1)
      queue = queue.slice(1);
    const last = queue.at(-1);
    if (last !== undefined) found.add(last.id).add(payment.id);
    queue = [...queue, payment];
  }
  return found;
}

function isSamePair(a: PaymentRecord, b: PaymentRecord): boolean {
  return a.studentId === b.studentId && courseOf(a) !== null && courseOf(a) === courseOf(b);
}

function byTime(a: PaymentRecord, b: PaymentRecord): number {
  return paidAt(a) - paidAt(b) || (a.id < b.id ? -1 : 1);
}
