import type { Identity } from '../platform/state.ts';

/**
 * Terms. Run: one application of a plan. Lock: one advisory lock per platform identity, held on a direct connection for as long
 * as a run lasts; it is free as soon as the holder's connection is gone. Entry: one line of a run's journal, written and flushed
 * before the thing it announces.
 */
export interface LockHolder {
  readonly run: string;
  readonly operator: string;
  readonly host: string;
  readonly sinceMs: number;
}

export const ENTRY_KINDS = [
  'run-opened',
  'step-intended',
  'step-done',
  'step-not-done',
  'step-unknown',
  'run-verified',
  'run-failed',
  'run-undone',
  'run-interrupted',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface JournalEntry {
  readonly run: string;
  /** 1, 2, 3 … within the run, without gaps. */
  readonly sequence: number;
  readonly atMs: number;
  readonly kind: EntryKind;
  readonly operator: string;
  readonly step: number | null;
  /** Plain data of the kind: the plan for run-opened, what was read back for step-done. */
  readonly data: unknown;
}

export interface Lock extends AsyncDisposable {
  /** Throws RefusedError where the lock is no longer ours. Asked before every act. */
  prove(signal: AbortSignal): Promise<void>;
}

export interface RunLedgerReader extends AsyncDisposable {
  /** Newest first; an empty list where the schema does not exist. */
  entries(limit: number, signal: AbortSignal): Promise<readonly JournalEntry[]>;
  holder(identity: Identity, signal: AbortSignal): Promise<LockHolder | null>;
}

export interface RunLedgerOperator extends RunLedgerReader {
  /** Throws RefusedError that names who, what and since when; also on a connection through a transaction pooler. */
  lock(identity: Identity, holder: LockHolder, signal: AbortSignal): Promise<Lock>;
  /** Durable when it resolves. Makes the schema at the first entry. */
  append(entry: JournalEntry, signal: AbortSignal): Promise<void>;
}
