import type { ContradictionSeen } from '../platform/contradictions.ts';
import type { HopStatus } from '../platform/effects.ts';
import type { PaymentId } from '../platform/ids.ts';
import type { Gap } from '../platform/observed.ts';
import type { PaymentClass } from '../platform/payment.ts';
import type { Stage } from '../platform/pipeline.ts';
import type { OffsetVerdict } from '../platform/verdict.ts';

/** The hops of one payment, catalogue.md 2. Order is the pipeline's. */
export const HOPS = [
  'payment-row',
  'confirmed-mark',
  'confirmed-record',
  'purchase-read',
  'purchase-mark',
  'purchase-row',
  'created-record',
  'allocation-read',
  'allocation-mark',
  'allocation-call',
  'allocation-row',
  'allocated-record',
  'sessions-read',
  'sessions-mark',
  'sessions-rows',
  'generated-record',
  'cache-read',
] as const;
export type HopId = (typeof HOPS)[number];

export interface Hop {
  readonly id: HopId;
  readonly stage: Stage | null;
  /** Effect hops decide, witness hops explain, page hops can only say "pages old". */
  readonly kind: 'effect' | 'witness' | 'page';
  readonly status: HopStatus;
  readonly atMs: number | null;
  readonly detail: string;
  /** Where the status is `unknown`. */
  readonly gap: Gap | null;
}

/** What one hop shows, before it is placed. */
export type HopFinding = Pick<Hop, 'status' | 'atMs' | 'detail' | 'gap'>;

/**
 * Where a payment stands. A payment that waits for a person (`needs-decision`) is `stuck` at the row that will not come by itself,
 * so that whoever reads the state alone never takes it for healthy.
 */
export interface FirstMissing {
  readonly state: 'complete' | 'in-progress' | 'stuck' | 'undetermined';
  readonly hop: HopId | null;
  /** Where only a range is known. */
  readonly untilHop: HopId | null;
  readonly gap: Gap | null;
}

export interface PaymentTrace {
  readonly payment: PaymentId;
  readonly class: PaymentClass;
  readonly amountCents: number;
  readonly currency: string;
  readonly confirmedAtMs: number | null;
  readonly hops: readonly Hop[];
  readonly firstMissing: FirstMissing;
  readonly contradictions: readonly ContradictionSeen[];
  readonly kind: 'complete' | CohortKind;
  /** Time of the last effect hop that is done. */
  readonly stoppedAfterMs: number | null;
  /** Ids under which its records and marks are looked up. */
  readonly ids: {
    readonly student: string;
    readonly course: string | null;
    readonly purchase: string | null;
    readonly allocations: readonly string[];
  };
  /** Verdict of the partition that its input record of the missing stage lies in, where that record is not read. */
  readonly verdict: OffsetVerdict | null;
  readonly alsoVerdicts: readonly OffsetVerdict[];
  /** Where that record lies, read or not. */
  readonly position: {
    readonly group: string;
    readonly topic: string;
    readonly partition: number;
    readonly offset: bigint;
  } | null;
}

export const COHORT_KINDS = [
  'stuck',
  'in-progress',
  'needs-decision',
  'pages-old',
  'anomaly',
  'undetermined',
] as const;
export type CohortKind = (typeof COHORT_KINDS)[number];

/** Payments with the same first missing hop and the same signature. */
export interface Cohort {
  /** Stable within one state: kind, hop and signature. */
  readonly id: string;
  readonly kind: CohortKind;
  readonly stage: Stage | null;
  readonly firstMissing: FirstMissing;
  readonly class: PaymentClass;
  /** Newest first; never empty. */
  readonly traces: readonly [PaymentTrace, ...PaymentTrace[]];
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
  /** By currency, in cents. */
  readonly sums: readonly { readonly currency: string; readonly cents: number }[];
}
