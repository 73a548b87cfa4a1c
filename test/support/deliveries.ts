import type { Lab } from '../../lab/lab.ts';

/** What one payment has, as the tables say; text, to be compared whole. */
export interface Delivery {
  readonly purchases: number;
  readonly liveAllocations: number;
  readonly sessions: number;
  /** Sessions of one allocation in one slot twice. */
  readonly doubledSlots: number;
}

/** Payments of the lab have a student each. */
export async function deliveryOf(lab: Lab, payment: string): Promise<Delivery> {
  const [row] = await lab.sql<Delivery>(
    `with student as (select student_id from payments where id::text = $1),
    live as (
      select a.id from trainer_allocations a join student using (student_id)
      where a.status in ('approved', 'active')),
    slots as (
      select allocation_id, scheduled_date, scheduled_time, count(*)::int as times
      from tutoring_sessions where allocation_id in (select id from live) group by 1, 2, 3)
    select
      (select count(*)::int from student_course_purchases join student using (student_id)) as "purchases",
      (select count(*)::int from live) as "liveAllocations",
      (select coalesce(sum(times), 0)::int from slots) as "sessions",
      (select count(*)::int from slots where times > 1) as "doubledSlots"`,
    [payment],
  );
  if (row === undefined) throw new Error('the query answers with one row');
  return row;
}

/** Every row of a payment that must not be touched, times included. Fails where there is none: nothing would be compared. */
export async function rowsOf(lab: Lab, payment: string): Promise<readonly string[]> {
  const rows = await lab.sql<{ readonly text: string }>(
    `with student as (select student_id from payments where id::text = $1)
    select text from (
      select 'payment ' || p::text as text from payments p join student using (student_id)
      union all select 'purchase ' || s::text from student_course_purchases s join student using (student_id)
      union all select 'allocation ' || a::text from trainer_allocations a join student using (student_id)
      union all select 'session ' || t::text from tutoring_sessions t join student using (student_id)
      union all select 'mark ' || m::text from processed_events m where m.correlation_id::text = $1) rows
    order by 1`,
    [payment],
  );
  if (rows.length === 0) throw new Error(`payment ${payment} has no row`);
  return rows.map(({ text }) => text);
}
