import type { Query } from '../session.ts';
import { ALLOCATION_COLUMNS, type AllocationRecord } from './allocations-of.ts';

const LIVE_WITHOUT_SESSIONS = `select ${ALLOCATION_COLUMNS}
  from trainer_allocations a
  where a.status in ('approved', 'active')
    and (a.created_at >= now() - $1::float8 * interval '1 ms' or a.updated_at >= now() - $1::float8 * interval '1 ms')
    and not exists (
      select
      from tutoring_sessions n
      where n.allocation_id = a.id
    )
  order by a.created_at desc, a.id
  limit $2::int`;

export function liveWithoutSessions(windowMs: number, limit: number): Query<AllocationRecord> {
  return { text: LIVE_WITHOUT_SESSIONS, values: [windowMs, limit] };
}

/**
 * One row per waiting student and course, the first: a poison record adds another with each attempt. They are thinned out before
 * anything is joined, since there may be thousands of them.
 */
const PENDING_WITHOUT_TRAINER = `with waiting as materialized (
    select distinct on (a.student_id, a.course_id) a.*,
      bool_or(a.created_at >= now() - $1::float8 * interval '1 ms')
        over (partition by a.student_id, a.course_id) as is_recent
    from trainer_allocations a
    where a.status = 'pending'
      and a.trainer_id is null
    order by a.student_id, a.course_id, a.created_at, a.id
  )
  select ${ALLOCATION_COLUMNS}
  from waiting a
  where not exists (
      select
      from trainer_allocations b
      where b.student_id = a.student_id
        and b.course_id = a.course_id
        and b.status in ('approved', 'active')
    )
    and (
      a.is_recent
      or exists (
        select
        from student_course_purchases s
        where s.student_id = a.student_id
          and s.course_id = a.course_id
          and s.is_active
          and (s.expiry_date is null or s.expiry_date > now())
      )
    )
  order by a.created_at desc, a.id
  limit $2::int`;

export function pendingWithoutTrainer(windowMs: number, limit: number): Query<AllocationRecord> {
  return { text: PENDING_WITHOUT_TRAINER, values: [windowMs, limit] };
}

export interface DoubledPairsRecord {
  readonly live: number;
  readonly pending: number;
}

/** Two live rows are wrong however old; two pending ones tell of something that goes on, so only the window counts. */
const DOUBLED_PAIRS = `select (count(*) filter (where r.live > 1))::int as live,
    (count(*) filter (where r.pending > 1))::int as pending
  from (
    select count(*) filter (where a.status in ('approved', 'active')) as live,
      count(*) filter (where a.status = 'pending') as pending
    from trainer_allocations a
    where a.status in ('approved', 'active')
      or (a.status = 'pending' and a.created_at >= now() - $1::float8 * interval '1 ms')
    group by a.student_id, a.course_id
    having count(*) > 1
  ) r
  limit 1`;

export function doubledPairs(windowMs: number): Query<DoubledPairsRecord> {
  return { text: DOUBLED_PAIRS, values: [windowMs] };
}
