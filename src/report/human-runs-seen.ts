/** Repairs that whoever diagnoses must know of: those under way, left behind, or done a moment ago. */
import { durationText } from '../platform/duration.ts';
import { stillStopped } from '../platform/runs-seen.ts';
import type { PlatformState, RunSeen } from '../platform/state.ts';
import type { Pen, Status } from './pen.ts';
import type { Diagnosis } from './result.ts';
import { plural } from './text.ts';

/** So long a run that has ended is still worth a line. */
const RECENT_MS = 3_600_000;
const SHOWN_RUNS = 3;

/** What matters now first, newest first; with an empty line behind, or nothing at all. */
export function runLines({ state }: Diagnosis, ink: Pen): readonly string[] {
  if (state.runs?.kind !== 'seen') return [];
  const matters = state.runs.value.filter((run) => isUrgent(run, state) || isRecent(run, state));
  if (matters.length === 0) return [];
  const ordered = matters.toSorted((a, b) => Number(isUrgent(b, state)) - Number(isUrgent(a, state)));
  const shown = ordered.slice(0, SHOWN_RUNS);
  const more = ordered.length - shown.length;
  return [
    ...shown.flatMap((run) => oneRun(run, state, ink)),
    ...(more > 0 ? [`    and ${plural(more, 'more run')}: kc-doctor history`] : []),
    '',
  ];
}

function isUrgent(run: RunSeen, state: PlatformState): boolean {
  return run.end === null || stillStopped(state, run).length > 0;
}

function isRecent({ end }: RunSeen, { takenAtMs }: PlatformState): boolean {
  return end !== null && takenAtMs - end.atMs <= RECENT_MS;
}

function oneRun(run: RunSeen, state: PlatformState, ink: Pen): readonly string[] {
  const status: Status = isUrgent(run, state) ? 'warn' : 'skipped';
  const command = `kc-doctor history ${run.run}`;
  const [first = '', ...rest] = ink.wrap(textOf(run, state), '', ink.view.width - 4);
  const lines = [first, ...rest];
  const last = lines.length - 1;
  const fits = 4 + (lines[last]?.length ?? 0) + 3 + command.length <= ink.view.width;
  // A command stays whole on its line, so that it can be copied.
  const whole = fits
    ? lines.map((line, index) => (index === last ? `${line}   ${ink.text(command)}` : line))
    : [...lines, ink.text(command)];
  return whole.map((line, index) => (index === 0 ? `  ${ink.symbol(status)} ${line}` : `    ${line}`));
}

function textOf(run: RunSeen, state: PlatformState): string {
  const who = `run ${run.run} by ${run.operator}`;
  const ago = (ms: number) => `${durationText(state.takenAtMs - ms)} ago`;
  const stopped = stillStopped(state, run);
  const [first] = stopped;
  if (first === undefined) {
    return run.end === null
      ? `${who} (${run.title}) began ${ago(run.startedAtMs)} and ${goesOnText(run)}`
      : `${who} (${run.title}) ${endText(run.end.kind)} ${ago(run.end.atMs)}`;
  }
  const names = stopped.map(({ service }) => service).join(', ');
  const did = stopped.every(({ isCertain }) => isCertain) ? 'stopped' : 'was about to stop';
  const then = run.end === null ? goesOnText(run) : `${endText(run.end.kind)} ${ago(run.end.atMs)}`;
  return `${who} ${did} ${names} ${ago(first.atMs)} and ${then}`;
}

function goesOnText({ lock }: RunSeen): string {
  switch (lock) {
    case 'held':
      return 'is at work';
    case 'free':
    case 'held-by-other':
      return 'has not ended';
    case 'unseen':
      return 'has not ended (whether somebody is at work was not seen)';
    default:
      return lock satisfies never;
  }
}

function endText(kind: NonNullable<RunSeen['end']>['kind']): string {
  switch (kind) {
    case 'verified':
      return 'was verified';
    case 'failed':
      return 'failed';
    case 'undone':
      return 'was taken back';
    case 'interrupted':
      return 'was interrupted';
    default:
      return kind satisfies never;
  }
}
