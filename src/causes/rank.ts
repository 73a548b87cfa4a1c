import { generationOf } from '../platform/generation.ts';
import type { Stage } from '../platform/pipeline.ts';
import { stageDefinition } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';
import { serviceContainer } from '../platform/workers.ts';
import { splitCohort } from '../trace/cohorts.ts';
import type { Cohort, PaymentTrace } from '../trace/trace.ts';
import { CAUSES } from './catalogue.ts';
import {
  type Cause,
  type EvidenceRule,
  FACETS,
  type Facet,
  type LatentCause,
  type Question,
  type RankedCause,
  type RankedCohort,
  type Reading,
  STRENGTHS,
} from './cause.ts';
import { type StageRole, stageRoles } from './hop-role.ts';

/** Priors of catalogue.md 3.5: separate claims of the write-ups, which only break ties. */
const PRIOR_WITHOUT_FIGURE = 0.2;

/** Levels, and the cap where nothing outside the logs tells the cause from its rival. */
const CONFIRMED_FROM = 0.9;
const LIKELY_FROM = 0.6;
const POSSIBLE_FROM = 0.2;
const UNCONFIRMED_CAP = 0.85;
/** Leaders this close do not settle a cohort. */
const CLOSE = 0.1;
/** Causes named beside the winner, at most. */
const TOGETHER_LIMIT = 2;

/** Causes that come together, each normalised without the other. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['worker-not-deployed', 'retry-queue-purchase'],
  ['marks-before-verify', 'admin-silent-failure'],
  ['unique-guard-missing', 'session-failure-swallowed'],
];

/** Causes that say why a record fails: that it blocks its partition needs no second cause. */
const REASONS_TO_FAIL: readonly string[] = [
  'admin-rejects-request',
  'admin-server-error',
  'admin-silent-failure',
  'admin-timeout',
  'admin-unreachable',
  'event-id-too-narrow',
  'null-trainer-poison',
  'old-worker-image',
  'unique-guard-missing',
  'worker-cannot-reach-postgres',
];

interface RuleReading {
  readonly rule: EvidenceRule;
  readonly reading: Reading;
}

interface Candidate {
  readonly cause: Cause;
  readonly stage: Stage | null;
  readonly question: Question;
  readonly readings: readonly RuleReading[];
  readonly score: number;
}

/** Ranks the causes of each cohort. The same state gives the same bytes: ties go to catalogue order. */
export function rankCohorts(
  state: PlatformState,
  cohorts: readonly Cohort[],
  causes: readonly Cause[] = CAUSES,
): { readonly cohorts: readonly RankedCohort[]; readonly latent: readonly LatentCause[] } {
  const split = cohorts.flatMap((cohort) => splitAtOnset(state, cohort, causes, 3));
  const ranked = split.map((cohort) => rankCohort(state, cohort, causes));
  return { cohorts: ranked.toSorted(byHarm), latent: latentCauses(state, ranked, causes) };
}

const KIND_ORDER: readonly Cohort['kind'][] = [
  'stuck',
  'needs-decision',
  'undetermined',
  'in-progress',
  'pages-old',
  'anomaly',
];
const STAGE_ORDER: readonly (Stage | null)[] = [
  'purchase',
  'allocation',
  'sessions',
  'cache',
  'notification',
  null,
];

function byHarm(a: RankedCohort, b: RankedCohort): number {
  return (
    KIND_ORDER.indexOf(a.cohort.kind) - KIND_ORDER.indexOf(b.cohort.kind) ||
    b.cohort.traces.length - a.cohort.traces.length ||
    STAGE_ORDER.indexOf(a.cohort.stage) - STAGE_ORDER.indexOf(b.cohort.stage)
  );
}

/** A cause that began after a payment had stopped cannot explain it: what stopped earlier becomes a cohort of its own. */
function splitAtOnset(
  state: PlatformState,
  cohort: Cohort,
  causes: readonly Cause[],
  times: number,
): readonly Cohort[] {
  if (times === 0 || cohort.traces.length < 2) return [cohort];
  for (const { cause, stage } of instances(cohort, causes)) {
    const onsetMs = cause.onsetMs?.({ state, cohort, stage }) ?? null;
    if (onsetMs === null) continue;
    const before = (trace: PaymentTrace) => stoppedBefore(trace, onsetMs, state);
    const early = cohort.traces.filter(before).length;
    if (early === 0 || early === cohort.traces.length) continue;
    return splitCohort(cohort, before).flatMap((part) => splitAtOnset(state, part, causes, times - 1));
  }
  return [cohort];
}

/** Stopped: its last done hop, plus the longest that the next may take. */
function stoppedBefore(trace: PaymentTrace, onsetMs: number, { settings }: PlatformState): boolean {
  return (
    trace.stoppedAfterMs !== null && trace.stoppedAfterMs + settings.thresholds.recordReadGraceMs < onsetMs
  );
}

function rankCohort(state: PlatformState, cohort: Cohort, causes: readonly Cause[]): RankedCohort {
  if (cohort.kind === 'in-progress' || cohort.kind === 'pages-old' || cohort.kind === 'anomaly') {
    return { cohort, causes: [], together: [], determined: true };
  }
  const candidates = instances(cohort, causes)
    .filter(({ cause, stage }) => {
      const onsetMs = cause.onsetMs?.({ state, cohort, stage }) ?? null;
      return onsetMs === null || !cohort.traces.every((trace) => stoppedBefore(trace, onsetMs, state));
    })
    .map(({ cause, stage }) => candidate(state, cohort, cause, stage));
  const sorted = candidates.toSorted((a, b) => b.score - a.score);
  const winner = sorted[0];
  if (winner === undefined) return { cohort, causes: [], together: [], determined: false };

  const partners = sorted.filter((other) => other !== winner && arePair(winner.cause.id, other.cause.id));
  const together = [
    ...partners.filter((other) => hasOwnSign(other, [])),
    ...sorted.filter((other) => other !== winner && !partners.includes(other) && standsBeside(other, winner)),
  ].slice(0, TOGETHER_LIMIT);
  const alone = sorted.filter((other) => !partners.includes(other));
  const shown = shares(alone);
  const ranked = alone.map((entry, index) => describe(entry, shown[index] ?? 0, alone));
  const [first, second] = ranked;
  const determined =
    first !== undefined &&
    first.id !== 'something-else' &&
    first.probability >= POSSIBLE_FROM &&
    first.probability - (second?.probability ?? 0) > CLOSE;
  // Ranked again without the winner: what does not lead even then explains nothing beside it.
  const beside = together
    .map((entry) => {
      const field = [entry, ...alone.filter((other) => other !== winner && other !== entry)];
      return describe(entry, shares(field)[0] ?? 0, field);
    })
    .filter(({ level }) => level === 'confirmed' || level === 'likely');
  return { cohort, causes: ranked, together: beside, determined };
}

/** Causes that explain the cohort's first missing hop, once per stage that they would be scoped to. */
function instances(
  cohort: Cohort,
  causes: readonly Cause[],
): readonly { readonly cause: Cause; readonly stage: Stage | null }[] {
  const roles = stageRoles(cohort);
  return causes.flatMap((cause) => {
    const matching = roles.filter((role) => explains(cause, role));
    if (matching.length === 0) return cause.id === 'something-else' ? [{ cause, stage: cohort.stage }] : [];
    if (cause.scope === 'platform') return [{ cause, stage: null }];
    return [...new Set(matching.map(({ stage }) => stage))].map((stage) => ({ cause, stage }));
  });
}

function explains(cause: Cause, { stage, role }: StageRole): boolean {
  return cause.explains.some(
    ({ stages, roles }) => (stages === 'any' || stages.includes(stage)) && roles.includes(role),
  );
}

function candidate(state: PlatformState, cohort: Cohort, cause: Cause, stage: Stage | null): Candidate {
  const question: Question = { state, cohort, stage };
  const readings = cause.evidence.map((rule) => ({ rule, reading: rule.read(question) }));
  const prior = Math.log(cause.prior ?? PRIOR_WITHOUT_FIGURE);
  const score = FACETS.reduce((sum, facet) => sum + facetScore(facet, readings, cause, question), prior);
  return { cause, stage, question, readings, score };
}

/** Strongest sign for plus strongest against, in one facet: two rules that read the same fact must not count twice. */
function facetScore(
  facet: Facet,
  readings: readonly RuleReading[],
  cause: Cause,
  question: Question,
): number {
  const own = readings.filter(({ rule }) => rule.facet === facet);
  const forIt = own
    .filter(({ rule, reading }) => rule.says === 'for' && reading.holds === true)
    .map(({ rule }) => STRENGTHS[rule.strength]);
  const against = [
    ...own
      .filter(({ rule, reading }) => rule.says === 'against' && reading.holds === true)
      .map(({ rule }) => STRENGTHS[rule.strength]),
    ...own.filter(wasMissed).map(() => STRENGTHS.moderate),
    ...own.filter(({ rule }) => isRefutedByVerdict(rule, cause, question)).map(() => STRENGTHS.decisive),
    ...standingAgainst(facet, cause, question),
  ];
  return Math.max(0, ...forIt) - Math.max(0, ...against);
}

/** A decisive or strong sign that was looked for and is not there. */
function wasMissed({ rule, reading }: RuleReading): boolean {
  return (
    rule.says === 'for' &&
    reading.holds === false &&
    (rule.strength === 'decisive' || rule.strength === 'strong')
  );
}

/** At the hop *read* the verdict of the partition is known: a cause that stands for others is out. */
function isRefutedByVerdict(rule: EvidenceRule, cause: Cause, { cohort, stage }: Question): boolean {
  if (rule.verdicts === undefined || rule.says !== 'for' || rule.strength !== 'decisive') return false;
  const isAtRead = stageRoles(cohort).every(
    (role) => role.role === 'read' && (stage === null || role.stage === stage),
  );
  const { verdict, alsoVerdicts } = cohort.traces[0];
  if (!isAtRead || verdict === null || verdict === 'unknown') return false;
  const named = new Set(cause.evidence.flatMap((other) => other.verdicts ?? []));
  return ![verdict, ...alsoVerdicts].some((each) => named.has(each));
}

/** Standing rules of catalogue.md 3: a cause that needs a running worker, or the other generation. */
function standingAgainst(facet: Facet, cause: Cause, { state, stage }: Question): readonly number[] {
  if (facet === 'containers' && cause.needsRunningWorker && stage !== null) {
    const container = serviceContainer(state, stageDefinition(stage).worker);
    if (container.kind === 'unseen') return [];
    const isUp = container.kind === 'seen' && ['running', 'restarting'].includes(container.container.status);
    return isUp ? [] : [STRENGTHS.strong];
  }
  if (facet === 'logs' && cause.generation !== null) {
    const generation = generationOf(state);
    return generation === null || generation === cause.generation ? [] : [STRENGTHS.decisive];
  }
  return [];
}

/** Posterior shares of candidates in the given order; what the cap takes away goes to "something else". */
function shares(field: readonly Candidate[]): readonly number[] {
  const top = Math.max(...field.map(({ score }) => score));
  const weights = field.map(({ score }) => Math.exp(score - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const plain = weights.map((weight) => weight / total);
  const capped = plain.map((share, index) => {
    const entry = field[index];
    return entry !== undefined && share > UNCONFIRMED_CAP && !isSettled(entry) ? UNCONFIRMED_CAP : share;
  });
  const excess = plain.reduce((sum, share, index) => sum + share - (capped[index] ?? 0), 0);
  return capped.map((share, index) => (field[index]?.cause.id === 'something-else' ? share + excess : share));
}

/** An observation from outside the logs tells it from its nearest rival. */
function isSettled({ readings }: Candidate): boolean {
  return readings.some(
    ({ rule, reading }) =>
      rule.says === 'for' &&
      rule.strength === 'decisive' &&
      rule.discriminates &&
      rule.facet !== 'logs' &&
      reading.holds === true,
  );
}

function describe(entry: Candidate, probability: number, field: readonly Candidate[]): RankedCause {
  return {
    id: entry.cause.id,
    stage: entry.stage,
    title: titleOf(entry),
    probability,
    level: levelOf(entry, probability, field),
    evidence: evidenceOf(entry),
    probe: entry.cause.probe,
    repairs: entry.cause.repairs,
  };
}

function titleOf({ cause, stage }: Candidate): string {
  if (stage === null) return cause.title;
  return cause.title.replace(/^The worker\b/, stageDefinition(stage).worker);
}

function levelOf(entry: Candidate, probability: number, field: readonly Candidate[]): RankedCause['level'] {
  const level =
    probability >= CONFIRMED_FROM && isSettled(entry)
      ? 'confirmed'
      : probability >= LIKELY_FROM
        ? 'likely'
        : probability >= POSSIBLE_FROM
          ? 'possible'
          : 'unlikely';
  const rival = field.find(({ cause, stage }) => cause.id === entry.cause.rival && stage === entry.stage);
  const isBlind = [entry, ...(rival === undefined ? [] : [rival])].some(({ readings }) =>
    readings.some(({ rule, reading }) => rule.strength === 'decisive' && reading.holds === 'unseen'),
  );
  const limit = entry.cause.levelLimit?.(entry.question) ?? null;
  if (limit === 'possible' && (level === 'confirmed' || level === 'likely')) return 'possible';
  return level === 'confirmed' && (isBlind || limit === 'likely') ? 'likely' : level;
}

/** What holds for it, and what speaks against it, strongest first. */
function evidenceOf({ readings }: Candidate): RankedCause['evidence'] {
  const said = readings.filter(({ reading }) => reading.holds === true);
  const texts = new Set(said.map(({ reading }) => reading.text));
  const missed = readings
    .filter(wasMissed)
    .filter(({ reading }) => reading.text !== '' && !texts.has(reading.text));
  return [
    ...said
      .toSorted((a, b) => STRENGTHS[b.rule.strength] - STRENGTHS[a.rule.strength])
      .map(({ rule, reading }) => ({
        for: rule.says === 'for',
        text: reading.text,
        observation: reading.observation,
      })),
    ...missed.map(({ reading }) => ({ for: false, text: reading.text, observation: reading.observation })),
  ].toSorted((a, b) => Number(b.for) - Number(a.for));
}

function arePair(a: string, b: string): boolean {
  return PAIRS.some(([one, other]) => (one === a && other === b) || (one === b && other === a));
}

/** A decisive or strong sign that holds and is not already among the given observations. */
function hasOwnSign({ readings }: Candidate, explained: readonly string[]): boolean {
  return readings.some(
    ({ rule, reading }) =>
      rule.says === 'for' &&
      (rule.strength === 'decisive' || rule.strength === 'strong') &&
      reading.holds === true &&
      !explained.includes(reading.observation),
  );
}

/** "Together with": a sign of its own that the winner leaves unexplained, and nothing decisive against it. */
function standsBeside(other: Candidate, winner: Candidate): boolean {
  if (other.cause.id === 'something-else' || other.score <= Math.log(0.3)) return false;
  if (other.cause.id === 'poison-record' && REASONS_TO_FAIL.includes(winner.cause.id)) return false;
  if (FACETS.some((facet) => standingAgainst(facet, other.cause, other.question).length > 0)) return false;
  const explained = winner.readings
    .filter(({ reading }) => reading.holds === true)
    .map(({ reading }) => reading.observation);
  const refuted = other.readings.some(
    ({ rule, reading }) => rule.says === 'against' && rule.strength === 'decisive' && reading.holds === true,
  );
  return !refuted && hasOwnSign(other, explained);
}

function latentCauses(
  state: PlatformState,
  ranked: readonly RankedCohort[],
  causes: readonly Cause[],
): readonly LatentCause[] {
  const hurting = new Set(
    ranked.flatMap(({ causes: own, together }) =>
      [...own.slice(0, 1), ...together].map(({ id, stage }) => `${id} ${stage}`),
    ),
  );
  return causes
    .flatMap((cause) =>
      (cause.latent?.(state) ?? []).map(({ stage, text }) => ({
        id: cause.id,
        stage,
        title: cause.title,
        text,
        repairs: cause.repairs,
      })),
    )
    .filter(({ id, stage }) => !hurting.has(`${id} ${stage}`));
}
