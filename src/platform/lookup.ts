import type { PaymentId } from './ids.ts';
import type { Observed } from './observed.ts';

/** By what else a payment can be found: an id that it leads to, or the student or course that it names. */
export const LOOKUP_KINDS = ['student', 'course', 'purchase', 'allocation'] as const;
export type LookupKind = (typeof LOOKUP_KINDS)[number];

export interface LookupQuestion {
  readonly kind: LookupKind;
  /** In lower case. */
  readonly id: string;
}

export interface Lookup extends LookupQuestion {
  /** Newest first, at most `MOST_PAYMENTS_BEHIND`. */
  readonly payments: Observed<readonly PaymentId[]>;
}

/** Payments of one lookup that are followed; a course may have been sold many thousand times. */
export const MOST_PAYMENTS_BEHIND = 50;
