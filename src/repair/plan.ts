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

/**
 * Bytes as base64, so that a saved plan carries them exactly. Null: no key, or a tombstone. The executor adds the header
 * `kc-doctor-run`, whose value is not known before.
 */
export interface PlannedRecord {
  readonly topic: string;
  readonly partition: number;
  /**
   * Where the original lies. Its bytes are copied when the step is done, so value and headers are empty here: they never enter a
   * snapshot or a saved plan. Null: rebuilt from rows, as it stands here.
   */
  readonly copyOf: { readonly topic: string; readonly partition: number; readonly offset: bigint } | null;
  readonly eventType: string;
  /** Of the original, checked before it is copied; or of the rebuilt event. */
  readonly eventId: string | null;
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
  /**
   * Until the group has read these positions; between two batches of records also until each of the payments has its row of the
   * step's stage. What this plan itself produces lies at the given offset or beyond it: the executor waits for where it landed.
   */
  | {
      readonly kind: 'wait-drain';
      readonly group: string;
      readonly payments: readonly PaymentId[];
      readonly positions: readonly {
        readonly topic: string;
        readonly partition: number;
        readonly offset: bigint;
      }[];
      readonly withinMs: number;
    }
  /** Nothing that a machine does: an instruction to the operator. */
  | {
      readonly kind: 'instruct';
      readonly cause: string;
      readonly text: string;
      /** Check that passes once it was done. */
      readonly verify: string;
      readonly evidence: readonly string[];
      readonly payments: readonly PaymentId[];
    };

/** What must still hold right before the step; compared with a fresh look. */
export type Precondition =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'container';
      readonly containerId: string;
      readonly status: readonly string[];
      /** Null: any start. */
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

/**
 * What a plan does to one payment. Re-read: the group has been past it. Ignored: its row, or a mark that its worker obeys, is there.
 * Re-announced: a row-first worker announces the purchase that is there again. Revived: its purchase has ended, and a new one would
 * appear. Unpaid: no longer succeeded. Foreign: there is no such payment.
 */
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
  /** The step must not be done. */
  readonly refuses: boolean;
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

/** A plan before it has a name: what is worked out without a hash. */
export type PlanDraft = Omit<Plan, 'id' | 'fingerprint'>;

export type DraftStep = Omit<Step, 'number'>;

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
