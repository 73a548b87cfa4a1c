import type { CheckResult } from './checks/check.ts';
import type { RunOutcome } from './repair/execute.ts';
import type { Cohort } from './trace/trace.ts';

/** What a process ends with; design.md 3. Precedence where several hold: 130, 13, 12, 11, 2, 1, 10, 3, 0. */
export const EXIT = {
  healthy: 0,
  findings: 1,
  usage: 2,
  inconclusive: 3,
  planHasChanges: 10,
  stale: 11,
  undone: 12,
  needsPerson: 13,
  interrupted: 130,
} as const;

/** From the result alone: format, colour and verbosity cannot change it. */
export function diagnosisExitCode(
  result: { readonly checks: readonly CheckResult[]; readonly cohorts: readonly Cohort[] },
  options: { readonly failOnWarn: boolean },
): number {
  const statuses = result.checks.map(({ outcome }) => outcome.status);
  const kinds = result.cohorts.map(({ kind }) => kind);
  if (statuses.includes('fail') || kinds.includes('stuck') || kinds.includes('needs-decision'))
    return EXIT.findings;
  if (options.failOnWarn && statuses.includes('warn')) return EXIT.findings;
  const blind = result.checks.some(({ required, outcome }) => required && outcome.status === 'unknown');
  if (blind || kinds.includes('undetermined')) return EXIT.inconclusive;
  return EXIT.healthy;
}

/**
 * Of an applied run; `after`: what a diagnosis of the last look would end with, null where there was none. What is still wrong beside
 * the repair counts: something remains that nobody has chosen a repair for.
 */
export function runExitCode(outcome: RunOutcome, after: number | null): number {
  switch (outcome) {
    case 'fixed':
      return after ?? EXIT.inconclusive;
    case 'remaining':
      return EXIT.findings;
    case 'undone':
      return EXIT.undone;
    case 'needs-person':
      return EXIT.needsPerson;
    case 'stale':
      return EXIT.stale;
    case 'interrupted':
      return EXIT.interrupted;
    default:
      return outcome satisfies never;
  }
}
