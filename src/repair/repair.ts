import type { RankedCause } from '../causes/cause.ts';
import type { PaymentId } from '../platform/ids.ts';
import type { Stage } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';
import type { DraftStep, PaymentPreview, Refusal, RepairId, Risk } from './plan.ts';

/** What a repair is asked to do: chosen by the evidence, or named by the operator. */
export interface RepairRequest {
  readonly stage: Stage | null;
  readonly payments: readonly PaymentId[];
  /** The cause that it is offered for; null: named by the operator. */
  readonly cause: RankedCause | null;
  /** Leading causes of all cohorts: what is still wrong besides. */
  readonly active: readonly RankedCause[];
  readonly includeOlder: boolean;
}

export interface Planned {
  readonly steps: readonly DraftStep[];
  readonly previews: readonly PaymentPreview[];
  readonly warnings: readonly string[];
  /** Payments that had to be left out. */
  readonly refusals: readonly Refusal[];
}

export interface Repair {
  readonly id: RepairId;
  /** Imperative: "Start the worker". */
  readonly title: string;
  readonly risk: Risk;
  /** Causes that it is offered for. */
  readonly offeredFor: readonly string[];
  readonly explain: string;
  /** Pure: from a state to steps, or why not. No steps: nothing to do. */
  readonly plan: (state: PlatformState, request: RepairRequest) => Planned | Refusal;
}

/** What is there is as it should be. */
export const NOTHING_TO_DO: Planned = { steps: [], previews: [], warnings: [], refusals: [] };
