import { DependencyError } from '../../../errors.ts';
import { decode, encode, encodeAscii } from '../../../platform/codec.ts';
import { type JournalEntry, journalEntry } from '../../../platform/journal-entry.ts';
import type { Query } from '../session.ts';

export interface EntryRecord {
  readonly run: string;
  readonly sequence: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly operator: string;
  readonly step: number | null;
  readonly data: string | null;
}

const COLUMNS = `e.run,
    e.sequence,
    round(extract(epoch from e.at) * 1000)::float8 as at_ms,
    e.kind,
    e.operator,
    e.step,
    e.data::text as data`;

const NEWEST = `select ${COLUMNS}
  from kc_doctor.journal e
  order by e.position desc
  limit $1`;

export function newestEntries(limit: number): Query<EntryRecord> {
  return { text: NEWEST, values: [limit] };
}

const OF_RUN = `select ${COLUMNS}
  from kc_doctor.journal e
  where e.run = $1
  order by e.sequence
  limit $2`;

export function entriesOfRun(run: string, limit: number): Query<EntryRecord> {
  return { text: OF_RUN, values: [run, limit] };
}

const ONE = `select ${COLUMNS}
  from kc_doctor.journal e
  where e.run = $1 and e.sequence = $2
  limit 1`;

export function entryAt(run: string, sequence: number): Query<EntryRecord> {
  return { text: ONE, values: [run, sequence] };
}

const INSERT = `insert into kc_doctor.journal (run, sequence, at, kind, operator, step, data)
  values ($1, $2, to_timestamp($3::float8 / 1000), $4, $5, $6, $7::json)
  on conflict (run, sequence) do nothing
  returning sequence`;

export function insertEntry(entry: JournalEntry): Query<{ readonly sequence: number }> {
  const { run, sequence, atMs, kind, operator, step } = entry;
  return { text: INSERT, values: [run, sequence, atMs, kind, operator, step, dataText(entry)] };
}

/** `json` keeps the text as it is, so that a plan read back is the plan that was shown, byte for byte. */
function dataText(entry: JournalEntry): string | null {
  return entry.data === null || entry.data === undefined ? null : encodeAscii(entry.data);
}

export function isSame(entry: JournalEntry, other: JournalEntry): boolean {
  return encode(journalEntry(entry)) === encode(other);
}

export function entryOf(record: EntryRecord, address: string): JournalEntry {
  const entry = journalEntry({
    run: record.run,
    sequence: record.sequence,
    atMs: record.at_ms,
    kind: record.kind,
    operator: record.operator,
    step: record.step,
    data: record.data === null ? null : decode(record.data),
  });
  if (entry !== null) return entry;
  throw new DependencyError(
    'KC_LEDGER_NEWER',
    `The journal in Postgres at ${address} holds an entry of run ${record.run} that this version does not know: ${record.kind}.`,
    'Update kc-doctor.',
    { system: 'postgres', operation: 'journal of runs', gapCode: 'protocol' },
  );
}
