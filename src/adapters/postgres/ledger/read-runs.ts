import { DependencyError } from '../../../errors.ts';
import { type LockSeen, runsSeen } from '../../../platform/runs-seen.ts';
import type { RunSeen } from '../../../platform/state.ts';
import type { ReadSession } from '../session.ts';
import { type EntryRecord, entryOf } from './entries.ts';
import { type HoldingSessionRecord, holderOfName, holdingSession } from './holder.ts';
import { journalPlace, recentRuns } from './recent-runs.ts';

const OPERATION = 'journal of runs';

export interface RunsQuestion {
  readonly windowMs: number;
  readonly limit: number;
  /** More entries than this are no answer. */
  readonly mostEntries: number;
}

export async function readRuns(
  session: ReadSession,
  { windowMs, limit, mostEntries }: RunsQuestion,
  { address, signal }: { readonly address: string; readonly signal: AbortSignal },
): Promise<readonly RunSeen[]> {
  const [place] = await session.rows(journalPlace(), { operation: OPERATION, signal });
  if (place?.is_there !== true) return [];
  if (!place.may_read) throw denied(address);
  // The lock before and after: a run that ends or begins meanwhile must not look as if its process had died.
  const [before, entries, after] = await session.answers<
    [HoldingSessionRecord, EntryRecord, HoldingSessionRecord]
  >([holdingSession(), recentRuns(windowMs, limit, mostEntries), holdingSession()], {
    operation: OPERATION,
    signal,
  });
  for (const answer of [before, entries, after]) {
    if (answer.kind === 'failed') throw session.failure(answer.error, OPERATION);
  }
  const records = entries.kind === 'rows' ? entries.rows : [];
  if (records.length >= mostEntries) throw tooLong(address, mostEntries);
  const holders = [after, before].flatMap((answer) => (answer.kind === 'rows' ? answer.rows : []));
  return runsSeen(
    records.map((record) => entryOf(record, address)),
    place.in_recovery ? { kind: 'unseen' } : lockOf(holders[0]),
  );
}

/** Of the name that the holder's session bears: it ends with the session, so a dead holder leaves none behind. */
function lockOf(session: HoldingSessionRecord | undefined): LockSeen {
  if (session === undefined) return { kind: 'free' };
  return { kind: 'held', run: holderOfName(session.application_name ?? '')?.run ?? null };
}

function denied(address: string): DependencyError {
  return new DependencyError(
    'KC_POSTGRES_UNAUTHORIZED',
    `Postgres at ${address} does not let this login read the journal of earlier repairs.`,
    'Grant it usage on schema kc_doctor and select on kc_doctor.journal.',
    { system: 'postgres', operation: OPERATION, gapCode: 'unauthorized' },
  );
}

function tooLong(address: string, mostEntries: number): DependencyError {
  return new DependencyError(
    'KC_LEDGER_TOO_LONG',
    `The journal in Postgres at ${address} has ${mostEntries} entries or more of the newest runs.`,
    'Narrow the window with --since, or look with kc-doctor history.',
    { system: 'postgres', operation: OPERATION, gapCode: 'incomplete' },
  );
}
