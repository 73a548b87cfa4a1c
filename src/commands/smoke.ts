import type { CheckResult } from '../checks/check.ts';
import type { Command, Context } from '../context.ts';
import { diagnosisExitCode, EXIT } from '../exit-code.ts';
import type { PlatformState } from '../platform/state.ts';
import type { Diagnosis, Tool } from '../report/result.ts';
import { plural } from '../report/text.ts';
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

/** A diagnosis that is judged by its required checks alone: a payment that waits for a person does not stop a deploy. */
export function smokeOf(state: PlatformState, tool: Tool, policy: Pick<Context, 'failOnWarn'>): Diagnosis {
  const whole = diagnosis(state, 'smoke', tool, policy);
  const checks = whole.checks.filter(({ required }) => required);
  const exitCode = diagnosisExitCode({ checks, cohorts: [] }, policy);
  return {
    ...whole,
    checks,
    exitCode,
    headline: `${headline(checks, policy)} (exit ${exitCode})`,
    next:
      exitCode === EXIT.healthy ? [] : [{ command: 'kc-doctor', why: 'who is hurt, why, and what to do' }],
  };
}

function headline(checks: readonly CheckResult[], { failOnWarn }: Pick<Context, 'failOnWarn'>): string {
  const count = (status: CheckResult['outcome']['status']) =>
    checks.filter(({ outcome }) => outcome.status === status).length;
  const [failed, blind, warned, skipped] = [count('fail'), count('unknown'), count('warn'), count('skipped')];
  const aside = [
    ...(warned > 0 ? [`${warned} with a warning`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  const beside = aside.length > 0 ? `, ${aside.join(', ')}` : '';
  const bad = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(failOnWarn && warned > 0 ? [`${warned} with a warning`] : []),
    ...(blind > 0 ? [`${blind} could not look`] : []),
  ];
  const total = plural(checks.length, 'required check');
  return bad.length === 0 ? `${total} hold${beside}` : `of ${total} ${bad.join(', ')}`;
}

const NAMED = 3;

function waitingText(
  { checks }: Diagnosis,
  leftMs: number,
  { failOnWarn }: Pick<Context, 'failOnWarn'>,
): string {
  const open = checks.filter(
    ({ outcome: { status } }) =>
      status === 'fail' || status === 'unknown' || (failOnWarn && status === 'warn'),
  );
  const names = open.slice(0, NAMED).map(({ id }) => id);
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  return `waiting for ${names.join(', ')}${more}; up to ${Math.ceil(leftMs / 1000)} s more`;
}
