import { escapeControl } from '../platform/escape.ts';

/** Words of the reports: times, amounts, counts and lines that fit. */

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

const SYMBOLS: Readonly<Record<string, string>> = { INR: '₹', USD: '$', EUR: '€', GBP: '£' };

/** Amounts are stored in cents. */
export function money(currency: string, cents: number): string {
  const digits = cents % 100 === 0 ? 0 : 2;
  const amount = (cents / 100).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const code = currency.toUpperCase();
  return `${SYMBOLS[code] ?? code} ${amount}`;
}

export function sums(parts: readonly { readonly currency: string; readonly cents: number }[]): string {
  return parts.map(({ currency, cents }) => money(currency, cents)).join(' + ');
}

const zoned = (timeZone: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, ...options });

/** "2026-01-07 20:41 UTC", always with the zone. */
export function dateTime(ms: number, timeZone: string): string {
  return `${zoned(timeZone, { dateStyle: 'short', timeStyle: 'short' }).format(ms)} ${timeZone}`;
}

/** Time of day where it fell on the day of `nowMs`, else with its date; whoever shows it names the zone beside it. */
export function timeNear(ms: number, nowMs: number, timeZone: string): string {
  const day = zoned(timeZone, { dateStyle: 'short' });
  const time = zoned(timeZone, { timeStyle: 'medium' }).format(ms);
  return day.format(ms) === day.format(nowMs) ? time : `${day.format(ms)} ${time}`;
}

export function duration(ms: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ];
  for (const [unit, size] of units) {
    if (ms >= size) return plural(Math.round(ms / size), unit);
  }
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 8)}…` : id;
}

/** Percent for people: never 100, never 0 for what is possible. */
export function percent(probability: number): string {
  return `${Math.min(99, Math.max(probability > 0 ? 1 : 0, Math.round(probability * 100)))} %`;
}

/** The same cause may stand in several stages: the stage is said where the title names no worker of it. */
export function causeTitle({
  title,
  stage,
}: {
  readonly title: string;
  readonly stage: string | null;
}): string {
  return stage === null || title.includes(stage.replace(/s$/, '')) ? title : `${title} (${stage})`;
}

/** What stands for our own symbols where a terminal has ASCII alone. */
const ASCII: Readonly<Record<string, string>> = {
  '₹': 'INR',
  '€': 'EUR',
  '£': 'GBP',
  '…': '...',
  '•': '*',
  '·': '|',
  '—': '-',
  '–': '-',
  '−': '-',
  '→': '->',
  '←': '<-',
};

/** Other characters become visible text such as \u{928}. */
export function ascii(text: string): string {
  return text.replace(
    /\P{ASCII}/gu,
    (character) => ASCII[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/**
 * Breaks plain text at spaces; what it starts with stays, continuation lines start with `hang`. A word longer than the line stays
 * whole: ids must be copyable.
 */
export function wrap(text: string, width: number, hang: string): readonly string[] {
  const clean = escapeControl(text);
  const body = clean.trimStart();
  const lines: string[] = [];
  let line = clean.slice(0, clean.length - body.length);
  let isFresh = true;
  for (const word of body.split(' ')) {
    if (!isFresh && line.length + 1 + word.length > width) {
      lines.push(line.trimEnd());
      line = hang;
      isFresh = true;
    }
    line += isFresh ? word : ` ${word}`;
    isFresh = false;
  }
  lines.push(line);
  return lines;
}
