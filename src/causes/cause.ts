import type { Stage } from '../platform/pipeline.ts';
import type { Generation } from '../platform/settings.ts';
import type { PlatformState } from '../platform/state.ts';
import type { OffsetVerdict } from '../platform/verdict.ts';
import type { Cohort } from '../trace/trace.ts';

/** Natural-log likelihood ratios, starting values of catalogue.md 3 (A10). */
export const STRENGTHS = { decisive: 4.0, strong: 2.5, moderate: 1.2, weak: 0.4 } as const;
export type Strength = keyof typeof STRENGTHS;

/** Rules that read the same fact share one facet: containers, groups, topics and records, database, logs, assigning code. */
export const FACETS = ['containers', 'groups', 'records', 'database', 'logs', 'assigning'] as const;
export type Facet = (typeof FACETS)[number];

/** What a rule found. `unseen` is neutral; a decisive or strong sign that was looked for and is absent speaks against. */
export interface Reading {
  readonly holds: boolean | 'unseen';
  /** One line for the report, true as it stands. */
  readonly text: string;
  /** Which part of the state it was read from: "containers kodingcaravan-purchase-worker". */
  readonly observation: string;
}

/** What a rule is asked about: the state, the cohort, and the stage that the cause is scoped to (null: whole platform). */
export interface Question {
  readonly state: PlatformState;
  readonly cohort: Cohort;
  readonly stage: Stage | null;
}

export interface EvidenceRule {
  readonly id: string;
  readonly says: 'for' | 'against';
  readonly facet: Facet;
  readonly strength: Strength;
  /**
   * Tells this cause from its nearest rival: a decisive sign that the rival does not share. Signs from logs never confirm,
   * whatever stands here.
   */
  readonly discriminates: boolean;
  /** Offset verdicts that the rule is about: another determined verdict then refutes it at the hop *read*. */
  readonly verdicts?: readonly OffsetVerdict[];
  readonly read: (question: Question) => Reading;
}

/** Kinds of hop that a cause explains: no input record, not read, read without row, row without emitted record. */
export const HOP_ROLES = ['in', 'read', 'row', 'out', 'result'] as const;
export type HopRole = (typeof HOP_ROLES)[number];

export interface Cause {
  readonly id: string;
  readonly title: string;
  /** Hops it explains, as stage and role; 'any' stands for every stage. */
  readonly explains: readonly {
    readonly stages: readonly Stage[] | 'any';
    readonly roles: readonly HopRole[];
  }[];
  /** Whole platform (`stage` null in results) or one stage. */
  readonly scope: 'platform' | 'stage';
  readonly needsRunningWorker: boolean;
  readonly generation: Generation | null;
  /** Documented figure, 0 to 1; null: none. "Listed, no figure" is 0.30. */
  readonly prior: number | null;
  readonly evidence: readonly EvidenceRule[];
  /** Nearest rival, a cause id; null for "something else". */
  readonly rival: string | null;
  /** The cheapest read that separates it from its rival. */
  readonly probe: string;
  readonly hurts: 'stage' | 'partition' | 'named' | 'page' | 'all' | 'nobody';
  readonly repairs: readonly string[];
  readonly explain: string;
  /** When it began, from the state; null: unseen, excludes nothing. */
  readonly onsetMs?: (question: Question) => number | null;
  /** Highest level it may reach here, where its own signs are weak by nature; null: no limit. */
  readonly levelLimit?: (question: Question) => 'likely' | 'possible' | null;
  /** Where its decisive sign holds, whether or not a payment is hurt yet. */
  readonly latent?: (
    state: PlatformState,
  ) => readonly { readonly stage: Stage | null; readonly text: string }[];
}

export interface RankedCause {
  readonly id: string;
  readonly stage: Stage | null;
  readonly title: string;
  readonly probability: number;
  readonly level: 'confirmed' | 'likely' | 'possible' | 'unlikely';
  readonly evidence: readonly {
    readonly for: boolean;
    readonly text: string;
    readonly observation: string;
  }[];
  readonly probe: string;
  readonly repairs: readonly string[];
}

export interface RankedCohort {
  readonly cohort: Cohort;
  readonly causes: readonly RankedCause[];
  /** Further causes that the winner leaves unexplained: "together with". */
  readonly together: readonly RankedCause[];
  /** False where the leaders are close, "something else" leads, or none is possible. */
  readonly determined: boolean;
}

/** A cause whose decisive evidence holds although it hurts no payment yet. */
export interface LatentCause {
  readonly id: string;
  readonly stage: Stage | null;
  readonly title: string;
  readonly text: string;
  readonly repairs: readonly string[];
}
