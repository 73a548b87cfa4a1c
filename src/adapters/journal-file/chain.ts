import type { JournalEntry } from '../../platform/journal-entry.ts';
import { readLine, START } from './journal-line.ts';

/** Numbers of lines, from 1. */
export type Condition =
  | { readonly kind: 'whole' }
  /** Lines whose writing was broken off. Nothing that was promised is lost with them. */
  | { readonly kind: 'torn'; readonly lines: readonly number[] }
  /** A line at this place or right before it was changed or taken out. */
  | { readonly kind: 'tampered'; readonly line: number }
  | { readonly kind: 'newer'; readonly line: number };

/**
 * Follows the lines of a file. A torn line is one that no later line follows: it had not been promised to anybody when the process
 * that wrote it died. Two processes may have written side by side, so a line may follow any earlier one.
 */
export class Chain {
  readonly #sums = new Set([START]);
  readonly #torn: number[] = [];
  #last = START;
  #lines = 0;
  #tamperedAt: number | null = null;
  #newerAt: number | null = null;

  /** The sum that the next line follows. */
  get last(): string {
    return this.#last;
  }

  /** The entry of a line; null where there is none to be had. */
  add(text: string): JournalEntry | null {
    this.#lines += 1;
    if (text === '') return null;
    const line = readLine(text);
    if (line === null) {
      this.#torn.push(this.#lines);
      return null;
    }
    if (!this.#sums.has(line.prev)) this.#tamperedAt ??= this.#lines;
    if (line.entry === null) this.#newerAt ??= this.#lines;
    this.#sums.add(line.sum);
    this.#last = line.sum;
    return line.entry;
  }

  condition(): Condition {
    if (this.#tamperedAt !== null) return { kind: 'tampered', line: this.#tamperedAt };
    if (this.#newerAt !== null) return { kind: 'newer', line: this.#newerAt };
    return this.#torn.length === 0 ? { kind: 'whole' } : { kind: 'torn', lines: [...this.#torn] };
  }
}
