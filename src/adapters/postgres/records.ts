import { allocationId, courseId, isUuid, paymentId, purchaseId, studentId } from '../../platform/ids.ts';
import type { AllocationRow, MarkRow, PaymentRow, PurchaseRow, SessionCount } from '../../platform/state.ts';
import type { AllocationRecord } from './queries/allocations-of.ts';
import type { PaymentRecord } from './queries/arrival.ts';
import type { MarkRecord } from './queries/marks.ts';
import type { PurchaseRecord } from './queries/purchases-of.ts';
import type { SessionCountRecord } from './queries/sessions-of.ts';

export function paymentRow(record: PaymentRecord): PaymentRow {
  const metadata = paymentMetadata(record.metadata);
  return {
    paymentId: paymentId(record.id),
    studentId: studentId(record.student_id),
    status: record.status,
    amountCents: record.amount_cents,
    currency: record.currency ?? '',
    confirmedAtMs: record.confirmed_at_ms,
    createdAtMs: record.created_at_ms,
    courseId: metadata.courseId === null ? null : courseId(metadata.courseId),
    sessionCount: metadata.sessionCount,
    purchaseTier: metadata.purchaseTier,
    startDate: metadata.startDate,
    metadata: JSON.stringify(asObject(record.metadata)),
    earlierUnfinishedOfPair: record.earlier_id === null ? null : paymentId(record.earlier_id),
  };
}

interface PaymentMetadata {
  readonly courseId: string | null;
  readonly sessionCount: number | null;
  readonly purchaseTier: number | null;
  readonly startDate: string | null;
}

/** The metadata of a payment, an object or a JSON string of one (platform.md, tables). */
function paymentMetadata(metadata: unknown): PaymentMetadata {
  const fields = asObject(metadata);
  const schedule = asObject(fields['schedule']);
  return {
    courseId: words(fields['courseId'])?.toLowerCase() ?? null,
    sessionCount: wholeNumber(fields['sessionCount']),
    purchaseTier: wholeNumber(fields['purchaseTier']),
    startDate: words(fields['startDate']) ?? words(schedule['startDate']) ?? words(schedule['date']),
  };
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') {
    try {
      const parsed: unknown = JSON.parse(value);
      return typeof parsed === 'string' ? {} : asObject(parsed);
    } catch {
      // Not JSON: it names nothing, which is what the platform finds in it as well.
      return {};
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function words(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : null;
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}

export function purchaseRow(record: PurchaseRecord): PurchaseRow {
  return {
    purchaseId: purchaseId(record.id),
    studentId: studentId(record.student_id),
    courseId: courseId(record.course_id),
    isActive: record.is_active,
    createdAtMs: record.created_at_ms,
    expiresAtMs: record.expires_at_ms,
    paymentId: record.payment_id !== null && isUuid(record.payment_id) ? paymentId(record.payment_id) : null,
  };
}

export function allocationRow(record: AllocationRecord): AllocationRow {
  return {
    allocationId: allocationId(record.id),
    studentId: studentId(record.student_id),
    courseId: record.course_id === null ? null : courseId(record.course_id),
    trainerId: record.trainer_id,
    status: record.status,
    requestedAtMs: record.requested_at_ms,
    createdAtMs: record.created_at_ms,
    updatedAtMs: record.updated_at_ms,
  };
}

export function sessionCount(record: SessionCountRecord): SessionCount {
  return {
    allocationId: allocationId(record.allocation_id),
    total: record.total,
    future: record.future,
    firstCreatedAtMs: record.first_created_at_ms,
    courseIdSet: record.course_id_set,
  };
}

export function markRow(record: MarkRecord): MarkRow {
  return {
    eventId: record.event_id,
    eventType: record.event_type,
    correlationId: record.correlation_id,
    source: record.source,
    processedAtMs: record.processed_at_ms,
  };
}
