import type { CheckResult } from '../checks/check.ts';
import type { Command, Context } from '../context.ts';
import { diagnosisExitCode, EXIT } from '../exit-code.ts';
import type { PlatformState } from '../platform/state.ts';
import type { Diagnosis, Tool } from '../report/result.ts';
import { plural } from '../report/text.ts';
import type { CohortKind } from '../trace/trace.ts';
import { diagnosis } from './diagnosis.ts';
import { render } from './render.ts';

/** Long enough to be a guest, short beside the 3 to 4 s in which a worker joins its group. */
const BETWEEN_LOOKS_MS = 3_000;

/** For CI after a deploy: whether the required checks hold, if need be after a while. */
export const smoke: Command = async (context) => {
  const endsAtMs = context.clock.monotonicMs() + context.waitMs;
  let result = smokeOf(await context.observe([]), context.tool, context);
  for (;;) {
    const leftMs = endsAtMs - context.clock.monotonicMs();
    if (result.exitCode === EXIT.healthy || leftMs <= 0) break;
    context.say(waitingText(result, leftMs, context));
    await context.clock.sleep(Math.min(BETWEEN_LOOKS_MS, leftMs), context.signal);
    result = smokeOf(await context.observe([]), context.tool, context);
  }
  const text = await render(
    result,
    context,
    async () => (await import('../report/human-smoke.ts')).humanSmoke,
  );
  return { exitCode: result.exitCode, text };
};

/**
 * A diagnosis that is judged by its required checks, by harm that any other has seen, and by payments that are lost. One that
 * waits for a person is said and does not stop a deploy.
 */
export function smokeOf(state: PlatformState, tool: Tool, policy: Pick<Context, 'failOnWarn'>): Diagnosis {
  const whole = diagnosis(state, 'smoke', tool, policy);
  const checks = whole.checks.filter(({ required, outcome }) => required || outcome.status === 'fail');
  const lost = whole.cohorts.map(({ cohort }) => cohort).filter(({ kind }) => kind !== 'needs-decision');
  const exitCode = diagnosisExitCode({ checks, cohorts: lost }, policy);
  return {
    ...whole,
    checks,
    exitCode,
    headline: `${headline(whole, checks, policy)} (exit ${exitCode})`,
    next:
      exitCode === EXIT.healthy ? [] : [{ command: 'kc-doctor', why: 'who is hurt, why, and what to do' }],
  };
}

function headline(
  { cohorts }: Diagnosis,
  checks: readonly CheckResult[],
  { failOnWarn }: Pick<Context, 'failOnWarn'>,
): string {
  const count = (status: CheckResult['outcome']['status']) =>
    checks.filter(({ outcome }) => outcome.status === status).length;
  const payments = (wanted: CohortKind) =>
    cohorts.reduce((sum, { cohort: { kind, traces } }) => sum + (kind === wanted ? traces.length : 0), 0);
  const said = (number: number, text: string) => (number > 0 ? [text] : []);
  const [failed, blind, warned, skipped] = [count('fail'), count('unknown'), count('warn'), count('skipped')];
  const warnings = said(warned, `${warned} with a warning`);
  const bad = [
    ...said(failed, `${failed} failed`),
    ...(failOnWarn ? warnings : []),
    ...said(blind, `${blind} could not look`),
  ];
  const aside = [...(failOnWarn ? [] : warnings), ...said(skipped, `${skipped} skipped`)];
  const total = plural(checks.length, 'check');
  const [stuck, undetermined, waiting] = [
    payments('stuck'),
    payments('undetermined'),
    payments('needs-decision'),
  ];
  return [
    [...(bad.length > 0 ? [`of ${total} ${bad.join(', ')}`] : [`${total} hold`]), ...aside].join(', '),
    ...said(stuck, `${plural(stuck, 'payment')} paid for and not delivered`),
    ...said(undetermined, `${plural(undetermined, 'payment')} could not be followed to the end`),
    ...said(waiting, `${plural(waiting, 'payment')} waiting for a person's decision`),
  ].join('; ');
}

const NAMED = 3;

function waitingText(
  { checks, headline: verdict }: Diagnosis,
  leftMs: number,
  { failOnWarn }: Pick<Context, 'failOnWarn'>,
): string {
  const open = checks.filter(
    ({ outcome: { status } }) =>
      status === 'fail' || status === 'unknown' || (failOnWarn && status === 'warn'),
  );
  const names = open.slice(0, NAMED).map(({ id }) => id);
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  const what = names.length > 0 ? `waiting for ${names.join(', ')}${more}` : verdict;
  return `${what}; looking again for up to ${Math.ceil(leftMs / 1000)} s`;
}
