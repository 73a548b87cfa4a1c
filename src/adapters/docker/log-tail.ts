import type { LogTail } from '../../ports/container-runtime.ts';
import type { CollectedLog } from './log-frames.ts';

export interface TailOptions {
  readonly tailLines: number;
  readonly untilMs: number | null;
  readonly maxBytes: number;
}

/** As `docker inspect` says it. */
export interface LogDriver {
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * The daemon notes the start of a container when the start has returned: lines of the new run may be older, on a busy host by
 * hundreds of milliseconds.
 */
const START_SLACK_MS = 2_000;
const WIDEN_BY = 4;
/** A read that could grow by less is not worth repeating. */
const WORTH_REPEATING = 1.5;
/** Each entry of json-file repeats stream and time, and escapes quotes: an upper bound of what a line costs on disk. */
const JSON_ENTRY_BYTES = 120;
const JSON_ESCAPES = 2;

/**
 * Reads ever longer tails until the container's start is covered. `read` resolves null when time ran out; what an earlier, shorter
 * read saw is then the answer. Never by time: a bare `since` makes Docker read the whole file.
 */
export async function readTail(
  options: TailOptions,
  driver: LogDriver,
  read: (tailLines: number, isFirst: boolean) => Promise<CollectedLog | null>,
): Promise<LogTail> {
  let tailLines = options.tailLines;
  let best: LogTail = { lines: [], whole: false };
  for (let isFirst = true; ; isFirst = false) {
    const log = await read(tailLines, isFirst);
    if (log === null) return best;
    const isAll = log.entries < tailLines && !log.isCut;
    best = { lines: log.lines, whole: isAll && !mayHaveRotated(driver, log) };
    const first = log.lines[0];
    const reachesBack =
      options.untilMs === null || (first !== undefined && first.atMs <= options.untilMs - START_SLACK_MS);
    if (isAll || log.isCut || reachesBack) return best;
    const affordable = Math.floor((tailLines * options.maxBytes) / Math.max(1, log.bytes));
    const next = Math.min(tailLines * WIDEN_BY, affordable);
    if (next < tailLines * WORTH_REPEATING) return best;
    tailLines = next;
  }
}

/**
 * Whether older lines may have been thrown away, so that an exhausted log still proves nothing about its beginning. A file that
 * was rotated keeps at least `max-size` bytes, unless it is the only one.
 * @internal exported for its tests
 */
export function mayHaveRotated(
  driver: LogDriver,
  log: { readonly bytes: number; readonly entries: number },
): boolean {
  if (driver.type !== 'json-file') return driver.type !== 'k8s-file';
  const limit = sizeOf(driver.options['max-size']);
  if (limit === null) return false;
  if (Number(driver.options['max-file'] ?? '1') < 2) return true;
  return log.bytes * JSON_ESCAPES + log.entries * JSON_ENTRY_BYTES >= limit;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** "10m" as Docker reads it; null: no limit. */
function sizeOf(text: string | undefined): number | null {
  const [, digits, unit = ''] = /^(\d+)\s*([bkmg]?)b?$/i.exec(text ?? '') ?? [];
  return digits === undefined ? null : Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
}
