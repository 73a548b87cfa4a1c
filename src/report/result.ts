import type { LatentCause, RankedCohort } from '../causes/cause.ts';
import type { CheckResult } from '../checks/check.ts';
import type { Coverage } from '../platform/coverage.ts';
import type { Lookup, LookupKind } from '../platform/lookup.ts';
import type { PlatformState } from '../platform/state.ts';
import type { RunResult } from '../repair/execute.ts';
import type { Plan } from '../repair/plan.ts';
import type { PaymentTrace } from '../trace/trace.ts';

export interface Tool {
  readonly name: 'kc-doctor';
  readonly version: string;
}

/** What a diagnosis came to: all that any reporter needs, and nothing that it would have to decide. */
export interface Diagnosis {
  readonly tool: Tool;
  readonly command: string;
  readonly state: PlatformState;
  readonly coverage: Coverage;
  readonly checks: readonly CheckResult[];
  /** Most payments hurt first, then by stage. */
  readonly cohorts: readonly RankedCohort[];
  readonly latent: readonly LatentCause[];
  /** The most important sentence. */
  readonly headline: string;
  readonly exitCode: number;
  /** What to type next, most useful first. */
  readonly next: readonly { readonly command: string; readonly why: string }[];
}

/** How a reporter may write, decided per stream by the terminal adapter. */
export interface Presentation {
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly width: number;
  readonly timeZone: string;
  readonly verbose: boolean;
}

export interface AnsweredLookup extends Lookup {
  /** False: there may be more payments than these. */
  readonly complete: boolean;
}

/** An id to which no payment was found. */
export interface NotFound {
  /** What the id was given as. */
  readonly kind: LookupKind | 'payment';
  readonly id: string;
  readonly why: string;
  /** A full look found none; else it could not be looked for everywhere. */
  readonly proved: boolean;
  /** Payments behind it, where it is the id of something else than it was given as. */
  readonly leadsTo: readonly string[];
}

export interface TraceResult {
  readonly tool: Tool;
  readonly command: string;
  readonly state: PlatformState;
  readonly coverage: Coverage;
  /** What was asked by another id than a payment's. */
  readonly lookups: readonly AnsweredLookup[];
  /** In the order of the question; `ranked` null where nothing is wrong. */
  readonly traces: readonly { readonly trace: PaymentTrace; readonly ranked: RankedCohort | null }[];
  readonly notFound: readonly NotFound[];
  readonly headline: string;
  readonly exitCode: number;
}

/** What `fix` or `undo` came to. */
export interface RepairResult {
  readonly tool: Tool;
  readonly command: 'fix' | 'undo';
  readonly plan: Plan | null;
  /** Null: nothing was applied. */
  readonly run: RunResult | null;
  readonly headline: string;
  readonly exitCode: number;
  /** The last look; null: none was made after the run. */
  readonly after: Diagnosis | null;
}
