import type { Query } from '../session.ts';
import { COURSE, PAID_AT } from './arrival.ts';

export interface OlderMissingRecord {
  readonly missing: number;
}

/**
 * Succeeded payments from before the window that got nothing. Coarser than the rule of the window, since terms have ended since:
 * what settles a payment is a purchase of its own that ended, that led to sessions, or whose allocation a person rejected or
 * cancelled.
 */
const TEXT = `with old as materialized (
    select p.id,
      p.student_id,
      ${COURSE} as course,
      ${PAID_AT} as paid_at
    from payments p
    where p.status = 'succeeded'
      and ${PAID_AT} < to_timestamp($1::float8 / 1000)
  ),
  bought as materialized (
    select s.student_id,
      s.course_id,
      s.created_at,
      s.is_active and (s.expiry_date is null or s.expiry_date > now()) as is_live
    from student_course_purchases s
  ),
  settled as (
    select b.student_id, b.course_id::text as course, b.created_at
    from bought b
    where not b.is_live
    union all
    select b.student_id, b.course_id::text, b.created_at
    from bought b
    join trainer_allocations a on a.student_id = b.student_id and a.course_id = b.course_id
    where b.is_live
      and greatest(a.requested_at, a.created_at) >= b.created_at - interval '60 seconds'
      and a.status in ('rejected', 'cancelled')
    union all
    select b.student_id, b.course_id::text, b.created_at
    from bought b
    join trainer_allocations a on a.student_id = b.student_id and a.course_id = b.course_id
    where b.is_live
      and greatest(a.requested_at, a.created_at) >= b.created_at - interval '60 seconds'
      and a.status in ('approved', 'active', 'completed')
      and exists (select from tutoring_sessions n where n.allocation_id = a.id)
  )
  select count(*)::int as missing
  from old o
  where not exists (
    select
    from settled s
    where s.student_id = o.student_id
      and s.course = o.course
      and s.created_at >= o.paid_at - interval '60 seconds'
  )
  limit 1`;

export function olderMissing(beforeMs: number): Query<OlderMissingRecord> {
  return { text: TEXT, values: [beforeMs] };
}
