import type { JournalStanding } from '../../../ports/run-ledger.ts';
import type { Query } from '../session.ts';
import { LOCK_CLASS, SCHEMA_OBJECT } from './lock-key.ts';

export interface StandingRecord {
  readonly has_journal: boolean;
  readonly may_write: boolean;
  readonly may_make: boolean;
  readonly may_read_holder: boolean;
}

/** From the catalogue alone: naming a table that is not there would leave an error in the server's log at every diagnosis. */
const STANDING = `select j.oid is not null as has_journal,
    not pg_is_in_recovery()
      and current_setting('default_transaction_read_only') = 'off'
      and coalesce(has_schema_privilege(n.oid, 'usage'), false)
      and coalesce(has_table_privilege(j.oid, 'select'), false)
      and coalesce(has_table_privilege(j.oid, 'insert'), false) as may_write,
    not pg_is_in_recovery()
      and current_setting('default_transaction_read_only') = 'off'
      and case
        when n.oid is null then has_database_privilege(current_database(), 'create')
        else has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create')
      end as may_make,
    coalesce(has_schema_privilege(n.oid, 'usage'), false)
      and coalesce(has_table_privilege(h.oid, 'select'), false) as may_read_holder
  from (select) as here
  left join pg_namespace n on n.nspname = 'kc_doctor'
  left join pg_class j on j.relnamespace = n.oid and j.relname = 'journal'
  left join pg_class h on h.relnamespace = n.oid and h.relname = 'lock_holder'
  limit 1`;

export function standing(): Query<StandingRecord> {
  return { text: STANDING, values: [] };
}

export function standingOf(record: StandingRecord): JournalStanding {
  if (record.has_journal) return record.may_write ? 'ready' : 'denied';
  return record.may_make ? 'to-be-made' : 'denied';
}

/** Everything that is ever made in the database. Position: the order in which entries arrived, whatever the operators' clocks say. */
export const MAKE_SCHEMA: readonly string[] = [
  // `if not exists` looks and makes in two steps: two at once would fail on the catalogue's own unique index.
  `select pg_advisory_xact_lock(${LOCK_CLASS}, ${SCHEMA_OBJECT})`,
  'create schema if not exists kc_doctor',
  `create table if not exists kc_doctor.journal (
    position bigint generated always as identity primary key,
    run text not null,
    sequence integer not null,
    at timestamptz not null,
    kind text not null,
    operator text not null,
    step integer,
    data json,
    unique (run, sequence)
  )`,
  `create table if not exists kc_doctor.lock_holder (
    is_only boolean primary key default true check (is_only),
    backend_pid integer not null,
    run text not null,
    operator text not null,
    host text not null,
    title text not null,
    since timestamptz not null
  )`,
];
