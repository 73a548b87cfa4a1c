import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { PurchaseMetadata } from '../shared/events.ts';
import { dateIn, readMetadata } from '../shared/metadata.ts';
import { partitionOfKey, paymentIdIn } from '../shared/partition.ts';

const AMOUNT_CENTS = 100_000;
const TIERS = [10, 20, 30] as const;
const TIME_SLOTS = ['4:00 PM', '5:00 PM', '6:30 PM'] as const;
/** One payment in so many carries its metadata as a JSON string, as happens in the field. */
const TEXT_METADATA_EVERY = 5;
const MAX_COUNT = 1_000;

export interface Payment {
  readonly id: string;
  readonly studentId: string;
  readonly amountCents: number;
  readonly metadata: PurchaseMetadata;
}

export interface PaymentRequest {
  readonly count: number;
  readonly paymentId?: string;
  readonly studentId?: string;
  readonly courseId?: string;
  readonly amountCents?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly partition?: number;
}

/** undefined: not a request that can be served. */
export function readPaymentRequest(body: Readonly<Record<string, unknown>>): PaymentRequest | undefined {
  const { count = 1, paymentId, studentId, courseId, amountCents, metadata, partition } = body;
  if (typeof count !== 'number' || !(count >= 1 && count <= MAX_COUNT)) return undefined;
  if (paymentId !== undefined && count !== 1) return undefined;
  const parsed = typeof metadata === 'string' ? (JSON.parse(metadata) as unknown) : metadata;
  return {
    count,
    ...(typeof paymentId === 'string' ? { paymentId } : {}),
    ...(typeof studentId === 'string' ? { studentId } : {}),
    ...(typeof courseId === 'string' ? { courseId } : {}),
    ...(typeof amountCents === 'number' ? { amountCents } : {}),
    ...(typeof parsed === 'object' && parsed !== null ? { metadata: { ...parsed } } : {}),
    ...(typeof partition === 'number' ? { partition } : {}),
  };
}

/** What is not asked for is filled in; a null in the metadata takes a key away. */
export function makePayment(request: PaymentRequest): Payment {
  const defaults = {
    courseId: request.courseId ?? randomUUID(),
    sessionCount: oneOf(TIERS),
    timeSlot: oneOf(TIME_SLOTS),
    startDate: dateIn(1 + Math.floor(Math.random() * 14)),
  };
  const merged = Object.entries({ ...defaults, ...request.metadata }).filter(([, value]) => value !== null);
  return {
    id: request.paymentId ?? paymentIdIn(request.partition),
    studentId: request.studentId ?? randomUUID(),
    amountCents: request.amountCents ?? AMOUNT_CENTS,
    metadata: Object.fromEntries(merged),
  };
}

export async function insertPayment(pool: Pool, payment: Payment): Promise<void> {
  const metadata = JSON.stringify(payment.metadata);
  const isText = Number.parseInt(payment.id.slice(-4), 16) % TEXT_METADATA_EVERY === 0;
  await pool.query(
    `insert into payments
       (id, student_id, amount_cents, currency, status, provider, provider_payment_id, metadata, confirmed_at, created_at, updated_at)
     values ($1, $2, $3, 'INR', 'succeeded', 'razorpay', $4, $5, now(), now(), now())`,
    [
      payment.id,
      payment.studentId,
      payment.amountCents,
      `pay_${payment.id.slice(0, 13).replaceAll('-', '')}`,
      isText ? JSON.stringify(metadata) : metadata,
    ],
  );
}

export async function findPayment(pool: Pool, id: string): Promise<Payment | undefined> {
  const found = await pool.query<{ student_id: string; amount_cents: number; metadata: unknown }>(
    `select student_id, amount_cents, metadata from payments where id = $1 and status = 'succeeded'`,
    [id],
  );
  const [row] = found.rows;
  if (row === undefined) return undefined;
  return {
    id,
    studentId: row.student_id,
    amountCents: row.amount_cents,
    metadata: readMetadata(row.metadata),
  };
}

export function describePayment(payment: Payment): Readonly<Record<string, unknown>> {
  const { id, studentId, metadata } = payment;
  return { paymentId: id, studentId, courseId: metadata.courseId ?? null, partition: partitionOfKey(id) };
}

function oneOf<Value>(values: readonly [Value, ...Value[]]): Value {
  return values[Math.floor(Math.random() * values.length)] ?? values[0];
}
