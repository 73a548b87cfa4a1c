import type { Query } from '../session.ts';
import { epochMs } from './instant.ts';

export interface FactsRecord {
  readonly oid: number;
  readonly name: string;
  readonly user_name: string;
  readonly server_version: string;
  readonly in_recovery: boolean;
  readonly can_write: boolean;
  readonly server_time_ms: number;
}

const FACTS = `select d.oid::int8::float8 as oid,
    d.datname::text as name,
    current_user::text as user_name,
    current_setting('server_version') as server_version,
    pg_is_in_recovery() as in_recovery,
    exists (
      select
      from unnest($1::text[]) as t (name)
      where to_regclass(t.name) is not null
        and has_table_privilege(to_regclass(t.name), 'insert, update, delete')
    ) as can_write,
    ${epochMs('clock_timestamp()')} as server_time_ms
  from pg_database d
  where d.datname = current_database()
  limit 1`;

export function facts(tables: readonly string[]): Query<FactsRecord> {
  return { text: FACTS, values: [tables] };
}

export interface ReplayLagRecord {
  readonly lag_ms: number | null;
}

/** An idle primary sends nothing to replay: what was received and replayed is no lag. Some clouds lack these functions. */
const REPLAY_LAG = `select case
      when not pg_is_in_recovery() then null
      when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else ${epochMs('clock_timestamp()')} - ${epochMs('pg_last_xact_replay_timestamp()')}
    end::float8 as lag_ms
  limit 1`;

export function replayLag(): Query<ReplayLagRecord> {
  return { text: REPLAY_LAG, values: [] };
}

export interface SystemIdRecord {
  readonly system_id: string;
}

/** Managed databases may deny it. */
const SYSTEM_ID = `select c.system_identifier::text as system_id
  from pg_control_system() c
  limit 1`;

export function systemId(): Query<SystemIdRecord> {
  return { text: SYSTEM_ID, values: [] };
}
