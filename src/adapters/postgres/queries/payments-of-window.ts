import type { Query } from '../session.ts';
import { ARRIVAL, PAYMENT_COLUMNS, type PaymentRecord, TARGET_COLUMNS } from './arrival.ts';
import { epochMs } from './instant.ts';

/** A part of the window, as ages before `baseMs`. The newest part has no upper end: clocks may run ahead. */
export interface WindowSlice {
  readonly fromAgeMs: number;
  readonly toAgeMs: number | null;
  /** Null: the server's own now, which the answer tells. */
  readonly baseMs: number | null;
  readonly limit: number;
}

/** One row at least: the counts, and payments as far as there are unfinished ones. */
export type WindowRecord = {
  readonly base_ms: number;
  readonly succeeded: number;
  readonly arrived: number;
  readonly last_arrived_ms: number | null;
} & (PaymentRecord | { readonly id: null });

const TEXT = `with slice as materialized (
    select b.base,
      b.base - $2::float8 * interval '1 ms' as from_at,
      coalesce(b.base - $3::float8 * interval '1 ms', 'infinity') as to_at
    from (select coalesce(to_timestamp($1::float8 / 1000), now()) as base) b
  ),
  target as materialized (
    select ${TARGET_COLUMNS}
    from payments p
    where p.status = 'succeeded'
      and (
        (p.confirmed_at >= (select from_at from slice) and p.confirmed_at < (select to_at from slice))
        or (p.confirmed_at is null
          and p.created_at >= (select from_at from slice) and p.created_at < (select to_at from slice))
      )
  ),
  ${ARRIVAL},
  total as (
    select count(*)::int as succeeded,
      (count(*) filter (where v.has_arrived))::int as arrived,
      max(v.arrived_at) filter (where v.has_arrived) as last_arrived_at
    from verdict v
  )
  select (select ${epochMs('base')} from slice) as base_ms,
    total.succeeded,
    total.arrived,
    ${epochMs('total.last_arrived_at')} as last_arrived_ms,
    unfinished.*
  from total
  left join lateral (
    select ${PAYMENT_COLUMNS}
    from verdict v
    join payments p on p.id = v.id
    where not v.has_arrived
    order by v.paid_at desc, v.id desc
    limit $4::int
  ) unfinished on true`;

export function paymentsOfWindow(slice: WindowSlice): Query<WindowRecord> {
  return { text: TEXT, values: [slice.baseMs, slice.fromAgeMs, slice.toAgeMs, slice.limit] };
}
