import type { LogLine } from './log-line.ts';
import type { Gap } from './observed.ts';
import type { PlatformState } from './state.ts';
import { workerLog } from './workers.ts';

/** Lines of a service's log, oldest first. `gap`: the log was not seen, so that a line that is not here proves nothing. */
export interface ServiceLines {
  readonly lines: readonly LogLine[];
  readonly gap: Gap | null;
  /** The log covers the whole present run of its container; only then a missing line counts. */
  readonly reachesStart: boolean;
}

export function serviceLines(state: PlatformState, service: string): ServiceLines {
  const log = workerLog(state, service);
  return log.kind === 'seen'
    ? { lines: log.value.lines, gap: null, reachesStart: log.value.reachesStart }
    : { lines: [], gap: log.gap, reachesStart: false };
}

/** Whether a line stands under one of these ids. Message text is not asked: a customer could have written it. */
export function isLineOf(line: LogLine, ids: readonly string[]): boolean {
  return [line.correlationId, line.eventId].some((id) => id !== null && ids.includes(id.toLowerCase()));
}

/** Lines under each id, for those who ask about many payments. */
export function linesUnder(lines: readonly LogLine[]): (ids: readonly string[]) => readonly LogLine[] {
  const byId = new Map<string, LogLine[]>();
  for (const line of lines) {
    const { correlationId, eventId } = line;
    for (const id of new Set([correlationId?.toLowerCase(), eventId?.toLowerCase()])) {
      if (id === undefined) continue;
      const known = byId.get(id);
      if (known === undefined) byId.set(id, [line]);
      else known.push(line);
    }
  }
  return (ids) => {
    const found = [...new Set(ids.flatMap((id) => byId.get(id) ?? []))];
    return found.toSorted((a, b) => a.atMs - b.atMs);
  };
}
