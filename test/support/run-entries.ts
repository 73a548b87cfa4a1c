import type { EntryKind, JournalEntry } from '../../src/platform/journal-entry.ts';

/** A step of a plan, as little of it as a journal must hold. */
export interface EntryStep {
  readonly repair: string;
  readonly stage: string | null;
  readonly action: Readonly<Record<string, unknown>> & { readonly kind: string };
}

const container = (service: string) => ({
  containerId: `id-${service}`,
  name: `kodingcaravan-${service}`,
  service,
});

export const stop = (service: string): EntryStep => ({
  repair: 'move-offsets',
  stage: 'purchase',
  action: { kind: 'stop-container', ...container(service), graceSeconds: 120 },
});

export const start = (service: string): EntryStep => ({
  repair: 'start-worker',
  stage: 'purchase',
  action: { kind: 'start-container', ...container(service) },
});

export const other = (repair: string, action: EntryStep['action']): EntryStep => ({
  repair,
  stage: 'purchase',
  action,
});

/** What a run writes: a plan opens a phase, the rest is `kind` or `kind step`; one entry a second from `atMs` on. */
export function runEntries(
  { run, operator = 'alice', atMs }: { run: string; operator?: string; atMs: number },
  ...written: readonly (readonly EntryStep[] | EntryKind | `${EntryKind} ${number}`)[]
): readonly JournalEntry[] {
  return written.map((what, index) => {
    const [kind = '', step] = typeof what === 'string' ? what.split(' ') : ['run-opened'];
    return {
      run,
      sequence: index + 1,
      atMs: atMs + index * 1000,
      kind: kind as EntryKind,
      operator,
      step: step === undefined ? null : Number(step),
      data: typeof what === 'string' ? { text: what } : openedData(what),
    };
  });
}

function openedData(steps: readonly EntryStep[]) {
  return {
    phase: 1,
    isUndo: false,
    plan: {
      schemaVersion: 1,
      fingerprint: 'f',
      payments: ['p1', 'p2', 'p3'],
      steps: steps.map((step, index) => ({ ...step, number: index + 1 })),
    },
    by: { kind: 'flag' },
    reason: null,
  };
}
