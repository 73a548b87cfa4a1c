import type { RankedCohort } from '../causes/cause.ts';
import { rankCohorts } from '../causes/rank.ts';
import type { CheckResult } from '../checks/check.ts';
import { runChecks } from '../checks/runner.ts';
import { ConfigError } from '../errors.ts';
import { diagnosisExitCode } from '../exit-code.ts';
import { type Coverage, coverageOf } from '../platform/coverage.ts';
import type { PlatformState } from '../platform/state.ts';
import type { Diagnosis, Tool } from '../report/result.ts';
import { causeTitle, plural, sums } from '../report/text.ts';
import { cohorts as cohortsOf } from '../trace/cohorts.ts';
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
    next: nextSteps(cohorts, checks, coverage),
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
  const count = (kind: RankedCohort['cohort']['kind']) =>
    cohorts
      .filter(({ cohort }) => cohort.kind === kind)
      .reduce((sum, { cohort }) => sum + cohort.traces.length, 0);
  const parts: string[] = [];
  const stuck = count('stuck');
  const waiting = count('needs-decision');
  const leading = cohorts.find(({ cohort }) => cohort.kind === 'stuck');
  if (stuck > 0) {
    const cause = leading?.causes[0];
    const because = cause === undefined ? '' : `: ${causeTitle(cause)}, ${cause.level}`;
    parts.push(
      `${plural(stuck, 'payment')} (${sumOf(cohorts, 'stuck')}) paid for and not delivered${because}`,
    );
  }
  if (waiting > 0)
    parts.push(
      `${plural(waiting, 'payment')} (${sumOf(cohorts, 'needs-decision')}) waiting for a person's decision`,
    );
  const failed = checks.filter(({ outcome }) => outcome.status === 'fail').length;
  if (failed > 0 && stuck === 0) parts.push(`${plural(failed, 'check')} failed`);
  const blind = checks.filter(({ required, outcome }) => required && outcome.status === 'unknown').length;
  if (blind > 0) parts.push(`${plural(blind, 'required check')} could not look`);
  const undetermined = count('undetermined');
  if (undetermined > 0) parts.push(`${plural(undetermined, 'payment')} could not be followed to the end`);
  if (parts.length === 0) {
    const seenPayments = state.payments.kind === 'seen' ? state.payments.value : null;
    const onTheWay = count('in-progress');
    const arrived = seenPayments === null ? '' : `: ${plural(seenPayments.arrived, 'payment')} arrived`;
    parts.push(`healthy${arrived}${onTheWay > 0 ? `, ${onTheWay} on the way` : ''}`);
  }
  const older = state.payments.kind === 'seen' ? (state.payments.value.olderMissing ?? 0) : 0;
  if (older > 0)
    parts.push(`${plural(older, 'payment')} older than the window still missing (look with --since)`);
  return `${parts.join('; ')} (exit ${exitCode})`;
}

function sumOf(cohorts: readonly RankedCohort[], kind: RankedCohort['cohort']['kind']): string {
  const byCurrency = new Map<string, number>();
  for (const { cohort } of cohorts) {
    if (cohort.kind !== kind) continue;
    for (const { currency, cents } of cohort.sums)
      byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + cents);
  }
  return sums([...byCurrency].map(([currency, cents]) => ({ currency, cents })));
}

const MAX_STEPS = 3;

function nextSteps(
  cohorts: readonly RankedCohort[],
  checks: readonly CheckResult[],
  coverage: Coverage,
): Diagnosis['next'] {
  const steps: { command: string; why: string }[] = [];
  const statuses = checks.map(({ outcome }) => outcome.status);
  const harmed = cohorts.find(({ cohort }) => cohort.kind === 'stuck' || cohort.kind === 'needs-decision');
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
