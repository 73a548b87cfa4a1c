import type { Stage } from '../platform/pipeline.ts';
import type { Generation } from '../platform/settings.ts';
import type { PlatformState } from '../platform/state.ts';
import type { Cohort } from '../trace/trace.ts';

/** Natural-log likelihood ratios, starting values of catalogue.md 3 (A10). */
export const STRENGTHS = { decisive: 4.0, strong: 2.5, moderate: 1.2, weak: 0.4 } as const;
export type Strength = keyof typeof STRENGTHS;

/** Rules that read the same fact share one facet: containers, groups, topics and records, database, logs, assigning code. */
export const FACETS = ['containers', 'groups', 'records', 'database', 'logs', 'assigning'] as const;
export type Facet = (typeof FACETS)[number];

export interface Evidence {
  readonly says: 'for' | 'against' | 'silent';
  /** One line for the report. */
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
  readonly facet: Facet;
  readonly strength: Strength;
  /** Tells this cause from its nearest rival, so that it may confirm (never from the logs facet). */
  readonly discriminates: boolean;
  readonly read: (question: Question) => Evidence;
}

/** Kinds of hop that a cause explains: no input record, not read, read without row, row without emitted record. */
export const HOP_ROLES = ['in', 'read', 'row', 'out', 'result'] as const;
export type HopRole = (typeof HOP_ROLES)[number];

export interface Cause {
  readonly id: string;
  readonly title: string;
  readonly explains: { readonly stages: readonly Stage[] | 'any'; readonly roles: readonly HopRole[] };
  /** Whole platform (`stage` null in results) or one stage. */
  readonly scope: 'platform' | 'stage';
  readonly needsRunningWorker: boolean;
  readonly generation: Generation | null;
  /** Documented figure, 0 to 1; null: none. "Listed, no figure" is 0.30. */
  readonly prior: number | null;
  readonly evidence: readonly EvidenceRule[];
  readonly rival: string;
  /** The cheapest read that separates it from its rival. */
  readonly probe: string;
  readonly hurts: 'stage' | 'partition' | 'named' | 'page' | 'all' | 'nobody';
  readonly repairs: readonly string[];
  readonly explain: string;
  /** When it began, from the state; null: unseen, excludes nothing. */
  readonly onsetMs?: (question: Question) => number | null;
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
}
