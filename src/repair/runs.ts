/** What the journal tells about a run: from entries to phases, steps and an end. */
import type { EntryKind, JournalEntry } from '../platform/journal-entry.ts';
import type { ConsentWay } from './consent.ts';
import type { Plan } from './plan.ts';

/** Data of `run-opened`: one entry per phase, the undoing of a run among them. */
export interface OpenedData {
  readonly phase: number;
  readonly isUndo: boolean;
  readonly plan: Plan;
  readonly by: ConsentWay;
  readonly reason: string | null;
}

/** Data of the entries of a step. */
export interface StepData {
  readonly text: string;
  /** Of a container right after its start: what counts as "died again" later. */
  readonly restartCount?: number;
  readonly offset?: bigint;
  /** Of a container that was started again after an interruption: what the stop that is done later will find. */
  readonly startedAtMs?: number;
}

export type StepStatus = 'intended' | 'done' | 'not-done' | 'unknown';

export interface StepRecord {
  readonly status: StepStatus;
  readonly atMs: number;
  readonly data: StepData;
}

export interface PhaseRecord {
  readonly phase: number;
  readonly isUndo: boolean;
  readonly plan: Plan;
  readonly openedAtMs: number;
  readonly by: ConsentWay;
  readonly reason: string | null;
  /** By the number of the step; steps that were not begun have no entry. */
  readonly steps: ReadonlyMap<number, StepRecord>;
}

export const RUN_ENDS = ['verified', 'failed', 'undone', 'interrupted'] as const;
export type RunEnd = (typeof RUN_ENDS)[number];

export interface RunRecord {
  readonly run: string;
  readonly operator: string;
  readonly phases: readonly [PhaseRecord, ...PhaseRecord[]];
  /** Null: it is still going on, or its process died. */
  readonly end: { readonly kind: RunEnd; readonly atMs: number; readonly text: string } | null;
  readonly lastSequence: number;
  readonly lastAtMs: number;
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

/** One run from its entries, whatever their order and however often each is there. Null: no entry opens it. */
export function runRecord(entries: readonly JournalEntry[]): RunRecord | null {
  const bySequence = new Map(entries.map((entry) => [entry.sequence, entry]));
  const ordered = [...bySequence.values()].toSorted((a, b) => a.sequence - b.sequence);
  const phases: (PhaseRecord & { readonly steps: Map<number, StepRecord> })[] = [];
  let end: RunRecord['end'] = null;
  for (const { kind, atMs, step, data } of ordered) {
    const opened = kind === 'run-opened' ? openedData(data) : null;
    if (opened !== null) phases.push({ ...opened, openedAtMs: atMs, steps: new Map() });
    // A phase that is opened again goes on: what ended before is no end any more.
    end = END_OF[kind] === undefined ? null : { kind: END_OF[kind], atMs, text: textOf(data) };
    const status = STATUS_OF[kind];
    if (status === undefined || step === null) continue;
    const before = phases.at(-1)?.steps.get(step)?.data;
    phases.at(-1)?.steps.set(step, { status, atMs, data: { ...before, ...stepData(data) } });
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

/** All runs of a journal, newest first. */
export function runRecords(entries: readonly JournalEntry[]): readonly RunRecord[] {
  const byRun = new Map<string, JournalEntry[]>();
  for (const entry of entries) byRun.set(entry.run, [...(byRun.get(entry.run) ?? []), entry]);
  return [...byRun.values()]
    .flatMap((own) => runRecord(own) ?? [])
    .toSorted((a, b) => b.phases[0].openedAtMs - a.phases[0].openedAtMs);
}

function openedData(data: unknown): OpenedData | null {
  const { phase, isUndo, plan, by, reason } = fieldsOf(data);
  if (typeof phase !== 'number' || typeof isUndo !== 'boolean' || !isPlan(plan)) return null;
  return {
    phase,
    isUndo,
    plan,
    by: by as ConsentWay,
    reason: typeof reason === 'string' ? reason : null,
  };
}

function stepData(data: unknown): StepData {
  const { restartCount, offset, startedAtMs } = fieldsOf(data);
  return {
    text: textOf(data),
    ...(typeof restartCount === 'number' ? { restartCount } : {}),
    ...(typeof offset === 'bigint' ? { offset } : {}),
    ...(typeof startedAtMs === 'number' ? { startedAtMs } : {}),
  };
}

function textOf(data: unknown): string {
  const { text } = fieldsOf(data);
  return typeof text === 'string' ? text : '';
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}

/** Only as far as a plan of another version must not be taken for one; the journal's own checks guard its bytes. */
function isPlan(value: unknown): value is Plan {
  const { schemaVersion, fingerprint, steps } = fieldsOf(value);
  return schemaVersion === 1 && typeof fingerprint === 'string' && Array.isArray(steps);
}
