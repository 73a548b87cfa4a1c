/** What configuration says about the platform and how patient the judgement is. Part of the state, so that a recorded incident is judged as it was. */

export interface Thresholds {
  /** Hops 3, 7, 12, 16. All in milliseconds; defaults and their sources: catalogue.md 0. */
  readonly recordSentGraceMs: number;
  /** Hops 4, 8, 13. */
  readonly recordReadGraceMs: number;
  /** Hop 6. */
  readonly purchaseRowGraceMs: number;
  /** Hop 11. */
  readonly allocationRowGraceMs: number;
  /** Hop 15. */
  readonly sessionsGraceMs: number;
  /** Hop 17. */
  readonly cacheGraceMs: number;
  readonly logSilenceMs: number;
  readonly restartLoopCount: number;
  readonly restartLoopWindowMs: number;
  /** Shares of retention.ms, 0 to 1. */
  readonly retentionWarnShare: number;
  readonly retentionFailShare: number;
  readonly skewWarnMs: number;
  readonly skewFailMs: number;
  readonly pendingAllocationWarnMs: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  recordSentGraceMs: 15_000,
  recordReadGraceMs: 45_000,
  purchaseRowGraceMs: 60_000,
  allocationRowGraceMs: 120_000,
  sessionsGraceMs: 60_000,
  cacheGraceMs: 60_000,
  logSilenceMs: 120_000,
  restartLoopCount: 3,
  restartLoopWindowMs: 600_000,
  retentionWarnShare: 0.75,
  retentionFailShare: 0.95,
  skewWarnMs: 30_000,
  skewFailMs: 300_000,
  pendingAllocationWarnMs: 86_400_000,
};

export const DEFAULT_WINDOW_MS = 7 * 86_400_000;

export type Generation = 'older' | 'newest';

export interface Settings {
  /** Shown in the head line and asked for by --confirm: the compose project or the profile's name. */
  readonly platform: string;
  /** `none`: workers run where no container runtime can be asked (Kubernetes, ECS). */
  readonly runtime: 'docker' | 'none';
  /** All containers of the platform are on the daemon that is asked, so one that is not listed is absent. */
  readonly singleHost: boolean;
  readonly managedKafka: boolean;
  /** Said by configuration; null: read from signs. */
  readonly generation: Generation | null;
  readonly expectedTopics: readonly string[];
  readonly expectedWorkers: readonly string[];
  readonly partitionCount: number;
  /** Payments confirmed within this time before now are looked at. */
  readonly windowMs: number;
  readonly thresholds: Thresholds;
}
