/** What the journal tells about a run: from entries to phases, steps and an end. */
import type { JournalEntry, RunEnd } from '../platform/journal-entry.ts';
import {
  entriesByRun,
  type Fields,
  type FoldedPhase,
  type FoldedRun,
  fieldsOf,
  foldRun,
  type StepStatus,
} from '../platform/runs.ts';
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

export interface RunRecord {
  readonly run: string;
  readonly operator: string;
  readonly phases: readonly [PhaseRecord, ...PhaseRecord[]];
  /** Null: it is still going on, or its process died. */
  readonly end: { readonly kind: RunEnd; readonly atMs: number; readonly text: string } | null;
  readonly lastSequence: number;
  readonly lastAtMs: number;
}

/** One run from its entries, whatever their order and however often each is there. Null: no entry opens it. */
export function runRecord(entries: readonly JournalEntry[]): RunRecord | null {
  const folded = foldRun(entries, openedData);
  if (folded === null) return null;
  const [first, ...rest] = folded.phases;
  return {
    ...folded,
    phases: [phaseRecord(first), ...rest.map(phaseRecord)],
    end: folded.end === null ? null : endRecord(folded.end),
  };
}

/** All runs of a journal, newest first. */
export function runRecords(entries: readonly JournalEntry[]): readonly RunRecord[] {
  return entriesByRun(entries)
    .flatMap((own) => runRecord(own) ?? [])
    .toSorted((a, b) => b.phases[0].openedAtMs - a.phases[0].openedAtMs);
}

function phaseRecord({ opened, openedAtMs, steps }: FoldedPhase<OpenedData>): PhaseRecord {
  const records = [...steps].map(
    ([number, { status, atMs, data }]) => [number, { status, atMs, data: stepData(data) }] as const,
  );
  return { ...opened, openedAtMs, steps: new Map(records) };
}

function endRecord({ kind, atMs, data }: NonNullable<FoldedRun<OpenedData>['end']>): RunRecord['end'] {
  return { kind, atMs, text: textOf(data) };
}

function openedData({ phase, isUndo, plan, by, reason }: Fields): OpenedData | null {
  if (typeof phase !== 'number' || typeof isUndo !== 'boolean' || !isPlan(plan)) return null;
  return {
    phase,
    isUndo,
    plan,
    by: by as ConsentWay,
    reason: typeof reason === 'string' ? reason : null,
  };
}

function stepData(data: Fields): StepData {
  const { restartCount, offset, startedAtMs } = data;
  return {
    text: textOf(data),
    ...(typeof restartCount === 'number' ? { restartCount } : {}),
    ...(typeof offset === 'bigint' ? { offset } : {}),
    ...(typeof startedAtMs === 'number' ? { startedAtMs } : {}),
  };
}

function textOf({ text }: Fields): string {
  return typeof text === 'string' ? text : '';
}

/** Only as far as a plan of another version must not be taken for one; the journal's own checks guard its bytes. */
function isPlan(value: unknown): value is Plan {
  const { schemaVersion, fingerprint, steps } = fieldsOf(value);
  return schemaVersion === 1 && typeof fingerprint === 'string' && Array.isArray(steps);
}
