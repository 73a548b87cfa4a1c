import type { Query } from '../session.ts';
import { epochMs } from './instant.ts';

export interface AllocationRecord {
  readonly id: string;
  readonly student_id: string;
  readonly course_id: string | null;
  readonly trainer_id: string | null;
  readonly status: string;
  readonly requested_at_ms: number | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

/** What an allocation is told as; `a` is trainer_allocations. */
export const ALLOCATION_COLUMNS = `a.id::text as id,
    a.student_id::text as student_id,
    a.course_id::text as course_id,
    a.trainer_id::text as trainer_id,
    a.status::text as status,
    ${epochMs('a.requested_at')} as requested_at_ms,
    ${epochMs('a.created_at')} as created_at_ms,
    ${epochMs('coalesce(a.updated_at, a.created_at)')} as updated_at_ms`;

/**
 * A poison record inserts a pending row per attempt (14 in 76 s, platform.md): of the pending rows of a pair only the first
 * and the last are read, which say since when and that it goes on.
 */
const TEXT = `select r.id, r.student_id, r.course_id, r.trainer_id, r.status, r.requested_at_ms, r.created_at_ms, r.updated_at_ms
  from (
    select ${ALLOCATION_COLUMNS},
      row_number() over (partition by a.student_id, a.course_id, a.status order by a.created_at, a.id) as from_first,
      row_number() over (partition by a.student_id, a.course_id, a.status order by a.created_at desc, a.id desc) as from_last
    from trainer_allocations a
    where a.student_id = any($1)
      and (a.course_id is null
        or (a.student_id::text, a.course_id::text) in (select * from unnest($2::text[], $3::text[])))
  ) r
  where r.status <> 'pending'
    or r.from_first <= 5
    or r.from_last <= 15
  order by r.created_at_ms, r.id
  limit $4::int`;

export function allocationsOf(
  students: readonly string[],
  courses: readonly string[],
  limit: number,
): Query<AllocationRecord> {
  return { text: TEXT, values: [[...new Set(students)], students, courses, limit] };
}
