import type { JournalEntry } from '../platform/journal-entry.ts';
import type { Identity } from '../platform/state.ts';

export type { EntryKind, JournalEntry } from '../platform/journal-entry.ts';

/**
 * Terms. Run: one application of a plan. Lock: one advisory lock per platform database, held on a direct connection for as long
 * as a run lasts; it is free as soon as the holder's connection is gone. Entry: one line of a run's journal, written and flushed
 * before the thing it announces. Methods throw DependencyError (system `postgres`, for a file `journal`) where they cannot look.
 */
export interface LockTaker {
  readonly run: string;
  readonly operator: string;
  readonly host: string;
  /** What the plan does, in one line. */
  readonly title: string;
}

export interface LockHolder extends Omit<LockTaker, 'title'> {
  /** Null where the ledger has no place to keep it. */
  readonly title: string | null;
  /** By the clock of the ledger's server. */
  readonly sinceMs: number;
}

export interface Lock extends AsyncDisposable {
  /**
   * Throws RefusedError where the lock is no longer ours, or where that cannot be known in time. Asked before every act. A signal
   * that fires meanwhile does not cost the lock.
   */
  prove(signal: AbortSignal): Promise<void>;
}

/** What the next entry needs: nothing, a schema or file that is made with it, or a right that this login lacks. */
export type JournalStanding = 'ready' | 'to-be-made' | 'denied';

export interface RunJournalReader extends AsyncDisposable {
  /** Where it is kept, for people: "kc@db.example/kc", a path. */
  readonly place: string;
  /** For the plan to show, before anything is written. */
  standing(signal: AbortSignal): Promise<JournalStanding>;
  /** The newest of all runs, newest first; an empty list where no journal was made yet. */
  entries(limit: number, signal: AbortSignal): Promise<readonly JournalEntry[]>;
  /** All of one run, in the order of their sequence. */
  entriesOf(run: string, signal: AbortSignal): Promise<readonly JournalEntry[]>;
}

export interface RunJournal extends RunJournalReader {
  /**
   * Durable when it resolves. Makes the schema or the file at the first entry. The same entry again is no second one; another
   * entry under the same run and sequence throws RefusedError: somebody else goes on with this run.
   */
  append(entry: JournalEntry, signal: AbortSignal): Promise<void>;
}

export interface RunLedgerReader extends RunJournalReader {
  holder(identity: Identity, signal: AbortSignal): Promise<LockHolder | null>;
}

export interface RunLedgerOperator extends RunLedgerReader, RunJournal {
  /**
   * Throws RefusedError that names who, what and since when where another run holds it; also through a transaction pooler, on a
   * read replica, and where the connection leads to another database than the identity.
   */
  lock(identity: Identity, taker: LockTaker, signal: AbortSignal): Promise<Lock>;
}
