import type { Gap } from './observed.ts';

/** Offset verdicts of catalogue.md 1.7, in rule order. The judgement is in offset-verdict.ts. */
export const OFFSET_VERDICTS = [
  'topic-absent',
  'no-leader',
  'ahead-of-log',
  'data-lost',
  'sentinel',
  'never-committed-idle',
  'commit-vanished',
  'never-committed-unowned',
  'never-committed-skipped',
  'consumer-stopped',
  'blocked-on-record',
  'never-committed-pending',
  'caught-up',
  'in-flight',
  'evicted',
  'unowned',
  'rebalancing',
  'unassigned',
  'rewound',
  'hung',
  'catching-up',
  'slow',
  'unknown',
] as const;
export type OffsetVerdict = (typeof OFFSET_VERDICTS)[number];

export interface PartitionVerdict {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly verdict: OffsetVerdict;
  /** Verdicts 10 and 11 that hold as well behind one of 3 to 10. */
  readonly also: readonly OffsetVerdict[];
  /** Last committed offset, null: none. */
  readonly committed: bigint | null;
  readonly start: bigint | null;
  readonly end: bigint | null;
  /** One clause: what decided, or what was not seen for `unknown`. */
  readonly because: string;
  /** Set for `unknown` alone: what was not seen, or what a second look would have to tell. */
  readonly gap: Gap | null;
}
