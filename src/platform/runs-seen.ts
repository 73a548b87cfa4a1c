/** Runs of kc-doctor as a diagnosis sees them. */
import type { JournalEntry } from './journal-entry.ts';
import {
  entriesByRun,
  type Fields,
  type FoldedPhase,
  type FoldedRun,
  fieldsOf,
  foldRun,
  isMaybeDone,
  runTitle,
} from './runs.ts';
import type { PlatformState, RunSeen, StoppedContainer } from './state.ts';

/** Who has the repair lock; `run` null: somebody who is no run. Unseen: as on a replica, which shows no locks of its primary. */
export type LockSeen =
  | { readonly kind: 'unseen' }
  | { readonly kind: 'free' }
  | { readonly kind: 'held'; readonly run: string | null };

/** Newest first. Of a plan only what names its steps and its containers is needed: see `OpenedSeen`. */
export function runsSeen(entries: readonly JournalEntry[], lock: LockSeen): readonly RunSeen[] {
  return entriesByRun(entries)
    .flatMap((own) => foldRun(own, openedSeen) ?? [])
    .map((run) => runSeen(run, lock))
    .toSorted((a, b) => b.startedAtMs - a.startedAtMs || (a.run < b.run ? -1 : 1));
}

interface StepSeen {
  readonly number: number;
  readonly repair: string;
  readonly stage: string | null;
  readonly kind: string;
  readonly containerId: string;
  readonly name: string;
  readonly service: string;
}

/** Of `run-opened`: `plan.payments`, and of each of `plan.steps` its number, repair, stage and what its action says of a container. */
interface OpenedSeen {
  readonly steps: readonly StepSeen[];
  readonly payments: number;
}

function openedSeen(data: Fields): OpenedSeen | null {
  const { steps, payments } = fieldsOf(data['plan']);
  if (!Array.isArray(steps)) return null;
  return { steps: steps.map(stepSeen), payments: Array.isArray(payments) ? payments.length : 0 };
}

function stepSeen(step: unknown): StepSeen {
  const { number, repair, stage, action } = fieldsOf(step);
  const { kind, containerId, name, service } = fieldsOf(action);
  return {
    number: typeof number === 'number' ? number : 0,
    repair: textOf(repair),
    stage: typeof stage === 'string' ? stage : null,
    kind: textOf(kind),
    containerId: textOf(containerId),
    name: textOf(name),
    service: textOf(service),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function runSeen(folded: FoldedRun<OpenedSeen>, lock: LockSeen): RunSeen {
  const { run, operator, phases, end, lastAtMs } = folded;
  const [first] = phases;
  return {
    run,
    operator,
    title: runTitle(first.opened.steps, first.opened.payments),
    startedAtMs: first.openedAtMs,
    lastAtMs,
    end: end === null ? null : { kind: end.kind, atMs: end.atMs },
    stopped: stoppedBy(phases),
    lock: lock.kind === 'held' ? (lock.run === run ? 'held' : 'held-by-other') : lock.kind,
  };
}

/** Containers that ran before the run and that it stopped, or may have, and did not start again for certain. */
function stoppedBy(phases: readonly FoldedPhase<OpenedSeen>[]): readonly StoppedContainer[] {
  const touches = phases.flatMap(({ opened, steps }) =>
    opened.steps.flatMap((step) => {
      const done = steps.get(step.number);
      const isTouch = step.kind === 'stop-container' || step.kind === 'start-container';
      return isTouch && done !== undefined && isMaybeDone(done.status) ? [{ ...step, ...done }] : [];
    }),
  );
  const byContainer = new Map<string, typeof touches>();
  for (const touch of touches) {
    const { containerId } = touch;
    byContainer.set(containerId, [...(byContainer.get(containerId) ?? []), touch]);
  }
  return [...byContainer.values()].flatMap((own) => {
    const stop = own.findLast(({ kind }) => kind === 'stop-container');
    const start = own.findLastIndex(({ kind, status }) => kind === 'start-container' && status === 'done');
    // What a run started first did not run before: stopped again, it is as it was found.
    if (stop === undefined || own[0]?.kind === 'start-container' || own.indexOf(stop) < start) return [];
    const { containerId, name, service, atMs, status } = stop;
    return [{ containerId, name, service, atMs, isCertain: status === 'done' }];
  });
}

const UP: readonly string[] = ['running', 'restarting', 'paused'];

/** Of what a run stopped, what nobody has started since. Where containers were not seen, all of it. */
export function stillStopped(state: PlatformState, run: RunSeen): readonly StoppedContainer[] {
  if (state.containers.kind === 'unseen') return run.stopped;
  const { containers } = state.containers.value;
  return run.stopped.filter(({ containerId, atMs }) =>
    containers.some(
      ({ id, status, startedAtMs }) =>
        id === containerId && !UP.includes(status) && (startedAtMs === null || startedAtMs <= atMs),
    ),
  );
}

/** No end in the journal, and nobody at work: its process died. */
export function wasLeft({ end, lock }: RunSeen): boolean {
  return end === null && lock === 'free';
}
