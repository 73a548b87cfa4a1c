import { describe, expect, it } from 'vitest';
import type { CollectedLog } from '../../../src/adapters/docker/log-frames.ts';
import { type LogDriver, mayHaveRotated, readTail } from '../../../src/adapters/docker/log-tail.ts';

const UNLIMITED: LogDriver = { type: 'json-file', options: {} };
const LINE_BYTES = 100;

/** A log with one line each second; line 0 is the oldest. */
function logOf(total: number, asked: number[]) {
  return async (tailLines: number): Promise<CollectedLog> => {
    asked.push(tailLines);
    const count = Math.min(total, tailLines);
    const lines = Array.from({ length: count }, (_, index) => {
      const second = total - count + index;
      return { atMs: second * 1_000, stream: 'stdout' as const, text: `line ${second}` };
    });
    return { lines, entries: count, bytes: count * LINE_BYTES, isCut: false };
  };
}

describe('readTail', () => {
  it('widens by four until the start is covered', async () => {
    const asked: number[] = [];
    const options = { tailLines: 10, untilMs: 900_000, maxBytes: 1e9 };
    const tail = await readTail(options, UNLIMITED, logOf(1_000, asked));
    expect(asked).toEqual([10, 40, 160]);
    expect([tail.lines[0]?.atMs, tail.lines.length, tail.whole]).toEqual([840_000, 160, false]);
  });

  it('does not stop at the first line of the present run, which may be older than its start', async () => {
    const asked: number[] = [];
    const options = { tailLines: 10, untilMs: 990_500, maxBytes: 1e9 };
    const tail = await readTail(options, UNLIMITED, logOf(1_000, asked));
    expect([asked, tail.lines[0]?.atMs]).toEqual([[10, 40], 960_000]);
  });

  it('reads once where no start is known, or the first tail covers it', async () => {
    const asked: number[] = [];
    await readTail({ tailLines: 10, untilMs: null, maxBytes: 1e9 }, UNLIMITED, logOf(1_000, asked));
    await readTail({ tailLines: 10, untilMs: 995_000, maxBytes: 1e9 }, UNLIMITED, logOf(1_000, asked));
    expect(asked).toEqual([10, 10]);
  });

  it('is whole once fewer lines come than were asked for', async () => {
    const asked: number[] = [];
    const tail = await readTail({ tailLines: 10, untilMs: -1, maxBytes: 1e9 }, UNLIMITED, logOf(30, asked));
    expect([asked, tail.lines.length, tail.whole]).toEqual([[10, 40], 30, true]);
  });

  it('asks for no more than the limit in bytes allows', async () => {
    const asked: number[] = [];
    const options = { tailLines: 10, untilMs: -1, maxBytes: 100 * LINE_BYTES };
    const tail = await readTail(options, UNLIMITED, logOf(1_000, asked));
    expect([asked, tail.lines.length, tail.whole]).toEqual([[10, 40, 100], 100, false]);
  });

  it('gives what a shorter read saw when time runs out', async () => {
    const asked: number[] = [];
    const log = logOf(1_000, asked);
    const tail = await readTail(
      { tailLines: 10, untilMs: -1, maxBytes: 1e9 },
      UNLIMITED,
      (tailLines, isFirst) => (isFirst ? log(tailLines) : Promise.resolve(null)),
    );
    expect([tail.lines.length, tail.whole]).toEqual([10, false]);
  });

  it('is not whole when lines were dropped', async () => {
    const cut = async () => ({ lines: [], entries: 3, bytes: 1e9, isCut: true });
    expect(await readTail({ tailLines: 10, untilMs: -1, maxBytes: 1 }, UNLIMITED, cut)).toMatchObject({
      whole: false,
    });
  });

  it('is not whole when the driver may have thrown older lines away', async () => {
    const driver = { type: 'local', options: {} };
    const tail = await readTail({ tailLines: 10, untilMs: -1, maxBytes: 1e9 }, driver, logOf(5, []));
    expect([tail.lines.length, tail.whole]).toEqual([5, false]);
  });
});

describe('mayHaveRotated', () => {
  const small = { bytes: 1_000, entries: 10 };
  const large = { bytes: 6_000_000, entries: 10 };
  it.each<[string, LogDriver, { bytes: number; entries: number }, boolean]>([
    ['json-file without limit', UNLIMITED, large, false],
    [
      'far below one of several files',
      { type: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
      small,
      false,
    ],
    [
      'near the size of one file',
      { type: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
      large,
      true,
    ],
    ['a single file, emptied when full', { type: 'json-file', options: { 'max-size': '10m' } }, small, true],
    ['local, which rotates by itself', { type: 'local', options: {} }, small, true],
    ['journald, which others fill', { type: 'journald', options: {} }, small, true],
    ['a driver that does not say', { type: '', options: {} }, small, true],
  ])('%s', (_, driver, log, expected) => {
    expect(mayHaveRotated(driver, log)).toBe(expected);
  });
});
