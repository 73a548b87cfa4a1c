import { Chalk, type ChalkInstance } from 'chalk';
import type { CheckOutcome } from '../checks/check.ts';
import { escapeControl } from '../platform/escape.ts';
import type { Presentation } from './result.ts';
import { ascii, wrap } from './text.ts';

export type Status = CheckOutcome['status'];

const UNICODE_SYMBOLS: Readonly<Record<Status, string>> = {
  pass: '✓',
  fail: '✗',
  warn: '!',
  unknown: '?',
  skipped: '·',
};
const ASCII_SYMBOLS: Readonly<Record<Status, string>> = {
  pass: 'v',
  fail: 'x',
  warn: '!',
  unknown: '?',
  skipped: '-',
};

/** What every human report is written with. All text goes through `text` or `wrap`, which make it fit for the terminal. */
export interface Pen {
  readonly chalk: ChalkInstance;
  readonly view: Presentation;
  readonly symbol: (status: Status) => string;
  /** One piece of a line: no control character, and ASCII where the terminal has no more. */
  readonly text: (text: string) => string;
  /** The same in lines of the terminal's width, or of `width`. */
  readonly wrap: (text: string, hang: string, width?: number) => readonly string[];
}

/** One palette for every human report; a symbol never stands without words that say the same. */
export function pen(view: Presentation): Pen {
  const chalk = new Chalk({ level: view.colour ? 1 : 0 });
  const paint: Readonly<Record<Status, (text: string) => string>> = {
    pass: chalk.green,
    fail: chalk.red,
    warn: chalk.yellow,
    unknown: chalk.magenta,
    skipped: chalk.dim,
  };
  const symbols = view.unicode ? UNICODE_SYMBOLS : ASCII_SYMBOLS;
  const text = (raw: string) => (view.unicode ? escapeControl(raw) : ascii(escapeControl(raw)));
  return {
    chalk,
    view,
    symbol: (status) => paint[status](symbols[status]),
    text,
    wrap: (raw, hang, width = view.width) => wrap(text(raw), width, hang),
  };
}
