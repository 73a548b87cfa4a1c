import { DependencyError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { EntryKind, JournalEntry, RunJournal, RunJournalReader } from '../ports/run-ledger.ts';
import { type RunRecord, runRecord, runRecords } from './runs.ts';

/** What one run writes down, in order, before and after everything that it does. */
export interface Journal {
  readonly run: string;
  /** Durable in every place when it resolves; the acts that follow rest on it. */
  append(kind: EntryKind, step: number | null, data: unknown, signal: AbortSignal): Promise<void>;
}

export interface JournalPlaces {
  /** Where every operator sees it. Null: this login may not write there, and the plan said so. */
  readonly shared: RunJournal | null;
  readonly file: RunJournal;
}

export function openJournal(
  places: JournalPlaces,
  about: { readonly run: string; readonly operator: string; readonly lastSequence: number },
  clock: Clock,
): Journal {
  let sequence = about.lastSequence;
  return {
    run: about.run,
    append: async (kind, step, data, signal) => {
      sequence += 1;
      const { run, operator } = about;
      const entry: JournalEntry = { run, sequence, atMs: clock.nowMs(), kind, operator, step, data };
      // The file first: it is there even where the database is what failed.
      await places.file.append(entry, signal);
      if (places.shared !== null) await appendShared(places.shared, entry, signal);
    },
  };
}

/** An entry whose answer was lost is sent once more: the same entry again is no second one. */
async function appendShared(journal: RunJournal, entry: JournalEntry, signal: AbortSignal): Promise<void> {
  try {
    await journal.append(entry, signal);
  } catch (error) {
    if (!(error instanceof DependencyError) || signal.aborted) throw error;
    await journal.append(entry, signal);
  }
}

/** The shared journal where it may be written, else none. `denied` is a fact of the login; anything else is thrown. */
export async function sharedJournal(ledger: RunJournal, signal: AbortSignal): Promise<RunJournal | null> {
  return (await ledger.standing(signal)) === 'denied' ? null : ledger;
}

/** One run from every place that knows of it; null where none does. Of two entries for one sequence the earlier place is believed. */
export async function findRun(
  places: readonly RunJournalReader[],
  run: string,
  signal: AbortSignal,
): Promise<RunRecord | null> {
  const { entries } = await fromEach(places, (place) => place.entriesOf(run, signal));
  return entries.length === 0 ? null : runRecord(entries);
}

export interface RunsFound {
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  /** Places that could not be looked at, each with why: what others did may be missing. */
  readonly notLooked: readonly string[];
}

/** The newest runs. */
export async function findRuns(
  places: readonly RunJournalReader[],
  limit: number,
  signal: AbortSignal,
): Promise<RunsFound> {
  const { entries, failures } = await fromEach(places, (place) => place.entries(limit, signal));
  return { runs: runRecords(entries), notLooked: failures.map(({ message }) => message) };
}

interface FromEach {
  readonly entries: readonly JournalEntry[];
  readonly failures: readonly DependencyError[];
}

/** A place that cannot be looked at costs nothing where another one answers; where none does, the first failure is thrown. */
async function fromEach(
  places: readonly RunJournalReader[],
  read: (place: RunJournalReader) => Promise<readonly JournalEntry[]>,
): Promise<FromEach> {
  const answers = await Promise.allSettled(places.map(read));
  const entries = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failures = answers.flatMap((answer): readonly DependencyError[] => {
    if (answer.status === 'fulfilled') return [];
    if (answer.reason instanceof DependencyError) return [answer.reason];
    throw answer.reason;
  });
  const [first] = failures;
  if (first !== undefined && entries.length === 0) throw first;
  return { entries, failures };
}
