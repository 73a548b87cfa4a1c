import { epochMs } from './instant.ts';
import { metadataField } from './metadata.ts';

/**
 * Which payments arrived: the bulk rule of catalogue.md 0, as SQL that follows a CTE `target`, whose columns `TARGET_COLUMNS`
 * gives. Sets are joined on the student first, so that a plan without the indexes is a few hash joins and never a query per row.
 *
 * - own: the first purchase of the pair that is not older than the payment (60 s for the clocks of two machines). An older
 *   purchase that still runs gave this payment nothing new, so it does not count here: the payment is a repeat.
 * - arrival: an allocation not older than that purchase, and a session of it.
 * - contested: two payments of a pair wait for a purchase at the same time. Dates alone cannot tell whose it is, so none of
 *   them counts as arrived, and the trace decides. Payments queue, purchases serve the head of the queue.
 */
export const COURSE = metadataField('p.metadata', 'courseId');
export const PAID_AT = 'coalesce(p.confirmed_at, p.created_at)';

export const TARGET_COLUMNS = `p.id,
    p.student_id,
    p.status,
    ${COURSE} as course,
    ${PAID_AT} as paid_at`;

/** How far back an earlier payment of the pair is looked for. One that was lost longer ago is a case of its own. */
const LOOK_BACK = "interval '30 days'";
const CLOCK_SLACK = "interval '60 seconds'";

export const ARRIVAL = `pair_payment as materialized (
    select p.id,
      p.student_id,
      ${COURSE} as course,
      ${PAID_AT} as paid_at
    from payments p
    where p.status = 'succeeded'
      and p.student_id in (select t.student_id from target t)
      and ${PAID_AT} >= (select min(t.paid_at) from target t) - ${LOOK_BACK}
  ),
  pair_purchase as materialized (
    select s.student_id,
      s.course_id::text as course,
      s.created_at,
      s.is_active and (s.expiry_date is null or s.expiry_date > now()) as is_live
    from student_course_purchases s
    where s.student_id in (select t.student_id from target t)
  ),
  own as materialized (
    select p.id,
      p.student_id,
      p.course,
      min(s.created_at) as purchased_at,
      bool_or(s.is_live) as is_live
    from pair_payment p
    join pair_purchase s on s.student_id = p.student_id and s.course = p.course
    where s.created_at >= p.paid_at - ${CLOCK_SLACK}
    group by p.id, p.student_id, p.course
  ),
  delivery as materialized (
    select o.id,
      min(n.created_at) as arrived_at
    from own o
    join trainer_allocations a on a.student_id = o.student_id and a.course_id::text = o.course
    join tutoring_sessions n on n.allocation_id = a.id
    where a.status in ('approved', 'active', 'completed')
      and greatest(a.requested_at, a.created_at) >= o.purchased_at - ${CLOCK_SLACK}
    group by o.id
  ),
  step as (
    select p.student_id, p.course, p.paid_at - ${CLOCK_SLACK} as at, 1 as arrives, p.id
    from pair_payment p
    where p.course is not null
    union all
    select s.student_id, s.course, s.created_at, -1, null
    from pair_purchase s
  ),
  balance as (
    select s.*,
      sum(s.arrives) over (partition by s.student_id, s.course order by s.at, s.arrives desc, s.id
        rows unbounded preceding) as net
    from step s
  ),
  queue as (
    select b.*,
      b.net - least(0, min(b.net) over (partition by b.student_id, b.course order by b.at, b.arrives desc, b.id
        rows unbounded preceding)) as waiting
    from balance b
  ),
  neighbour as (
    select q.id,
      q.waiting,
      lead(q.waiting) over (partition by q.student_id, q.course order by q.at, q.id) as waiting_at_next
    from queue q
    where q.arrives = 1
  ),
  standing as materialized (
    select p.id,
      p.student_id,
      p.course,
      p.paid_at,
      d.arrived_at,
      d.id is not null and not coalesce(n.waiting >= 2 or n.waiting_at_next >= 2, false) as has_arrived,
      o.id is null or o.is_live as may_arrive
    from pair_payment p
    left join own o on o.id = p.id
    left join delivery d on d.id = p.id
    left join neighbour n on n.id = p.id
  ),
  first_unfinished as materialized (
    select distinct on (s.student_id, s.course) s.id, s.student_id, s.course, s.paid_at
    from standing s
    where not s.has_arrived
      and s.may_arrive
      and s.course is not null
    order by s.student_id, s.course, s.paid_at, s.id
  ),
  verdict as materialized (
    select t.id,
      t.paid_at,
      s.arrived_at,
      coalesce(s.has_arrived, false) as has_arrived,
      case when f.paid_at <= t.paid_at and f.id <> t.id then f.id end as earlier_id
    from target t
    left join standing s on s.id = t.id
    left join first_unfinished f on f.student_id = t.student_id and f.course = t.course
  )`;

/** What a payment is told as; `p` is payments, `v` is verdict. */
export const PAYMENT_COLUMNS = `p.id::text as id,
    p.student_id::text as student_id,
    p.status::text as status,
    p.amount_cents::float8 as amount_cents,
    p.currency::text as currency,
    ${epochMs('p.confirmed_at')} as confirmed_at_ms,
    ${epochMs('p.created_at')} as created_at_ms,
    p.metadata as metadata,
    v.earlier_id::text as earlier_id`;

export interface PaymentRecord {
  readonly id: string;
  readonly student_id: string;
  readonly status: string;
  readonly amount_cents: number;
  readonly currency: string | null;
  readonly confirmed_at_ms: number | null;
  readonly created_at_ms: number;
  readonly metadata: unknown;
  readonly earlier_id: string | null;
}
