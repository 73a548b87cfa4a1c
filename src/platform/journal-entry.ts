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

/** How a run may end. */
export const RUN_ENDS = ['verified', 'failed', 'undone', 'interrupted'] as const;
export type RunEnd = (typeof RUN_ENDS)[number];

/** One line of a run's journal. */
export interface JournalEntry {
  readonly run: string;
  /** 1, 2, 3 … within the run, without gaps. */
  readonly sequence: number;
  readonly atMs: number;
  readonly kind: EntryKind;
  readonly operator: string;
  readonly step: number | null;
  /** Plain data of the kind: the plan for run-opened, what was read back for step-done. Null: nothing to say. */
  readonly data: unknown;
}

/** Null for what is no entry, or one of a kind that only a newer version writes. */
export function journalEntry(value: unknown): JournalEntry | null {
  if (typeof value !== 'object' || value === null) return null;
  const { run, sequence, atMs, kind, operator, step, data } = value as Record<keyof JournalEntry, unknown>;
  const known = ENTRY_KINDS.find((one) => one === kind);
  if (known === undefined || typeof run !== 'string' || run === '' || typeof operator !== 'string')
    return null;
  if (!isCount(sequence) || typeof atMs !== 'number' || !Number.isFinite(atMs)) return null;
  if (step !== null && !isCount(step)) return null;
  return { run, sequence, atMs, kind: known, operator, step, data: data ?? null };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
