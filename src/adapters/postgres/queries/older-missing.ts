import type { Query } from '../session.ts';
import { COURSE, PAID_AT } from './arrival.ts';

export interface OlderMissingRecord {
  readonly missing: number;
}

/**
 * Succeeded payments from before the window that got nothing. Coarser than the rule of the window, since terms have ended since:
 * a purchase of its own that ended settles a payment, and so does an allocation that a person rejected or cancelled.
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
    select o.id,
      o.student_id,
      o.course,
      min(s.created_at) as purchased_at,
      bool_and(s.is_active and (s.expiry_date is null or s.expiry_date > now())) as is_live
    from old o
    join student_course_purchases s on s.student_id = o.student_id and s.course_id::text = o.course
    where s.created_at >= o.paid_at - interval '60 seconds'
    group by o.id, o.student_id, o.course
  ),
  settled as (
    select b.id
    from bought b
    where not b.is_live
    union
    select b.id
    from bought b
    join trainer_allocations a on a.student_id = b.student_id and a.course_id::text = b.course
    left join tutoring_sessions n on n.allocation_id = a.id
    where b.is_live
      and greatest(a.requested_at, a.created_at) >= b.purchased_at - interval '60 seconds'
      and (a.status in ('rejected', 'cancelled')
        or (a.status in ('approved', 'active', 'completed') and n.id is not null))
  )
  select (count(*) - (select count(*) from settled))::int as missing
  from old
  limit 1`;

export function olderMissing(beforeMs: number): Query<OlderMissingRecord> {
  return { text: TEXT, values: [beforeMs] };
}
