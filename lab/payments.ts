import type pg from 'pg';

/** metadata is sometimes a JSON string; its course is what an allocation is found by. */
const COURSE_OF_PAYMENT = `
  case jsonb_typeof(p.metadata)
    when 'string' then (p.metadata #>> '{}')::jsonb ->> 'courseId'
    else p.metadata ->> 'courseId'
  end`;

const UNDELIVERED = `
  select p.id
  from payments p
  where p.status = 'succeeded'
    and ($1::text[] is null or p.id::text = any($1::text[]))
    and not exists (
      select
      from trainer_allocations a
      join tutoring_sessions s on s.allocation_id = a.id
      where a.student_id = p.student_id
        and a.course_id::text = (${COURSE_OF_PAYMENT})
    )
  order by p.created_at`;

/** Paid and without a tutoring session; null asks for all payments. */
export async function undeliveredPayments(
  pool: pg.Pool,
  paymentIds: readonly string[] | null,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(UNDELIVERED, [paymentIds]);
  return rows.map((row) => row.id);
}

/** Age of the youngest of the payments, by the database's clock. */
export async function youngestAgeMs(pool: pg.Pool, paymentIds: readonly string[]): Promise<number | null> {
  const { rows } = await pool.query<{ age: number | null }>(
    `select (extract(epoch from clock_timestamp() - max(confirmed_at)) * 1000)::float8 as age
     from payments
     where id::text = any($1::text[])`,
    [paymentIds],
  );
  return rows[0]?.age ?? null;
}
