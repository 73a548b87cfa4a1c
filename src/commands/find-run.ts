import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { RunJournalReader } from '../ports/run-ledger.ts';
import { findRun } from '../repair/journal.ts';
import type { RunRecord } from '../repair/runs.ts';

/** Where journals are kept is known only after a look at the platform. */
export async function withJournals<T>(
  context: Context,
  read: (journals: readonly RunJournalReader[]) => Promise<T>,
): Promise<T> {
  await context.repairs.observeQuick([]);
  return withOpenJournals(context, read);
}

/** As above, where the platform was looked at already. */
export async function withOpenJournals<T>(
  context: Context,
  read: (journals: readonly RunJournalReader[]) => Promise<T>,
): Promise<T> {
  const journals = await context.repairs.openJournals();
  try {
    return await read(journals);
  } finally {
    for (const journal of journals) await journal[Symbol.asyncDispose]();
  }
}

export async function findRecord(context: Context, run: string): Promise<RunRecord> {
  const record = await withJournals(context, (journals) => findRun(journals, run, context.signal));
  if (record !== null) return record;
  throw new UsageError('KC_UNKNOWN_RUN', `no run is called "${run}"`, 'kc-doctor history lists them');
}
