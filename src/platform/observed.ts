/**
 * What could be looked at and what could not. "Nothing seen" and "not looked" never share a value:
 * whoever reads an `Observed` says what not knowing means.
 */

export const SYSTEMS = [
  'docker',
  'compose',
  'kafka',
  'postgres',
  'admin-service',
  'redis',
  'journal',
] as const;
export type SystemId = (typeof SYSTEMS)[number];

/** Why a system could not be looked at, as far as code must branch on it. `reason` carries the words. */
export const GAP_CODES = [
  'refused',
  'unresolvable',
  'timeout',
  'unauthenticated',
  'unauthorized',
  'protocol',
  'not-configured',
  'not-attempted',
  'no-time',
  'incomplete',
  'other',
] as const;
export type GapCode = (typeof GAP_CODES)[number];

export interface Gap {
  readonly system: SystemId;
  /** What was asked, as a noun phrase: "committed offsets of purchase-creation-workers". */
  readonly operation: string;
  readonly code: GapCode;
  /** What happened, one clause without a full stop; secrets already masked. */
  readonly reason: string;
  /** What the operator can do about it. */
  readonly hint: string;
}

export type Seen<T> = { readonly kind: 'seen'; readonly value: T; readonly seenAtMs: number };
export type Unseen = { readonly kind: 'unseen'; readonly gap: Gap };
export type Observed<T> = Seen<T> | Unseen;

export function seen<T>(value: T, seenAtMs: number): Seen<T> {
  return { kind: 'seen', value, seenAtMs };
}

export function unseen(gap: Gap): Unseen {
  return { kind: 'unseen', gap };
}
