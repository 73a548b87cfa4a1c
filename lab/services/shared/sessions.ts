import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { DEFAULT_TIME_SLOT, dateIn } from './metadata.ts';

/** The platform keeps a rolling window of sessions, not all that were bought. */
const WINDOW = 7;
const DAYS_BETWEEN_SESSIONS = 2;
/** An allocation with fewer future sessions than this is topped up. */
const TOP_UP_BELOW = 3;

export interface Allocation {
  readonly id: string;
  readonly studentId: string;
  readonly trainerId: string | null;
  readonly courseId: string;
  readonly status: string;
  readonly sessionCount: number;
  readonly startDate: string;
  readonly timeSlot: string;
}

interface AllocationRow {
  readonly id: string;
  readonly student_id: string;
  readonly trainer_id: string | null;
  readonly course_id: string;
  readonly status: string;
  readonly metadata: { sessionCount?: number; startDate?: string; timeSlot?: string } | null;
}

const ALLOCATION_COLUMNS = 'a.id, a.student_id, a.trainer_id, a.course_id, a.status, a.metadata';

function allocationOf(row: AllocationRow): Allocation {
  return {
    id: row.id,
    studentId: row.student_id,
    trainerId: row.trainer_id,
    courseId: row.course_id,
    status: row.status,
    sessionCount: row.metadata?.sessionCount ?? WINDOW,
    startDate: row.metadata?.startDate ?? dateIn(1),
    timeSlot: row.metadata?.timeSlot ?? DEFAULT_TIME_SLOT,
  };
}

export async function findAllocation(pool: Pool, id: string): Promise<Allocation | undefined> {
  const found = await pool.query<AllocationRow>(
    `select ${ALLOCATION_COLUMNS} from trainer_allocations a where a.id = $1`,
    [id],
  );
  const [row] = found.rows;
  return row === undefined ? undefined : allocationOf(row);
}

export async function allocationsToTopUp(pool: Pool): Promise<readonly Allocation[]> {
  const found = await pool.query<AllocationRow>(
    `select ${ALLOCATION_COLUMNS}
     from trainer_allocations a
     where a.status in ('approved', 'active')
       and a.trainer_id is not null
       and (select count(*) from tutoring_sessions s
            where s.allocation_id = a.id and s.scheduled_date >= current_date) < ${TOP_UP_BELOW}`,
  );
  return found.rows.map(allocationOf);
}

export async function hasSessions(pool: Pool, allocationId: string): Promise<boolean> {
  const found = await pool.query('select 1 from tutoring_sessions where allocation_id = $1 limit 1', [
    allocationId,
  ]);
  return found.rowCount === 1;
}

/** Fills the window up to what was bought; the ids of what it made. `courseId` null: as the newest generation leaves it. */
export async function createSessions(
  pool: Pool,
  allocation: Allocation,
  courseId: string | null,
): Promise<readonly string[]> {
  const before = await pool.query<{ total: number; upcoming: number }>(
    `select count(*)::int as total, (count(*) filter (where scheduled_date >= current_date))::int as upcoming
     from tutoring_sessions
     where allocation_id = $1`,
    [allocation.id],
  );
  const { total = 0, upcoming = 0 } = before.rows[0] ?? {};
  const missing = Math.min(WINDOW - upcoming, allocation.sessionCount - total);
  const start = Math.max(startOf(allocation.startDate), Date.now());
  const made: string[] = [];
  for (let index = 0; made.length < missing && index < WINDOW + total; index++) {
    const inserted = await pool.query<{ id: string }>(
      `insert into tutoring_sessions
         (id, allocation_id, student_id, trainer_id, course_id, scheduled_date, scheduled_time, status, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, 'scheduled', now(), now())
       on conflict (allocation_id, scheduled_date, scheduled_time) do nothing
       returning id`,
      [
        randomUUID(),
        allocation.id,
        allocation.studentId,
        allocation.trainerId,
        courseId,
        dateIn(index * DAYS_BETWEEN_SESSIONS, start),
        allocation.timeSlot,
      ],
    );
    const [row] = inserted.rows;
    if (row !== undefined) made.push(row.id);
  }
  return made;
}

/** An unusable date, such as 25/11/2026, is a RangeError here: the one that ends the platform's session-worker. */
function startOf(startDate: string): number {
  return Date.parse(new Date(startDate).toISOString());
}
