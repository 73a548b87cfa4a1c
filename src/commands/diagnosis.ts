import type { LatentCause, RankedCohort } from '../causes/cause.ts';
import { rankCohorts } from '../causes/rank.ts';
import type { CheckResult } from '../checks/check.ts';
import { runChecks } from '../checks/runner.ts';
import { ConfigError } from '../errors.ts';
import { diagnosisExitCode } from '../exit-code.ts';
import { type Coverage, coverageOf } from '../platform/coverage.ts';
import { wasLeft } from '../platform/runs-seen.ts';
import type { PlatformState } from '../platform/state.ts';
import type { Diagnosis, Tool } from '../report/result.ts';
import { causeTitle, plural, sums } from '../report/text.ts';
import { cohorts as cohortsOf } from '../trace/cohorts.ts';
import type { CohortKind, PaymentTrace } from '../trace/trace.ts';
import { traceUnfinished } from '../trace/trace-payment.ts';

/** From what was observed to what it means: pure, so that a recorded incident is judged byte for byte as it was live. */
export function diagnosis(
  state: PlatformState,
  command: string,
  tool: Tool,
  options: { readonly failOnWarn: boolean },
): Diagnosis {
  refuseContradiction(state);
  const checks = runChecks(state);
  const traces = traceUnfinished(state);
  const { cohorts, latent } = rankCohorts(state, cohortsOf(state, traces));
  const coverage = coverageOf(state);
  const exitCode = diagnosisExitCode({ checks, cohorts: cohorts.map(({ cohort }) => cohort) }, options);
  return {
    tool,
    command,
    state,
    coverage,
    checks,
    cohorts,
    latent,
    headline: headline(state, checks, cohorts, exitCode),
    exitCode,
    next: nextSteps(state, cohorts, latent, checks, coverage),
  };
}

/** Parts of different platforms would make every payment look lost: no cause is named at all (design.md 4.1). */
export function refuseContradiction({ identity }: PlatformState): void {
  const { verdict, proofs } = identity.belongsTogether;
  if (verdict !== 'contradicted') return;
  const places = [
    `docker ${identity.dockerAddress ?? 'not seen'}`,
    `kafka ${identity.kafkaAddress ?? 'not seen'}`,
    `postgres ${identity.databaseAddress ?? 'not seen'}`,
  ];
  throw new ConfigError(
    'KC_NOT_ONE_PLATFORM',
    `these are parts of different platforms: ${places.join(', ')}`,
    'check which env file was read (kc-doctor config), --project-dir, DOCKER_HOST and --env',
    { details: proofs.filter(({ outcome }) => outcome === 'contradicts').map(({ text }) => text) },
  );
}

function headline(
  state: PlatformState,
  checks: readonly CheckResult[],
  cohorts: readonly RankedCohort[],
  exitCode: number,
): string {
  const count = (kind: CohortKind) => tracesOf(cohorts, kind).length;
  const [stuck, waiting, undetermined] = [count('stuck'), count('needs-decision'), count('undetermined')];
  const leading = cohorts.find(({ cohort }) => cohort.kind === 'stuck');
  const isCalm = state.payments.kind === 'seen' && stuck + waiting + undetermined === 0;
  const harm = [
    ...(leading === undefined
      ? []
      : [
          `${plural(stuck, 'payment')} (${sumOf(cohorts, 'stuck')}) paid for and not delivered${forSome(cohorts, leading, stuck)}${becauseText(leading)}`,
        ]),
    ...(waiting > 0
      ? [
          `${plural(waiting, 'payment')} (${sumOf(cohorts, 'needs-decision')}) waiting for a person's decision`,
        ]
      : []),
    ...(leading === undefined ? failedText(checks, isCalm) : []),
  ];
  const doubt = [
    ...blindText(checks),
    ...(undetermined > 0 ? [`${plural(undetermined, 'payment')} could not be followed to the end`] : []),
  ];
  const verdict =
    harm.length > 0
      ? [...harm, ...doubt]
      : doubt.length > 0
        ? [`not known to be healthy: ${doubt.join('; ')}`]
        : [healthyText(state, count('in-progress'))];
  const older = state.payments.kind === 'seen' ? (state.payments.value.olderMissing ?? 0) : 0;
  const beyond =
    older > 0 ? [`${plural(older, 'payment')} older than the window still missing (look with --since)`] : [];
  return `${[...verdict, ...beyond].join('; ')} (exit ${exitCode})`;
}

/** What the leading cause does not explain is not put down to it. */
function forSome(cohorts: readonly RankedCohort[], leading: RankedCohort, stuck: number): string {
  const [first] = leading.causes;
  const explained = cohorts
    .filter(({ cohort, causes: [cause] }) => {
      return cohort.kind === 'stuck' && cause?.id === first?.id && cause?.stage === first?.stage;
    })
    .reduce((count, { cohort }) => count + cohort.traces.length, 0);
  return explained === stuck ? '' : `, ${explained} of them`;
}

/** ": purchase-worker is not running, confirmed", or nothing where no cause was ranked. */
export function becauseText({ causes, determined }: RankedCohort): string {
  const [cause] = causes;
  if (cause === undefined) return '';
  const text = `${causeTitle(cause)}, ${cause.level}`;
  return determined ? `: ${text}` : `: cause not settled (first: ${text})`;
}

function failedText(checks: readonly CheckResult[], isCalm: boolean): readonly string[] {
  const failed = checks.flatMap(({ outcome }) => (outcome.status === 'fail' ? [outcome.summary] : []));
  const [first] = failed;
  if (first === undefined) return [];
  const calm = isCalm ? ', no payment is stuck' : '';
  return [`${plural(failed.length, 'check')} failed${calm}: ${first}`];
}

/** What the required checks could not look at: one sentence, or nothing. */
export function blindText(checks: readonly CheckResult[]): readonly string[] {
  const gaps = checks.flatMap(({ required, outcome }) =>
    required && outcome.status === 'unknown' ? [outcome.gap] : [],
  );
  const reasons = [...new Set(gaps.map(({ system, reason }) => `${system}: ${reason}`))];
  const [first] = reasons;
  if (first === undefined) return [];
  const more =
    reasons.length > 1 ? `; and ${reasons.length - 1} more reason${reasons.length > 2 ? 's' : ''}` : '';
  return [`${plural(gaps.length, 'required check')} could not look (${first}${more})`];
}

function healthyText(state: PlatformState, onTheWay: number): string {
  const arrived =
    state.payments.kind === 'seen' ? `: ${plural(state.payments.value.arrived, 'payment')} arrived` : '';
  return `healthy${arrived}${onTheWay > 0 ? `, ${onTheWay} on the way` : ''}`;
}

function tracesOf(cohorts: readonly RankedCohort[], kind: CohortKind): readonly PaymentTrace[] {
  return cohorts.flatMap(({ cohort }) => (cohort.kind === kind ? cohort.traces : []));
}

function sumOf(cohorts: readonly RankedCohort[], kind: CohortKind): string {
  const byCurrency = new Map<string, number>();
  for (const { currency, amountCents } of tracesOf(cohorts, kind)) {
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + amountCents);
  }
  return sums([...byCurrency].map(([currency, cents]) => ({ currency, cents })));
}

const MAX_STEPS = 4;

function nextSteps(
  state: PlatformState,
  cohorts: readonly RankedCohort[],
  latent: readonly LatentCause[],
  checks: readonly CheckResult[],
  coverage: Coverage,
): Diagnosis['next'] {
  const steps: { command: string; why: string }[] = [];
  const left = state.runs?.kind === 'seen' ? state.runs.value.find(wasLeft) : undefined;
  if (left !== undefined) {
    steps.push({
      command: `kc-doctor fix --resume ${left.run}`,
      why: `goes on with what ${left.operator} began`,
    });
  }
  const statuses = checks.map(({ outcome }) => outcome.status);
  const harmed = cohorts.find(({ cohort }) => cohort.kind === 'stuck' || cohort.kind === 'needs-decision');
  const isRepairable = latent.some(({ repairs }) => repairs.length > 0);
  if (cohorts.some(({ cohort }) => cohort.kind === 'stuck') || isRepairable) {
    steps.push({ command: 'kc-doctor fix', why: 'shows the plan first, asks before it changes anything' });
  }
  if (harmed !== undefined) {
    steps.push({ command: `kc-doctor trace ${harmed.cohort.traces[0].payment}`, why: 'every hop of one' });
  }
  if (statuses.includes('fail') || statuses.includes('warn')) {
    steps.push({ command: 'kc-doctor --verbose', why: 'every check, with what to do about it' });
  }
  if (coverage.notLooked.length > 0) {
    steps.push({ command: 'kc-doctor config', why: 'where each system was looked for' });
  }
  if (harmed !== undefined) {
    steps.push({
      command: 'kc-doctor snapshot -o incident.json',
      why: 'keeps what was seen, for a colleague',
    });
  }
  return steps.slice(0, MAX_STEPS);
}
