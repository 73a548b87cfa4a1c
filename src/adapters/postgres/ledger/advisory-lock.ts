import { RefusedError } from '../../../errors.ts';
import { durationText } from '../../../platform/duration.ts';
import type { Identity } from '../../../platform/state.ts';
import type { Lock, LockTaker } from '../../../ports/run-ledger.ts';
import { type FailureContext, isConnectionLoss, postgresFailure, silence, sqlState } from '../failure.ts';
import { isAbort } from '../patience.ts';
import { type SystemIdRecord, systemId } from '../queries/facts.ts';
import type { Query } from '../session.ts';
import { type DirectOptions, DirectSession } from './direct-session.ts';
import { type HolderSeen, lookForHolder, sessionName, writeHolderRow } from './holder.ts';
import { LOCK_CLASS, LOCK_OBJECT, SHOWS_LOCK } from './lock-key.ts';
import { BEGIN_READ, pooled, ROLLBACK, refusePooler } from './pooler.ts';
import { standing } from './schema.ts';

const OPERATION = 'repair lock';
/** The holder may be gone between our refusal and our look at who it is: then it is worth another try. */
const TRIES = 3;
/** 42501: no right. 42P01, 3F000: no such table or schema. 25006: read-only. */
const NO_PLACE_FOR_ROW = ['42501', '42P01', '3F000', '25006'];

/**
 * Settings of our own direct session, so that they may outlast a transaction. A holder that vanishes without closing its connection
 * (power, network) is noticed after 2 s of silence and 2 probes of 1 s; nothing else may end the session while a step waits.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  tcp_keepalives_idle: '2',
  tcp_keepalives_interval: '1',
  tcp_keepalives_count: '2',
  tcp_user_timeout: '4000',
  idle_session_timeout: '0',
};

interface HereRecord {
  readonly oid: number;
  readonly name: string;
  readonly in_recovery: boolean;
  readonly now_ms: number;
}

const HERE: Query<HereRecord> = {
  text: `select d.oid::int8::float8 as oid,
    d.datname::text as name,
    pg_is_in_recovery() as in_recovery,
    floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms
  from pg_database d
  where d.datname = current_database()
  limit 1`,
  values: [],
};

/** Older servers lack some of them. */
const SET: Query<never> = {
  text: `select set_config(s.name, w.value, false)
  from jsonb_each_text($1::jsonb) as w (name, value)
  join pg_settings s on s.name = w.name`,
  values: [],
};

const TRY_LOCK: Query<{ readonly granted: boolean }> = {
  text: `select pg_try_advisory_lock(${LOCK_CLASS}, ${LOCK_OBJECT}) as granted`,
  values: [],
};
const TRY_LOCK_IN_TRANSACTION: Query<{ readonly granted: boolean }> = {
  text: `select pg_try_advisory_xact_lock(${LOCK_CLASS}, ${LOCK_OBJECT}) as granted`,
  values: [],
};
const UNLOCK: Query<never> = {
  text: `select pg_advisory_unlock(${LOCK_CLASS}, ${LOCK_OBJECT})`,
  values: [],
};
const HOLDS: Query<{ readonly holds: boolean }> = {
  text: `select exists (
    select
    from pg_locks l
    where ${SHOWS_LOCK}
      and l.pid = pg_backend_pid()
  ) as holds`,
  values: [],
};

export interface LockPlace {
  readonly direct: DirectOptions;
  readonly context: FailureContext;
}

export async function takeLock(
  place: LockPlace,
  identity: Identity,
  taker: LockTaker,
  signal: AbortSignal,
): Promise<HeldLock> {
  const { address } = place.context;
  let session: DirectSession | null = null;
  try {
    session = await DirectSession.open(place.direct, signal);
    const sinceMs = await refuseOtherPlace(session, identity, address, signal);
    await using witness = await DirectSession.open(place.direct, signal);
    await refusePooler(session, witness, address, signal);
    const settings = { ...SESSION_SETTINGS, application_name: sessionName(taker, sinceMs) };
    await session.rows({ ...SET, values: [JSON.stringify(settings)] }, signal);
    await grantedOrRefused(session, signal);
    if (await isGrantedAgain(witness, signal)) {
      await session.rows(UNLOCK, signal);
      throw pooled(address);
    }
    const lock = new HeldLock(session, place.context, taker, sinceMs);
    await lock.prove(signal);
    const [schema] = await session.rows(standing(), signal);
    if (schema?.has_journal === true) await lock.announce(signal);
    return lock;
  } catch (error) {
    await session?.[Symbol.asyncDispose]();
    throw translated(error, place.context);
  }
}

export class HeldLock implements Lock {
  readonly #session: DirectSession;
  readonly #context: FailureContext;
  readonly #taker: LockTaker;
  readonly #sinceMs: number;
  #isAnnounced = false;
  #isReleased = false;

  constructor(session: DirectSession, context: FailureContext, taker: LockTaker, sinceMs: number) {
    this.#session = session;
    this.#context = context;
    this.#taker = taker;
    this.#sinceMs = sinceMs;
  }

  /** Writes what the session's name has no room for, once there is a table for it. The name alone is enough to refuse others. */
  async announce(signal: AbortSignal): Promise<void> {
    if (this.#isAnnounced || this.#isReleased || this.#session.isLost) return;
    try {
      await this.#session.rows(writeHolderRow(this.#taker, this.#sinceMs), signal);
      this.#isAnnounced = true;
    } catch (error) {
      if (NO_PLACE_FOR_ROW.includes(sqlState(error) ?? '')) return;
      // The lock went with the connection. That is for the next proof to say: the entry that was appended is safe.
      if (!isConnectionLoss(error) && !isAbort(error)) throw translated(error, this.#context);
    }
  }

  async prove(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw silence(OPERATION, this.#context);
    if (this.#isReleased || this.#session.isLost) throw this.#lost();
    try {
      // Not the caller's signal: cutting this connection would give the lock away while a step is still being ended in order.
      const [row] = await this.#session.rows(HOLDS, new AbortController().signal);
      if (row?.holds !== true) throw this.#lost();
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      throw this.#lost(translated(error, this.#context));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    try {
      // Ending the session frees it too, but a moment later: who asks right after us should get it.
      if (!this.#session.isLost) await this.#session.rows(UNLOCK, new AbortController().signal);
    } catch (error) {
      // The connection is gone, and the lock with it; anything else is a defect.
      if (!this.#session.isLost) throw translated(error, this.#context);
    } finally {
      await this.#session[Symbol.asyncDispose]();
    }
  }

  #lost(cause?: unknown): RefusedError {
    return new RefusedError(
      'KC_LOCK_LOST',
      `Run ${this.#taker.run} no longer holds the repair lock in Postgres at ${this.#context.address}, or cannot prove it.`,
      'Look at what was done with kc-doctor history, then go on with kc-doctor fix --resume.',
      { cause },
    );
  }
}

/** The time of the server, which the lock is dated by. */
async function refuseOtherPlace(
  session: DirectSession,
  identity: Identity,
  address: string,
  signal: AbortSignal,
): Promise<number> {
  const [here] = await session.rows(HERE, signal);
  if (here === undefined) throw new Error('the current database is not in pg_database');
  const server = await systemIdOf(session, signal);
  const differs = (seen: unknown, now: unknown) => seen !== null && now !== null && seen !== now;
  if (
    differs(identity.databaseOid, here.oid) ||
    differs(identity.databaseName, here.name) ||
    differs(identity.databaseSystemId, server)
  ) {
    throw new RefusedError(
      'KC_LOCK_OTHER_DATABASE',
      `Postgres at ${address} is another database than the one that was looked at.`,
      'Look again with kc-doctor, and make a new plan.',
    );
  }
  if (here.in_recovery) {
    throw new RefusedError(
      'KC_LOCK_REPLICA',
      `Postgres at ${address} is a read replica, where a lock keeps nobody else away.`,
      'Give the address of the primary in POSTGRES_URL.',
    );
  }
  return here.now_ms;
}

async function systemIdOf(session: DirectSession, signal: AbortSignal): Promise<string | null> {
  try {
    const [row] = await session.rows<SystemIdRecord>(systemId(), signal);
    return row?.system_id ?? null;
  } catch (error) {
    // Managed servers deny it or lack it (42883); then oid and name have to do.
    if (['42501', '42883'].includes(sqlState(error) ?? '')) return null;
    throw error;
  }
}

async function grantedOrRefused(session: DirectSession, signal: AbortSignal): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    const [row] = await session.rows(TRY_LOCK, signal);
    if (row?.granted === true) return;
    const seen = await lookForHolder((query) => session.rows(query, signal));
    if (seen !== null) throw heldBy(seen);
    if (tried === TRIES) throw heldBySomebody();
  }
}

/** Behind a pooler that escaped the look at the processes, the second taker is granted it too. */
async function isGrantedAgain(witness: DirectSession, signal: AbortSignal): Promise<boolean> {
  await witness.rows(BEGIN_READ, signal);
  const [row] = await witness.rows(TRY_LOCK_IN_TRANSACTION, signal);
  await witness.rows(ROLLBACK, signal);
  return row?.granted === true;
}

function heldBy({ holder, ageMs }: HolderSeen): RefusedError {
  const what = holder.title === null ? '' : ` (${holder.title})`;
  const where = holder.host === '' ? '' : ` on ${holder.host}`;
  const since = `${new Date(holder.sinceMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return new RefusedError(
    'KC_LOCK_HELD',
    `Run ${holder.run}${what} by ${holder.operator}${where} holds the repair lock since ${since}, ${durationText(ageMs)} ago.`,
    `Wait until it has ended or talk to ${holder.operator}; kc-doctor history shows what it has done so far.`,
  );
}

function heldBySomebody(): RefusedError {
  return new RefusedError(
    'KC_LOCK_HELD',
    'Other runs took the repair lock and gave it back while this one asked for it.',
    'Look at kc-doctor history, and try again.',
  );
}

function translated(error: unknown, context: FailureContext): Error {
  return isAbort(error) ? silence(OPERATION, context) : postgresFailure(error, OPERATION, context);
}
