import type { Query } from '../session.ts';
import { ARRIVAL, COURSE, PAID_AT, PAYMENT_COLUMNS, type PaymentRecord, TARGET_COLUMNS } from './arrival.ts';
import { metadataField } from './metadata.ts';

function behind(target: string): string {
  return `with ${target},
  ${ARRIVAL}
  select ${PAYMENT_COLUMNS}
  from verdict v
  join payments p on p.id = v.id
  order by v.paid_at desc, v.id desc
  limit $2::int`;
}

const OF_STUDENT = behind(`target as materialized (
    select ${TARGET_COLUMNS}
    from payments p
    where p.student_id = $1
    order by ${PAID_AT} desc
    limit $2::int
  )`);

const OF_COURSE = behind(`target as materialized (
    select ${TARGET_COLUMNS}
    from payments p
    where p.status = 'succeeded'
      and ${COURSE} = $1::text
    order by ${PAID_AT} desc
    limit $2::int
  )`);

/**
 * The payment that the purchase names in its metadata; else those of its pair for which it is the first purchase that is not
 * older than they are.
 */
const LED_TO_PURCHASE = `purchase_names as materialized (
    select b.id, ${metadataField('s.metadata', 'paymentId', 'payment_id')} as payment_id
    from bought b
    join student_course_purchases s on s.id = b.id
  ),
  target as materialized (
    select ${TARGET_COLUMNS}
    from payments p
    join bought b on b.student_id = p.student_id
    join purchase_names m on m.id = b.id
    where p.status = 'succeeded'
      and case
        when m.payment_id is not null then p.id::text = m.payment_id
        else ${COURSE} = b.course
          and ${PAID_AT} - interval '60 seconds' <= b.created_at
          and not exists (
            select
            from student_course_purchases s
            where s.student_id = b.student_id
              and s.course_id::text = b.course
              and s.created_at < b.created_at
              and s.created_at >= ${PAID_AT} - interval '60 seconds'
          )
      end
    order by ${PAID_AT} desc
    limit $2::int
  )`;

const OF_PURCHASE = behind(`bought as materialized (
    select s.id, s.student_id, s.course_id::text as course, s.created_at
    from student_course_purchases s
    where s.id = $1
  ),
  ${LED_TO_PURCHASE}`);

/** Through the newest purchase of the pair that is not younger than the allocation. */
const OF_ALLOCATION = behind(`bought as materialized (
    select s.id, s.student_id, s.course_id::text as course, s.created_at
    from trainer_allocations a
    join student_course_purchases s on s.student_id = a.student_id and s.course_id::text = a.course_id::text
    where a.id = $1
      and s.created_at <= greatest(a.requested_at, a.created_at) + interval '60 seconds'
    order by s.created_at desc
    limit 1
  ),
  ${LED_TO_PURCHASE}`);

const TEXTS = {
  student: OF_STUDENT,
  course: OF_COURSE,
  purchase: OF_PURCHASE,
  allocation: OF_ALLOCATION,
} as const;

export function paymentsBehind(kind: keyof typeof TEXTS, id: string, limit: number): Query<PaymentRecord> {
  return { text: TEXTS[kind], values: [id, limit] };
}
