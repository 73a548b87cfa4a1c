import { DependencyError, RefusedError } from '../../../errors.ts';
import type { JournalEntry } from '../../../platform/journal-entry.ts';
import type { Connection, Connections } from '../connections.ts';
import { type FailureContext, isConnectionLoss, postgresFailure, silence, sqlState } from '../failure.ts';
import { Aborted, isAbort, patience } from '../patience.ts';
import type { Query, SessionOptions } from '../session.ts';
import { entryAt, entryOf, insertEntry, isSame } from './entries.ts';
import { MAKE_SCHEMA, standing } from './schema.ts';

const OPERATION = 'journal of runs';

export interface AppendPlace {
  readonly connections: Connections;
  readonly options: SessionOptions;
  readonly context: FailureContext;
}

/** Resolves when the entry is on the server's disk. */
export async function appendEntry(
  place: AppendPlace,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await place.connections.lend(signal, (connection) => append(place, connection, entry, signal));
    } catch (error) {
      // After a lost answer the entry may be there or not. Writing it again settles it, since run and sequence are unique.
      if (tried === 1 && isConnectionLoss(error)) continue;
      throw failure(error, place.context);
    }
  }
}

async function append(
  place: AppendPlace,
  connection: Connection,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<void> {
  const [here] = await transaction(place, connection, signal, (ask) => ask(standing()));
  if (here?.has_journal !== true) {
    await transaction(place, connection, signal, async (ask) => {
      for (const text of MAKE_SCHEMA) await ask({ text, values: [] });
    });
  }
  await transaction(place, connection, signal, async (ask) => {
    const written = await ask(insertEntry(entry));
    if (written.length > 0) return;
    const [present] = await ask(entryAt(entry.run, entry.sequence));
    if (present === undefined || !isSame(entry, entryOf(present, place.context.address))) throw taken(entry);
  });
}

type Ask = <Row>(query: Query<Row>) => Promise<readonly Row[]>;

/** Every setting lasts as long as the transaction: this connection may go through a pooler, other than that of the lock. */
async function transaction<T>(
  { options }: AppendPlace,
  connection: Connection,
  signal: AbortSignal,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  using answering = patience(signal, options.statementTimeoutMs + options.connectTimeoutMs);
  const ask: Ask = (query) => answer(connection, query, answering.signal);
  try {
    await ask({ text: begin(options), values: [] });
    const result = await work(ask);
    await ask({ text: 'commit', values: [] });
    return result;
  } catch (error) {
    // A connection that broke or was cut has nothing to roll back, the server does that by itself; but it must not be lent again.
    if (isAbort(error) || isConnectionLoss(error)) connection.cut();
    else await rollBack(connection, ask);
    throw error;
  }
}

/** What failed before is what matters: a connection that cannot even roll back is only put away. */
async function rollBack(connection: Connection, ask: Ask): Promise<void> {
  try {
    await ask({ text: 'rollback', values: [] });
  } catch {
    connection.cut();
  }
}

function begin(options: SessionOptions): string {
  return [
    'begin',
    `set local statement_timeout = ${Math.ceil(options.statementTimeoutMs)}`,
    `set local lock_timeout = ${Math.ceil(options.lockTimeoutMs)}`,
    `set local idle_in_transaction_session_timeout = ${Math.ceil(options.statementTimeoutMs)}`,
    // An entry that a crash of the server could take back would not be written before the act.
    'set local synchronous_commit = on',
    // "already exists, skipping" is said to nobody.
    'set local client_min_messages = error',
  ].join('; ');
}

async function answer<Row>(
  connection: Connection,
  query: Query<Row>,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  return await new Promise((resolve, reject) => {
    const giveUp = () => {
      connection.cut();
      reject(new Aborted());
    };
    if (signal.aborted) {
      giveUp();
      return;
    }
    signal.addEventListener('abort', giveUp, { once: true });
    connection.client
      .query(query.text, query.values.length === 0 ? undefined : [...query.values])
      .then((result) => resolve(result.rows), reject)
      .finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function failure(error: unknown, context: FailureContext): Error {
  if (isAbort(error)) return silence(OPERATION, context);
  // 42501: no right. 25006: the login or the server only reads.
  if (['42501', '25006'].includes(sqlState(error) ?? '')) {
    return new DependencyError(
      'KC_LEDGER_DENIED',
      `Postgres at ${context.address} does not let this login keep the journal of runs in the schema kc_doctor.`,
      'Grant create on the database for the first repair, and select and insert on kc_doctor afterwards.',
      {
        system: 'postgres',
        operation: OPERATION,
        gapCode: 'unauthorized',
        cause: postgresFailure(error, OPERATION, context).cause,
      },
    );
  }
  return postgresFailure(error, OPERATION, context);
}

function taken(entry: JournalEntry): RefusedError {
  return new RefusedError(
    'KC_JOURNAL_TAKEN',
    `Somebody else has written entry ${entry.sequence} of run ${entry.run}.`,
    'Look at kc-doctor history before going on with this run.',
  );
}
