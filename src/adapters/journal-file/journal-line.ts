import { createHash } from 'node:crypto';
import { decode, encodeAscii } from '../../platform/codec.ts';
import { type JournalEntry, journalEntry } from '../../platform/journal-entry.ts';

/**
 * One line: `{"sum":…,"prev":…,"entry":…}`. The sum covers the bytes of the rest, prev is the sum of a line before it, so a line
 * that was changed no longer has its sum and one that was taken out is missed by its successor. It protects against accidents and
 * casual edits; who can write the file can also compute the sums anew, or cut off its end.
 */
export interface JournalLine {
  readonly sum: string;
  readonly prev: string;
  /** Null: a kind that only a newer version writes. */
  readonly entry: JournalEntry | null;
}

/** What the first line of a file follows. */
export const START = '0'.repeat(64);

const SHAPE = /^\{"sum":"([0-9a-f]{64})",("prev":"([0-9a-f]{64})","entry":(.*))\}\r?$/;

export function lineText(prev: string, entry: JournalEntry): string {
  const rest = `"prev":"${prev}","entry":${encodeAscii(journalEntry(entry))}`;
  return `{"sum":"${sumOf(rest)}",${rest}}`;
}

/** Null for a line that was torn or changed. */
export function readLine(text: string): JournalLine | null {
  const [, sum, rest, prev, body] = SHAPE.exec(text) ?? [];
  if (sum === undefined || rest === undefined || prev === undefined || body === undefined) return null;
  return sumOf(rest) === sum ? { sum, prev, entry: journalEntry(decode(body)) } : null;
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
