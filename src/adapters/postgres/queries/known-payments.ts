import type { Query } from '../session.ts';

export interface KnownPaymentRecord {
  readonly id: string;
}

const TEXT = `select p.id::text as id
  from payments p
  where p.id = any($1)
  limit $2::int`;

export function knownPayments(ids: readonly string[]): Query<KnownPaymentRecord> {
  return { text: TEXT, values: [ids, ids.length] };
}
