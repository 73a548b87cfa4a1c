import { randomUUID } from 'node:crypto';

/** The platform's tables as plain rows: what a simulated database holds and a real one is filled with. */
export interface PlatformRows {
  readonly payments: readonly PaymentRecord[];
  readonly purchases: readonly PurchaseRecord[];
  readonly allocations: readonly AllocationRecord[];
  readonly sessions: readonly SessionRecord[];
  readonly marks: readonly MarkRecord[];
}

export interface PaymentRecord {
  readonly id: string;
  readonly studentId: string;
  readonly status: string;
  readonly amountCents: number;
  readonly currency: string;
  /** An object, or a JSON string of one. */
  readonly metadata: unknown;
  readonly confirmedAtMs: number | null;
  readonly createdAtMs: number;
}

export interface PurchaseRecord {
  readonly id: string;
  readonly studentId: string;
  readonly courseId: string;
  readonly isActive: boolean;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly metadata: unknown;
}

export interface AllocationRecord {
  readonly id: string;
  readonly studentId: string;
  readonly courseId: string | null;
  readonly trainerId: string | null;
  readonly status: string;
  readonly requestedAtMs: number | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface SessionRecord {
  readonly allocationId: string;
  readonly courseId: string | null;
  readonly scheduledAtMs: number;
  readonly scheduledTime: string;
  readonly status: string;
  readonly createdAtMs: number;
}

export interface MarkRecord {
  readonly eventId: string;
  readonly eventType: string;
  readonly correlationId: string;
  readonly source: string;
  readonly processedAtMs: number;
}

export const NO_ROWS: PlatformRows = {
  payments: [],
  purchases: [],
  allocations: [],
  sessions: [],
  marks: [],
};

export function joinRows(...parts: readonly Partial<PlatformRows>[]): PlatformRows {
  return {
    payments: parts.flatMap((part) => part.payments ?? []),
    purchases: parts.flatMap((part) => part.purchases ?? []),
    allocations: parts.flatMap((part) => part.allocations ?? []),
    sessions: parts.flatMap((part) => part.sessions ?? []),
    marks: parts.flatMap((part) => part.marks ?? []),
  };
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function paymentRecord(
  paidAtMs: number,
  values: Partial<PaymentRecord> & { readonly courseId?: string | null } = {},
): PaymentRecord {
  const { courseId = randomUUID(), ...rest } = values;
  return {
    id: randomUUID(),
    studentId: randomUUID(),
    status: 'succeeded',
    amountCents: 100_000,
    currency: 'INR',
    metadata: { ...(courseId === null ? {} : { courseId }), sessionCount: 10, startDate: '2026-02-02' },
    confirmedAtMs: paidAtMs,
    createdAtMs: paidAtMs - 20 * SECOND,
    ...rest,
  };
}

export function purchaseRecord(
  pair: { readonly studentId: string; readonly courseId: string },
  createdAtMs: number,
  values: Partial<PurchaseRecord> = {},
): PurchaseRecord {
  return {
    id: randomUUID(),
    studentId: pair.studentId,
    courseId: pair.courseId,
    isActive: true,
    createdAtMs,
    expiresAtMs: createdAtMs + 90 * DAY,
    metadata: { timeSlot: '4:00 PM' },
    ...values,
  };
}

export function allocationRecord(
  pair: { readonly studentId: string; readonly courseId: string },
  createdAtMs: number,
  values: Partial<AllocationRecord> = {},
): AllocationRecord {
  return {
    id: randomUUID(),
    studentId: pair.studentId,
    courseId: pair.courseId,
    trainerId: randomUUID(),
    status: 'approved',
    requestedAtMs: createdAtMs,
    createdAtMs,
    updatedAtMs: createdAtMs,
    ...values,
  };
}

export function sessionRecords(
  allocationId: string,
  createdAtMs: number,
  days: readonly number[],
): readonly SessionRecord[] {
  return days.map((day) => ({
    allocationId,
    courseId: null,
    scheduledAtMs: createdAtMs + day * DAY,
    scheduledTime: '4:00 PM',
    status: 'scheduled',
    createdAtMs,
  }));
}

export interface Chain extends PlatformRows {
  readonly payment: PaymentRecord;
  readonly purchase: PurchaseRecord;
  readonly allocation: AllocationRecord;
  readonly courseId: string;
}

/** A payment that went all the way, a third of a second a stage. */
export function healthyChain(
  paidAtMs: number,
  pair: { readonly studentId: string; readonly courseId: string } = {
    studentId: randomUUID(),
    courseId: randomUUID(),
  },
): Chain {
  const payment = paymentRecord(paidAtMs, pair);
  const purchase = purchaseRecord(pair, paidAtMs + 100);
  const allocation = allocationRecord(pair, paidAtMs + 200);
  return {
    payment,
    purchase,
    allocation,
    courseId: pair.courseId,
    payments: [payment],
    purchases: [purchase],
    allocations: [allocation],
    sessions: sessionRecords(allocation.id, paidAtMs + 300, [1, 2, 3, 4, 5, 6, 7]),
    marks: [
      {
        eventId: randomUUID(),
        eventType: 'PURCHASE_CONFIRMED',
        correlationId: payment.id,
        source: 'payment-service',
        processedAtMs: paidAtMs + 20,
      },
      {
        eventId: purchase.id,
        eventType: 'PURCHASE_CREATED',
        correlationId: payment.id,
        source: 'allocation-worker',
        processedAtMs: paidAtMs + 250,
      },
      {
        eventId: `trainer-allocated-${allocation.id}`,
        eventType: 'TRAINER_ALLOCATED',
        correlationId: allocation.id,
        source: 'cache-worker',
        processedAtMs: paidAtMs + 280,
      },
    ],
  };
}
