import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { EventEnvelope, PurchaseMetadata } from './events.ts';
import type { Publish } from './kafka.ts';
import type { Log } from './log.ts';
import { DEFAULT_TIME_SLOT, dateIn, tierOf } from './metadata.ts';

/** Trainers are not in any table that the pipeline reads. */
const TRAINERS = [
  '0a4c1f52-7be1-4c0e-9d0f-3b8a6f1f0a01',
  '0a4c1f52-7be1-4c0e-9d0f-3b8a6f1f0a02',
  '0a4c1f52-7be1-4c0e-9d0f-3b8a6f1f0a03',
] as const;

const DAYS_PER_SESSION = 2;

export interface AssignRequest {
  readonly studentId: string;
  readonly courseId: string;
  readonly timeSlot?: string;
  readonly date: string;
  readonly requestedBy?: string;
  readonly paymentMetadata?: PurchaseMetadata;
}

export interface Assigned {
  readonly id: string;
  readonly trainerId: string | null;
  readonly status: string;
}

export interface AssignOptions {
  readonly trainersFree: boolean;
  /** Newest generation: the allocating code announces the allocation under the allocation's own id. */
  readonly announce: Publish | null;
}

export async function findLiveAllocation(
  pool: Pool,
  studentId: string,
  courseId: string,
): Promise<Assigned | undefined> {
  const found = await pool.query<{ id: string; trainer_id: string; status: string }>(
    `select id, trainer_id, status
     from trainer_allocations
     where student_id = $1 and course_id = $2 and status in ('approved', 'active')`,
    [studentId, courseId],
  );
  const [row] = found.rows;
  return row === undefined ? undefined : { id: row.id, trainerId: row.trainer_id, status: row.status };
}

/** The allocating code: in admin-service, and in the newest generation inside allocation-worker as well. */
export async function autoAssign(
  pool: Pool,
  log: Log,
  request: AssignRequest,
  options: AssignOptions,
): Promise<Assigned> {
  const { studentId, courseId } = request;
  const existing = await findLiveAllocation(pool, studentId, courseId);
  if (existing !== undefined) {
    log.info('Auto Assignment: active allocation exists already', {
      studentId,
      courseId,
      allocationId: existing.id,
    });
    return existing;
  }
  if (!options.trainersFree) {
    log.warn('Auto Assignment: no trainer found, allocation stays pending', { studentId, courseId });
    return insertAllocation(pool, request, null);
  }
  const trainer = TRAINERS[Math.floor(Math.random() * TRAINERS.length)] ?? TRAINERS[0];
  const made = await insertAllocation(pool, request, trainer);
  log.info('Auto Assignment: allocation created', {
    studentId,
    courseId,
    allocationId: made.id,
    trainerId: trainer,
  });
  await options.announce?.(
    trainerAllocated(made.id, made.id, `trainer-allocated-${made.id}`, trainer, request),
  );
  return made;
}

async function insertAllocation(
  pool: Pool,
  request: AssignRequest,
  trainerId: string | null,
): Promise<Assigned> {
  const { studentId, courseId, date, timeSlot = DEFAULT_TIME_SLOT, paymentMetadata = {} } = request;
  const id = randomUUID();
  const status = trainerId === null ? 'pending' : 'approved';
  const metadata = { ...paymentMetadata, sessionCount: tierOf(paymentMetadata), startDate: date, timeSlot };
  await pool.query(
    `insert into trainer_allocations
       (id, student_id, trainer_id, course_id, requested_by, requested_at, status, metadata, created_at, updated_at)
     values ($1, $2, $3, $4, $5, now(), $6, $7, now(), now())`,
    [id, studentId, trainerId, courseId, request.requestedBy ?? studentId, status, JSON.stringify(metadata)],
  );
  return { id, trainerId, status };
}

export function trainerAllocated(
  correlationId: string,
  allocationId: string,
  eventId: string,
  trainerId: string,
  request: AssignRequest,
): EventEnvelope<'TRAINER_ALLOCATED'> {
  const { studentId, courseId, date, paymentMetadata = {} } = request;
  const sessionCount = tierOf(paymentMetadata);
  return {
    eventType: 'TRAINER_ALLOCATED',
    eventId,
    correlationId,
    payload: {
      allocationId,
      trainerId,
      studentId,
      courseId,
      sessionCount,
      startDate: date,
      endDate: endDateOf(date, sessionCount),
      userId: studentId,
      role: 'student',
      timestamp: Date.now(),
    },
  };
}

/** An unusable start date passes through: the platform's first to stumble over it is session-worker. */
function endDateOf(startDate: string, sessionCount: number): string {
  const start = Date.parse(startDate);
  return Number.isNaN(start) ? startDate : dateIn(sessionCount * DAYS_PER_SESSION, start);
}
