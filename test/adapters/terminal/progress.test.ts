import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openProgress, progressText } from '../../../src/adapters/terminal/progress.ts';

/** A terminal that keeps what was written to it. */
function terminal(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    columns: 80,
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
  });
  let written = '';
  stream.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  return { stream, written: () => written };
}

describe('progress', () => {
  it.each([
    ['in a pipe', false, { TERM: 'xterm' }],
    ['under CI', true, { TERM: 'xterm', CI: 'true' }],
    ['on a dumb terminal', true, { TERM: 'dumb' }],
  ])('is silent %s', async (_, isTTY, environment) => {
    const { stream, written } = terminal(isTTY);
    await using progress = await openProgress(stream, environment);
    progress.observer({ kind: 'part-started', system: 'kafka', what: 'topics' });
    await progress.stop();
    expect(written()).toBe('');
  });

  it('shows on a terminal what is awaited, and is gone once stopped', async () => {
    const { stream, written } = terminal(true);
    const progress = await openProgress(stream, { TERM: 'xterm' });
    progress.observer({ kind: 'part-started', system: 'kafka', what: 'topics' });
    await expect.poll(written).toContain('looking at kafka: topics');
    await progress.stop();
    const before = written();
    progress.observer({ kind: 'part-seen', system: 'kafka', what: 'topics' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(written()).toBe(before);
  });

  it('names a few and counts the rest', () => {
    expect(progressText([])).toBe('looking');
    expect(progressText(['a', 'b', 'c', 'd', 'e'])).toBe('looking at a, b, c and 2 more');
  });
});
