import type { Command, Context } from '../context.ts';
import { RefusedError, UsageError } from '../errors.ts';
import { EXIT, runExitCode } from '../exit-code.ts';
import { consentByAnswer, consentByFlags } from '../repair/consent.ts';
import { undoRun } from '../repair/execute.ts';
import type { Plan } from '../repair/plan.ts';
import type { RunRecord } from '../repair/runs.ts';
import { undoing } from '../repair/undo.ts';
import { findRecord } from './find-run.ts';
import { outcomeOf } from './fix.ts';
import { agreeByFlags, consenter, consentFlags, grantOf, refuseForbidden, worldOf } from './repairing.ts';

/** Takes back what can be taken back of a run, and says what cannot. */
export const undo: Command = async (context, [run = '']) => {
  const { flags, repairs } = context;
  const isAgreed = flags.yes === true;
  if (!isAgreed && !repairs.canAsk) {
    throw new RefusedError(
      'KC_NO_CONSENT',
      'nobody can be asked here, and nobody agreed in advance',
      'add --yes to take back what can be taken back',
    );
  }
  const record = await findRecord(context, run);
  if (record.end?.kind === 'undone')
    throw new UsageError('KC_RUN_ENDED', `run ${run} was taken back already`, 'kc-doctor history shows it');
  const plan = planOf(record);
  refuseForbidden(plan, context);
  const grant = grantOf(
    isAgreed
      ? // What it takes back was planned, shown and agreed to once: its journal stands for a saved plan.
        consentByFlags(plan, consentFlags(context, true), consenter(context))
      : await ask(context, plan),
  );
  const result = await undoRun(record, grant, worldOf(context, agreeByFlags(context)));
  // Taking back is what was asked for here, so it is no failure.
  const exitCode = result.outcome === 'undone' ? EXIT.healthy : runExitCode(result.outcome, null);
  const headline =
    result.outcome === 'undone'
      ? `run ${run} was taken back`
      : `run ${run} was taken back as far as it can be: ${result.reasons[0] ?? ''}`;
  const outcome = await outcomeOf(context, {
    command: 'undo',
    plan: null,
    run: result,
    headline,
    exitCode,
    after: null,
  });
  return { ...outcome, saysInterruption: true };
};

/** What would be put back if nobody has touched it since; the executor looks again. */
function planOf({ phases }: RunRecord): Plan {
  const [first] = phases;
  const steps = phases
    .filter(({ isUndo }) => !isUndo)
    .toReversed()
    .flatMap((phase) => undoing(phase, null).steps)
    .map((step, index) => ({ ...step, number: index + 1 }));
  const warnings = phases.flatMap((phase) => {
    const { leftovers, stays } = undoing(phase, null);
    return [...leftovers, ...stays];
  });
  return { ...first.plan, steps, payments: [], previews: [], refusals: [], warnings, confirm: null };
}

async function ask(context: Context, plan: Plan) {
  const { humanPlan } = await import('../report/human-plan.ts');
  await using prompter = await context.repairs.openPrompter();
  prompter.show(`\n${humanPlan(plan, context.view)}\n`);
  const agreed = await prompter.agree('take it back?', context.signal);
  return consentByAnswer(plan, { agreed, typed: null }, consenter(context));
}
