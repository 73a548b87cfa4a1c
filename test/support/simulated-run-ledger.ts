import { DependencyError, RefusedError } from '../../src/errors.ts';
import { decode, encode } from '../../src/platform/codec.ts';
import { durationText } from '../../src/platform/duration.ts';
import { type JournalEntry, journalEntry } from '../../src/platform/journal-entry.ts';
import type { Identity } from '../../src/platform/state.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type {
  JournalStanding,
  Lock,
  LockHolder,
  LockTaker,
  RunLedgerOperator,
} from '../../src/ports/run-ledger.ts';

/** How the database behaves. Loses-answer: the next entry is written, and nobody is told. */
export type LedgerMood = 'works' | 'silent' | 'pooled' | 'replica' | 'loses-answer';

/** One database that several operators work on, each through a ledger of their own. */
export class SimulatedLedgerDatabase {
  mood: LedgerMood = 'works';
  /** Without it there is no journal, and the title of a holder is not known to others. */
  mayMakeSchema: boolean;
  readonly #identity: Partial<Identity>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #entries: string[] = [];
  #hasSchema = false;
  #holder: { readonly holder: LockHolder; readonly lock: object } | null = null;

  constructor(
    options: {
      readonly mayMakeSchema?: boolean;
      /** What of an identity must agree for the lock to be granted. */
      readonly identity?: Partial<Identity>;
      readonly clock?: Pick<Clock, 'nowMs'>;
    } = {},
  ) {
    this.mayMakeSchema = options.mayMakeSchema ?? true;
    this.#identity = options.identity ?? {};
    this.#clock = options.clock ?? { nowMs: () => Date.now() };
  }

  /** One more operator's ledger. */
  open(): RunLedgerOperator {
    return new SimulatedRunLedger(this);
  }

  /** The holder's connection ends, as after kill -9. */
  loseHolder(): void {
    this.#holder = null;
  }

  standing(): JournalStanding {
    if (!this.mayMakeSchema) return 'denied';
    return this.#hasSchema ? 'ready' : 'to-be-made';
  }

  entries(): readonly JournalEntry[] {
    return this.#entries.map((text) => {
      const entry = journalEntry(decode(text));
      if (entry === null) throw new Error(`no entry: ${text}`);
      return entry;
    });
  }

  append(entry: JournalEntry): void {
    if (!this.mayMakeSchema) throw denied();
    this.#hasSchema = true;
    const text = encode(journalEntry(entry));
    const present = this.entries().find((one) => one.run === entry.run && one.sequence === entry.sequence);
    if (present === undefined) this.#entries.push(text);
    else if (encode(present) !== text) throw taken(entry);
  }

  holder(): LockHolder | null {
    if (this.#holder === null) return null;
    const { holder } = this.#holder;
    return this.#hasSchema ? holder : { ...holder, title: null };
  }

  take(identity: Identity, taker: LockTaker): Lock {
    if (this.mood === 'pooled')
      throw refused('KC_LOCK_POOLED', 'the way there goes through a transaction pooler');
    if (this.mood === 'replica') throw refused('KC_LOCK_REPLICA', 'this is a read replica');
    const wanted = Object.entries(this.#identity) as [keyof Identity, unknown][];
    if (wanted.some(([key, value]) => identity[key] !== null && identity[key] !== value)) {
      throw refused('KC_LOCK_OTHER_DATABASE', 'this is another database than the one that was looked at');
    }
    const other = this.holder();
    if (other !== null) {
      const what = other.title === null ? '' : ` (${other.title})`;
      const since = `${new Date(other.sinceMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
      throw refused(
        'KC_LOCK_HELD',
        `Run ${other.run}${what} by ${other.operator} on ${other.host} holds the repair lock since ${since}, ${durationText(this.#clock.nowMs() - other.sinceMs)} ago`,
      );
    }
    const lock: Lock = {
      prove: async (signal) => {
        if (this.mood === 'silent' || signal.aborted) throw silent();
        if (this.#holder?.lock !== lock)
          throw refused('KC_LOCK_LOST', `run ${taker.run} no longer holds the lock`);
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#holder?.lock === lock) this.#holder = null;
      },
    };
    const { run, operator, host, title } = taker;
    this.#holder = { holder: { run, operator, host, title, sinceMs: this.#clock.nowMs() }, lock };
    return lock;
  }
}

class SimulatedRunLedger implements RunLedgerOperator {
  readonly place = 'kc@simulated/kc';
  readonly #database: SimulatedLedgerDatabase;
  #held: Lock | null = null;

  constructor(database: SimulatedLedgerDatabase) {
    this.#database = database;
  }

  async standing(signal: AbortSignal): Promise<JournalStanding> {
    this.#reach(signal);
    return this.#database.standing();
  }

  async entries(limit: number, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    this.#reach(signal);
    return this.#database.entries().toReversed().slice(0, limit);
  }

  async entriesOf(run: string, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    this.#reach(signal);
    return this.#database
      .entries()
      .filter((entry) => entry.run === run)
      .toSorted((a, b) => a.sequence - b.sequence);
  }

  async holder(_identity: Identity, signal: AbortSignal): Promise<LockHolder | null> {
    this.#reach(signal);
    return this.#database.holder();
  }

  async lock(identity: Identity, taker: LockTaker, signal: AbortSignal): Promise<Lock> {
    this.#reach(signal);
    this.#held = this.#database.take(identity, taker);
    return this.#held;
  }

  async append(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    this.#reach(signal);
    this.#database.append(entry);
    if (this.#database.mood !== 'loses-answer') return;
    this.#database.mood = 'works';
    throw silent();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]();
  }

  #reach(signal: AbortSignal): void {
    if (signal.aborted || this.#database.mood === 'silent') throw silent();
  }
}

function silent(): DependencyError {
  return new DependencyError(
    'KC_POSTGRES_TIMEOUT',
    'Postgres did not answer in time.',
    'Check the network.',
    {
      system: 'postgres',
      operation: 'journal of runs',
      gapCode: 'timeout',
      retryable: true,
    },
  );
}

function denied(): DependencyError {
  return new DependencyError('KC_LEDGER_DENIED', 'This login may not keep the journal.', 'Grant create.', {
    system: 'postgres',
    operation: 'journal of runs',
    gapCode: 'unauthorized',
  });
}

function taken(entry: JournalEntry): RefusedError {
  return refused('KC_JOURNAL_TAKEN', `somebody else has written entry ${entry.sequence} of run ${entry.run}`);
}

function refused(code: string, message: string): RefusedError {
  return new RefusedError(code, `${message}.`, 'Look at kc-doctor history.');
}
