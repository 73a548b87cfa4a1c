import type { LockHolder, LockTaker } from '../../../ports/run-ledger.ts';
import type { Query } from '../session.ts';
import { SHOWS_LOCK } from './lock-key.ts';
import { standing } from './schema.ts';

/** Asks one query, on whichever connection. */
export type Ask = <Row>(query: Query<Row>) => Promise<readonly Row[]>;

export interface HolderSeen {
  readonly holder: LockHolder;
  /** By the clock of the server. */
  readonly ageMs: number;
}

/** NAMEDATALEN - 1: Postgres cuts an application_name there. */
const MOST_NAME_BYTES = 63;

/**
 * Every login sees every session's application_name in pg_stat_activity, with no schema at all, and it ends with the session. So
 * the holder is named by it, and the row in lock_holder only adds what does not fit.
 */
export function sessionName(taker: LockTaker, sinceMs: number): string {
  const second = new Date(sinceMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const run = taker.run.replace(/\s/g, '-');
  // Postgres shows other characters as "?" or as escapes, by version.
  return `kc-doctor ${run} ${second} ${taker.operator}@${taker.host}`
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, MOST_NAME_BYTES);
}

const SESSION_NAME = /^kc-doctor (\S+) (\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z (.*)$/;

export function holderOfName(name: string): LockHolder | null {
  const [, run, year, month, day, hour, minute, second, who] = SESSION_NAME.exec(name) ?? [];
  if (run === undefined || who === undefined) return null;
  const at = who.lastIndexOf('@');
  return {
    run,
    operator: at < 0 ? who : who.slice(0, at),
    host: at < 0 ? '' : who.slice(at + 1),
    title: null,
    sinceMs: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
  };
}

export interface HoldingSessionRecord {
  readonly pid: number;
  readonly application_name: string | null;
  readonly now_ms: number;
}

const HOLDING_SESSION = `select l.pid,
    a.application_name,
    floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
  where ${SHOWS_LOCK}
  limit 1`;

export function holdingSession(): Query<HoldingSessionRecord> {
  return { text: HOLDING_SESSION, values: [] };
}

interface RowRecord {
  readonly run: string;
  readonly operator: string;
  readonly host: string;
  readonly title: string;
  readonly since_ms: number;
}

const HOLDER_ROW = `select h.run,
    h.operator,
    h.host,
    h.title,
    round(extract(epoch from h.since) * 1000)::float8 as since_ms
  from kc_doctor.lock_holder h
  where h.backend_pid = $1
  limit 1`;

const WRITE_HOLDER_ROW = `insert into kc_doctor.lock_holder (is_only, backend_pid, run, operator, host, title, since)
  values (true, pg_backend_pid(), $1, $2, $3, $4, to_timestamp($5::float8 / 1000))
  on conflict (is_only) do update
  set backend_pid = excluded.backend_pid,
    run = excluded.run,
    operator = excluded.operator,
    host = excluded.host,
    title = excluded.title,
    since = excluded.since`;

export function writeHolderRow(taker: LockTaker, sinceMs: number): Query<never> {
  return { text: WRITE_HOLDER_ROW, values: [taker.run, taker.operator, taker.host, taker.title, sinceMs] };
}

/** Who holds the lock now, from the session that holds it; a row that a dead holder left is never believed. */
export async function lookForHolder(ask: Ask): Promise<HolderSeen | null> {
  const [session] = await ask(holdingSession());
  // The lock's session may end between the two tables: then nobody holds it any more.
  if (session?.application_name === undefined || session.application_name === null) return null;
  const named = holderOfName(session.application_name) ?? stranger(session);
  const row = await rowOf(session.pid, ask);
  // Server processes get the numbers of earlier ones: the row counts only if it also names the run of this session.
  const fits = row !== null && row.run.replace(/\s/g, '-') === named.run;
  const holder = fits ? holderOfRow(row) : named;
  return { holder, ageMs: Math.max(0, session.now_ms - holder.sinceMs) };
}

async function rowOf(pid: number, ask: Ask): Promise<RowRecord | null> {
  const [schema] = await ask(standing());
  if (schema?.may_read_holder !== true) return null;
  const [row] = await ask<RowRecord>({ text: HOLDER_ROW, values: [pid] });
  return row ?? null;
}

function holderOfRow(row: RowRecord): LockHolder {
  return { run: row.run, operator: row.operator, host: row.host, title: row.title, sinceMs: row.since_ms };
}

/** Somebody took the key by hand. */
function stranger(session: HoldingSessionRecord): LockHolder {
  return {
    run: 'unknown',
    operator: `session ${session.pid} of Postgres`,
    host: '',
    title: null,
    sinceMs: session.now_ms,
  };
}
