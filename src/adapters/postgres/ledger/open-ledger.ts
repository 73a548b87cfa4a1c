import { DependencyError } from '../../../errors.ts';
import type { JournalEntry } from '../../../platform/journal-entry.ts';
import { maskSecrets } from '../../../platform/mask.ts';
import type { Identity } from '../../../platform/state.ts';
import type {
  JournalStanding,
  Lock,
  LockHolder,
  LockTaker,
  RunLedgerOperator,
  RunLedgerReader,
} from '../../../ports/run-ledger.ts';
import { parseTarget } from '../address.ts';
import { Connections } from '../connections.ts';
import type { FailureContext } from '../failure.ts';
import type { PostgresOptions } from '../open.ts';
import { type Query, ReadSession } from '../session.ts';
import { type HeldLock, takeLock } from './advisory-lock.ts';
import { appendEntry } from './append.ts';
import { type EntryRecord, entriesOfRun, entryOf, newestEntries } from './entries.ts';
import { lookForHolder } from './holder.ts';
import { standing, standingOf } from './schema.ts';

/** Of one run; the largest plan makes a tenth of it. */
const MOST_ENTRIES = 20_000;
const OPERATION = 'journal of runs';

/** Locks and writes. Connects late; needs an address that no pooler stands before, see `lock`. */
export function openPostgresLedger(options: PostgresOptions): RunLedgerOperator {
  return new PostgresLedger(options);
}

/** Reads alone, in read-only transactions, also through a pooler. */
export function openPostgresLedgerReader(options: PostgresOptions): RunLedgerReader {
  return new PostgresLedgerReader(options);
}

class PostgresLedgerReader implements RunLedgerReader {
  readonly place: string;
  readonly #session: ReadSession;

  constructor(options: PostgresOptions) {
    const context = contextOf(options);
    this.place = context.address;
    this.#session = new ReadSession(parseTarget(options.url), options.ssl, options, context);
  }

  async standing(signal: AbortSignal): Promise<JournalStanding> {
    const [record] = await this.#rows(standing(), signal);
    if (record === undefined) throw new Error('the query of the standing answers with one row');
    return standingOf(record);
  }

  async entries(limit: number, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    return await this.#entries(newestEntries(limit), signal);
  }

  async entriesOf(run: string, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    const entries = await this.#entries(entriesOfRun(run, MOST_ENTRIES), signal);
    if (entries.length < MOST_ENTRIES) return entries;
    throw new DependencyError(
      'KC_LEDGER_TOO_LONG',
      `The journal in Postgres at ${this.place} has ${MOST_ENTRIES} entries or more of run ${run}.`,
      'Read kc_doctor.journal with a client of Postgres.',
      { system: 'postgres', operation: OPERATION, gapCode: 'incomplete' },
    );
  }

  /** The lock belongs to the database, and that is the one this reader is connected to. */
  async holder(_identity: Identity, signal: AbortSignal): Promise<LockHolder | null> {
    const seen = await lookForHolder((query) =>
      this.#session.rows(query, { operation: 'holder of the repair lock', signal }),
    );
    return seen?.holder ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  async #entries(query: Query<EntryRecord>, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    const [schema] = await this.#rows(standing(), signal);
    if (schema?.has_journal !== true) return [];
    return (await this.#rows(query, signal)).map((record) => entryOf(record, this.place));
  }

  #rows<Row>(query: Query<Row>, signal: AbortSignal): Promise<readonly Row[]> {
    return this.#session.rows(query, { operation: OPERATION, signal });
  }
}

class PostgresLedger extends PostgresLedgerReader implements RunLedgerOperator {
  readonly #options: PostgresOptions;
  readonly #context: FailureContext;
  readonly #connections: Connections;
  #held: HeldLock | null = null;

  constructor(options: PostgresOptions) {
    super(options);
    this.#options = options;
    this.#context = contextOf(options);
    this.#connections = new Connections(parseTarget(options.url), options.ssl, options.connectTimeoutMs);
  }

  async lock(identity: Identity, taker: LockTaker, signal: AbortSignal): Promise<Lock> {
    const direct = {
      target: parseTarget(this.#options.url),
      tls: this.#options.ssl,
      connectTimeoutMs: this.#options.connectTimeoutMs,
      answerTimeoutMs: this.#options.statementTimeoutMs,
    };
    this.#held = await takeLock({ direct, context: this.#context }, identity, taker, signal);
    return this.#held;
  }

  async append(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    const place = { connections: this.#connections, options: this.#options, context: this.#context };
    await appendEntry(place, entry, signal);
    await this.#held?.announce(signal);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#held?.[Symbol.asyncDispose](),
      this.#connections[Symbol.asyncDispose](),
      super[Symbol.asyncDispose](),
    ]);
  }
}

function contextOf(options: PostgresOptions): FailureContext {
  const { address, password } = parseTarget(options.url);
  const own = password === null ? [] : [password];
  return { address, mask: (text) => maskSecrets(text, [...options.secrets, ...own]) };
}
