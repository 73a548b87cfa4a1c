import type { Problem } from './problems.ts';
import type { SettingRow } from './rows.ts';
import type { Checked, Sourced } from './values.ts';

/** Where settings are written down while they are decided: what won, from where, and everything that is wrong. */
export interface Ledger {
  readonly rows: SettingRow[];
  readonly problems: Problem[];
}

const NOT_SET = 'not set';
const DEFAULT_SOURCE = 'default';

export function openLedger(): Ledger {
  return { rows: [], problems: [] };
}

/** The first way that says something, written down as it may be shown. */
export function settle<T>(
  ledger: Ledger,
  key: string,
  ways: readonly (Sourced<T | undefined> | null)[],
  show: (value: T) => string = String,
): Sourced<T> | null {
  for (const way of ways) {
    if (way === null || way.value === undefined) continue;
    ledger.rows.push({ key, value: show(way.value), source: way.source });
    return { value: way.value, source: way.source };
  }
  ledger.rows.push({ key, value: NOT_SET, source: '' });
  return null;
}

/** As `settle`, where there is a default. */
export function settleWithDefault<T>(
  ledger: Ledger,
  key: string,
  ways: readonly (Sourced<T | undefined> | null)[],
  fallback: T,
  show: (value: T) => string = String,
): T {
  return settle(ledger, key, [...ways, { value: fallback, source: DEFAULT_SOURCE }], show)?.value ?? fallback;
}

/** The value, or null after its problem was written down. */
export function accept<T>(ledger: Ledger, key: string, checked: Checked<T>): T | null {
  if ('value' in checked) return checked.value;
  ledger.problems.push({ key, ...checked.problem });
  return null;
}
