/** What the entries of a journal come to, whether or not the reader knows what a plan is. */
import type { EntryKind, JournalEntry, RunEnd } from './journal-entry.ts';

export type StepStatus = 'intended' | 'done' | 'not-done' | 'unknown';

/** Begun and not known to have failed: an act that may have happened counts as if it had. */
export function isMaybeDone(status: StepStatus | undefined): boolean {
  return status !== undefined && status !== 'not-done';
}

const STATUS_OF: Partial<Record<EntryKind, StepStatus>> = {
  'step-intended': 'intended',
  'step-done': 'done',
  'step-not-done': 'not-done',
  'step-unknown': 'unknown',
};

const END_OF: Partial<Record<EntryKind, RunEnd>> = {
  'run-verified': 'verified',
  'run-failed': 'failed',
  'run-undone': 'undone',
  'run-interrupted': 'interrupted',
};

export type Fields = Readonly<Record<string, unknown>>;

export interface FoldedStep {
  readonly status: StepStatus;
  readonly atMs: number;
  /** Data of its entries, later ones over earlier ones. */
  readonly data: Fields;
}

export interface FoldedPhase<Opened> {
  readonly opened: Opened;
  readonly openedAtMs: number;
  /** By the number of the step; steps that were not begun have no entry. */
  readonly steps: ReadonlyMap<number, FoldedStep>;
}

export interface FoldedRun<Opened> {
  readonly run: string;
  readonly operator: string;
  readonly phases: readonly [FoldedPhase<Opened>, ...FoldedPhase<Opened>[]];
  /** Null: it is still going on, or its process died. */
  readonly end: { readonly kind: RunEnd; readonly atMs: number; readonly data: Fields } | null;
  readonly lastSequence: number;
  readonly lastAtMs: number;
}

/** One run from its entries, whatever their order; of several for one sequence the first counts. Null: no entry opens it. */
export function foldRun<Opened>(
  entries: readonly JournalEntry[],
  openedOf: (data: Fields) => Opened | null,
): FoldedRun<Opened> | null {
  const bySequence = new Map(entries.toReversed().map((entry) => [entry.sequence, entry]));
  const ordered = [...bySequence.values()].toSorted((a, b) => a.sequence - b.sequence);
  const phases: (FoldedPhase<Opened> & { readonly steps: Map<number, FoldedStep> })[] = [];
  let end: FoldedRun<Opened>['end'] = null;
  for (const { kind, atMs, step, data: raw } of ordered) {
    const data = fieldsOf(raw);
    const opened = kind === 'run-opened' ? openedOf(data) : null;
    if (opened !== null) phases.push({ opened, openedAtMs: atMs, steps: new Map() });
    // A phase that is opened again goes on: what ended before is no end any more.
    end = END_OF[kind] === undefined ? null : { kind: END_OF[kind], atMs, data };
    const status = STATUS_OF[kind];
    if (status === undefined || step === null) continue;
    const before = phases.at(-1)?.steps.get(step)?.data;
    phases.at(-1)?.steps.set(step, { status, atMs, data: { ...before, ...data } });
  }
  const [first, ...rest] = phases;
  const [opening] = ordered;
  const last = ordered.at(-1);
  if (first === undefined || opening === undefined || last === undefined) return null;
  return {
    run: opening.run,
    operator: opening.operator,
    phases: [first, ...rest],
    end,
    lastSequence: last.sequence,
    lastAtMs: last.atMs,
  };
}

/** The entries of each run, in the order in which the runs first turn up. */
export function entriesByRun(entries: readonly JournalEntry[]): readonly (readonly JournalEntry[])[] {
  const byRun = new Map<string, JournalEntry[]>();
  for (const entry of entries) {
    const own = byRun.get(entry.run);
    if (own === undefined) byRun.set(entry.run, [entry]);
    else own.push(entry);
  }
  return [...byRun.values()];
}

export function fieldsOf(data: unknown): Fields {
  return typeof data === 'object' && data !== null ? (data as Fields) : {};
}

/** What a plan does, in one line: "start-worker@purchase for 3 payments". */
export function runTitle(
  steps: readonly { readonly repair: string; readonly stage: string | null }[],
  payments: number,
): string {
  const repairs = [
    ...new Set(steps.map(({ repair, stage }) => (stage === null ? repair : `${repair}@${stage}`))),
  ];
  const whom = payments === 0 ? '' : ` for ${payments === 1 ? '1 payment' : `${payments} payments`}`;
  return `${repairs.join(', ')}${whom}`;
}
