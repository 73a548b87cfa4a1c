import type { Query } from '../session.ts';
import { ARRIVAL, PAYMENT_COLUMNS, type PaymentRecord, TARGET_COLUMNS } from './arrival.ts';

const TEXT = `with target as materialized (
    select ${TARGET_COLUMNS}
    from payments p
    where p.id = any($1)
  ),
  ${ARRIVAL}
  select ${PAYMENT_COLUMNS}
  from verdict v
  join payments p on p.id = v.id
  order by v.paid_at desc, v.id desc
  limit $2::int`;

export function paymentsAsked(ids: readonly string[]): Query<PaymentRecord> {
  return { text: TEXT, values: [ids, ids.length] };
}
