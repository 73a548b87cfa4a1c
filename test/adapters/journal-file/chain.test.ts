import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chain } from '../../../src/adapters/journal-file/chain.ts';
import { lineText, START } from '../../../src/adapters/journal-file/journal-line.ts';
import { encode } from '../../../src/platform/codec.ts';
import type { JournalEntry } from '../../../src/platform/journal-entry.ts';

function entry(sequence: number): JournalEntry {
  return { run: '7f3a', sequence, atMs: 1, kind: 'step-done', operator: 'alice', step: 1, data: { o: 41n } };
}

const ENTRIES = [1, 2, 3, 4, 5].map(entry);
const LINES = linesOf(ENTRIES);

function linesOf(entries: readonly JournalEntry[]): readonly string[] {
  const chain = new Chain();
  return entries.map((one) => {
    const line = lineText(chain.last, one);
    chain.add(line);
    return line;
  });
}

function read(lines: readonly string[]) {
  const chain = new Chain();
  const entries = lines.map((line) => chain.add(line)).filter((one) => one !== null);
  return { entries, condition: chain.condition() };
}

describe('chain of lines', () => {
  it('gives back every entry of an untouched file', () => {
    expect(read(LINES)).toEqual({ entries: ENTRIES, condition: { kind: 'whole' } });
  });

  it('never passes off a changed byte as an entry', () => {
    const anywhere = fc.record({
      line: fc.nat(LINES.length - 1),
      at: fc.nat(400),
      byte: fc.integer({ min: 0x20, max: 0x7e }),
    });
    fc.assert(
      fc.property(anywhere, ({ line, at, byte }) => {
        const text = LINES[line] ?? '';
        const place = at % text.length;
        const changed = text.slice(0, place) + String.fromCharCode(byte) + text.slice(place + 1);
        fc.pre(changed !== text);
        const { entries, condition } = read(LINES.with(line, changed));
        const isLast = line === LINES.length - 1;
        expect(condition.kind).toBe(isLast ? 'torn' : 'tampered');
        expect(entries.map(encode)).toEqual(ENTRIES.toSpliced(line, 1).map(encode));
      }),
      { numRuns: 500, seed: 20260107 },
    );
  });

  it('misses a line that was taken out, wherever it was, but for the end', () => {
    for (let line = 0; line < LINES.length - 1; line += 1) {
      expect(read(LINES.toSpliced(line, 1)).condition).toMatchObject({ kind: 'tampered', line: line + 1 });
    }
  });

  it('accepts two processes that followed the same line', () => {
    const [first = ''] = LINES;
    const chain = new Chain();
    chain.add(first);
    const beside = [
      lineText(chain.last, entry(2)),
      lineText(chain.last, entry(3)),
      lineText(START, entry(4)),
    ];
    expect(read([first, ...beside])).toEqual({
      entries: [entry(1), entry(2), entry(3), entry(4)],
      condition: { kind: 'whole' },
    });
  });

  it('knows an entry of a newer version from a changed one', () => {
    const chain = new Chain();
    chain.add(LINES[0] ?? '');
    const rest = `"prev":"${chain.last}","entry":${JSON.stringify({ ...entry(2), kind: 'run-paused', data: null })}`;
    chain.add(`{"sum":"${createHash('sha256').update(rest).digest('hex')}",${rest}}`);
    expect(chain.condition()).toEqual({ kind: 'newer', line: 2 });
  });
});
