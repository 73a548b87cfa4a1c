import type { PaymentId } from '../platform/ids.ts';
import type { Stage } from '../platform/pipeline.ts';
import type { Identity } from '../platform/state.ts';

/** How a step is taken back. Exact: the old value is put back; compensating: an opposite action; irreversible: not at all. */
export const REVERSIBILITIES = ['reads-only', 'exact', 'compensating', 'irreversible'] as const;
export type Reversibility = (typeof REVERSIBILITIES)[number];

/** Safe: nobody notices. Disruptive: work pauses or is done again. Destructive: something is passed or deleted. */
export const RISKS = ['safe', 'disruptive', 'destructive'] as const;
export type Risk = (typeof RISKS)[number];

export const REPAIR_IDS = [
  'start-worker',
  'create-topics',
  'move-offsets',
  'replay-payment',
  'manual-instructions',
] as const;
export type RepairId = (typeof REPAIR_IDS)[number];

export interface OffsetMove {
  readonly topic: string;
  readonly partition: number;
  /** Null: no committed offset. */
  readonly from: bigint | null;
  readonly to: bigint;
}

/** Bytes as base64, so that a saved plan carries them exactly. Null: no key, or a tombstone. */
export interface PlannedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Log end offset of the partition when the plan was made: the record must be found at or beyond it. */
  readonly notBefore: bigint;
}

/** Only the executor turns an action into a call. */
export type Action =
  | {
      readonly kind: 'stop-container';
      readonly containerId: string;
      readonly name: string;
      readonly service: string;
      readonly graceSeconds: number;
    }
  | {
      readonly kind: 'start-container';
      readonly containerId: string;
      readonly name: string;
      readonly service: string;
    }
  | { readonly kind: 'wait-group-empty'; readonly group: string; readonly withinMs: number }
  | { readonly kind: 'wait-member'; readonly group: string; readonly withinMs: number }
  | {
      readonly kind: 'create-topic';
      readonly topic: string;
      readonly partitions: number;
      readonly replicationFactor: number;
    }
  | {
      readonly kind: 'commit-offsets';
      readonly group: string;
      readonly moves: readonly [OffsetMove, ...OffsetMove[]];
    }
  | {
      readonly kind: 'produce-record';
      readonly record: PlannedRecord;
      readonly payment: PaymentId;
      readonly stage: Stage;
    }
  /** Until the group has read these positions and the rows of the payments are there. */
  | {
      readonly kind: 'wait-drain';
      readonly group: string;
      readonly positions: readonly {
        readonly topic: string;
        readonly partition: number;
        readonly offset: bigint;
      }[];
      readonly withinMs: number;
    }
  /** Nothing that a machine does: an instruction to the operator. */
  | { readonly kind: 'instruct'; readonly text: string; readonly verify: string };

/** What must still hold right before the step; compared with a fresh look. */
export type Precondition =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'container';
      readonly containerId: string;
      readonly status: readonly string[];
      readonly startedAtMs: number | null;
    }
  | { readonly kind: 'topic-absent'; readonly topic: string }
  | {
      readonly kind: 'group-empty';
      readonly group: string;
      readonly containers: readonly string[];
      readonly moves: readonly OffsetMove[];
    }
  | { readonly kind: 'payment-wants-record'; readonly payment: PaymentId; readonly stage: Stage };

export interface Step {
  /** 1, 2, 3 … within its plan. */
  readonly number: number;
  readonly repair: RepairId;
  readonly stage: Stage | null;
  readonly title: string;
  readonly action: Action;
  readonly before: string;
  readonly after: string;
  readonly whySafe: string;
  readonly reversibility: Reversibility;
  readonly risk: Risk;
  readonly precondition: Precondition;
  /** The same by hand, one line for a shell. */
  readonly byHand: string;
}

/** What a plan does to one payment. Those marked so in REFUSING stop the step. */
export const PREVIEWS = [
  'read-first-time',
  're-read',
  'skipped',
  'ignored',
  're-announced',
  'revived',
  'unpaid',
  'foreign',
  'unknown',
] as const;
export type Preview = (typeof PREVIEWS)[number];

export interface PaymentPreview {
  /** Null: a record whose payment cannot be told. */
  readonly payment: PaymentId | null;
  readonly effect: Preview;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint | null;
  readonly text: string;
}

export interface Refusal {
  readonly repair: RepairId;
  readonly stage: Stage | null;
  readonly reason: string;
  readonly hint: string;
  readonly payments: readonly PaymentId[];
}

/** What a plan is about: everything that is needed to show, save, compare, apply and undo it. */
export interface Plan {
  readonly schemaVersion: 1;
  /** First letters of the fingerprint. */
  readonly id: string;
  /** Hash of everything that the plan rests on and does; equal plans have equal fingerprints. */
  readonly fingerprint: string;
  readonly platform: string;
  readonly identity: Pick<
    Identity,
    | 'composeProject'
    | 'dockerDaemonId'
    | 'kafkaClusterId'
    | 'databaseSystemId'
    | 'databaseOid'
    | 'databaseName'
  >;
  readonly steps: readonly Step[];
  /** Phases are verified by observing again; a plan holds the first one, later ones are made from what is then seen. */
  readonly payments: readonly PaymentId[];
  readonly previews: readonly PaymentPreview[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
  /** The text that --confirm must carry, `<platform>:<count>`; null: --yes is enough. */
  readonly confirm: string | null;
}
