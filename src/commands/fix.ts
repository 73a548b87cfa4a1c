import type { Command, Context, Outcome } from '../context.ts';
import { RefusedError, UsageError } from '../errors.ts';
import { EXIT, runExitCode } from '../exit-code.ts';
import { isUuid, paymentId } from '../platform/ids.ts';
import { PIPELINE, STAGES, type Stage } from '../platform/pipeline.ts';
import { repairOf } from '../repair/catalogue.ts';
import { type Consent, consentByAnswer, consentByFlags, type Grant } from '../repair/consent.ts';
import { execute, type RunResult, resume } from '../repair/execute.ts';
import { changeObstacle, EVERYTHING, type Selection } from '../repair/make-plan.ts';
import { type Plan, REPAIR_IDS, type RepairId } from '../repair/plan.ts';
import type { Examined } from '../repair/verify.ts';
import type { Diagnosis, RepairResult } from '../report/result.ts';
import { plural } from '../report/text.ts';
import { blindText, diagnosis } from './diagnosis.ts';
import { findRecord, withOpenJournals } from './find-run.ts';
import { readPlan, refuseChanged, savePlan } from './plan-file.ts';
import {
  type AgreeTo,
  agreeByFlags,
  consenter,
  consentFlags,
  examine,
  grantOf,
  hasMachineSteps,
  planOf,
  refuseForbidden,
  worldOf,
} from './repairing.ts';

/** Plan, show, ask, apply, verify. */
export const fix: Command = async (context, args) => {
  const { flags } = context;
  refuseClashes(context, args);
  if (flags.resume !== undefined) return resumeRun(context, flags.resume);
  const saved = flags.plan === undefined ? null : await readPlan(flags.plan, context);
  const selection = saved?.selection ?? selectionOf(args, context);
  // Payments of the saved plan are followed whatever became of them, to say why it is another one.
  const state = await context.observe([...new Set([...selection.payments, ...(saved?.plan.payments ?? [])])]);
  const examined = examine(state);
  const seen = diagnosis(state, 'fix', context.tool, context);

  if (saved === null && isGuided(context)) return guided(context, selection, examined, seen);

  const plan = planOf(examined, selection, context);
  if (saved !== null) {
    refuseChanged(saved, plan, examined);
    context.say(`plan ${plan.id} made by ${saved.madeBy}, applied by ${context.repairs.operator}`);
  }
  if (flags.planOut !== undefined) await savePlan(flags.planOut, plan, selection, context);
  if (!hasMachineSteps(plan)) return planned(context, plan, seen, exitWithoutSteps(plan, seen));
  refuseUnfit(context, plan, examined);
  const whole = await withJournalNote(context, plan);
  if (flags.dryRun === true) {
    const exitCode = flags.detailedExitcode === true ? EXIT.planHasChanges : EXIT.healthy;
    return planned(context, whole, seen, exitCode);
  }
  const grant = grantOf(consentByFlags(plan, consentFlags(context, saved !== null), consenter(context)));
  await showPlan(context, whole);
  return apply(context, whole, grant, agreeByFlags(context));
};

// --- what was asked for

function refuseClashes({ flags, repairs }: Context, args: readonly string[]): void {
  const clash = (message: string, hint: string): UsageError => new UsageError('KC_USAGE', message, hint);
  const applies = flags.dryRun !== true;
  if (flags.from !== undefined && applies)
    throw clash('a snapshot can be planned for, not repaired', 'add --dry-run, or leave out --from');
  if (
    flags.plan !== undefined &&
    (args.length > 0 || flags.stage !== undefined || flags.includeOlder === true)
  )
    throw clash('a saved plan says itself what it is about', 'leave out the repair and its targets');
  if (flags.planOut !== undefined && applies)
    throw clash('--plan-out saves a plan for later, and is not applied', 'add --dry-run');
  if (flags.detailedExitcode === true && applies)
    throw clash('--detailed-exitcode is about a plan that is not applied', 'add --dry-run');
  if (flags.resume !== undefined && (args.length > 0 || flags.plan !== undefined || !applies))
    throw clash(
      '--resume goes on with a run as it was planned',
      'leave out everything but --yes or --confirm',
    );
  if (
    flags.yes !== true &&
    flags.confirm === undefined &&
    flags.plan === undefined &&
    applies &&
    !repairs.canAsk
  )
    throw new RefusedError(
      'KC_NO_CONSENT',
      'nobody can be asked here, and nobody agreed in advance',
      'look at the plan with --dry-run, then add --yes, or --confirm with the text that it names',
    );
}

function selectionOf(args: readonly string[], { flags }: Context): Selection {
  const [first, ...rest] = args;
  const repair = REPAIR_IDS.find((id) => id === first) ?? null;
  const targets = repair === null ? args : rest;
  const stages = targets.flatMap((target) => stageNamed(target) ?? []);
  const unknown = targets.find((target) => !isUuid(target) && stageNamed(target) === undefined);
  if (unknown !== undefined) throw unknownTarget(unknown, unknown === first);
  if (new Set([...stages, ...stageFlag(flags.stage)]).size > 1)
    throw new UsageError(
      'KC_USAGE',
      'more than one stage was named',
      'name one, or none for all that are hurt',
    );
  return {
    repair,
    stage: stages[0] ?? stageFlag(flags.stage)[0] ?? null,
    payments: targets.filter(isUuid).map(paymentId),
    includeOlder: flags.includeOlder === true,
  };
}

function stageNamed(text: string): Stage | undefined {
  return PIPELINE.find(({ stage, worker }) => stage === text || worker === text)?.stage;
}

function stageFlag(text: string | undefined): readonly Stage[] {
  if (text === undefined) return [];
  const found = stageNamed(text);
  if (found !== undefined) return [found];
  throw new UsageError('KC_USAGE', `--stage: "${text}" is no stage`, `name one of ${STAGES.join(', ')}`);
}

function unknownTarget(text: string, isFirst: boolean): UsageError {
  const wanted = isFirst ? `a repair (${REPAIR_IDS.join(', ')}), ` : '';
  return new UsageError(
    'KC_UNKNOWN_TARGET',
    `"${text}" is neither a repair nor a target`,
    `name ${wanted}a stage (${STAGES.join(', ')}) or payment ids`,
  );
}

// --- what is planned

function refuseUnfit(context: Context, plan: Plan, { state }: Examined): void {
  const obstacle = changeObstacle(state);
  if (obstacle !== null) throw new RefusedError('KC_UNFIT_PLATFORM', obstacle.reason, obstacle.hint);
  refuseForbidden(plan, context);
}

/** The journal is the one thing that a repair writes beside its steps: the plan says where, and what is made for it. */
async function withJournalNote(context: Context, plan: Plan): Promise<Plan> {
  // A snapshot knows no address.
  if (context.flags.from !== undefined) return plan;
  const notes = await withOpenJournals(context, (journals) =>
    Promise.all(
      journals.map(async (journal) => {
        switch (await journal.standing(context.signal)) {
          case 'ready':
            return null;
          case 'to-be-made':
            return `the journal is made at ${journal.place} by this first repair`;
          case 'denied':
            return `this login may not keep the journal at ${journal.place}, so others will not see this run there`;
        }
      }),
    ),
  );
  const said = notes.filter((note) => note !== null);
  return said.length === 0 ? plan : { ...plan, warnings: [...plan.warnings, ...said] };
}

/** 1: something is wrong that no repair of ours settles; 3: not enough was seen to say so; 0: nothing is. */
function exitWithoutSteps(plan: Plan, seen: Diagnosis): number {
  if (plan.steps.length > 0 || plan.refusals.length > 0) return EXIT.findings;
  return seen.exitCode;
}

async function planned(context: Context, plan: Plan, seen: Diagnosis, exitCode: number): Promise<Outcome> {
  const headline = hasMachineSteps(plan)
    ? `plan ${plan.id}: ${plural(plan.steps.length, 'step')}, nothing was changed`
    : plan.steps.length + plan.refusals.length > 0
      ? // What is missing may be the very thing that a repair rests on.
        ['no repair can be applied here; what to do by hand is in the plan', ...blindText(seen.checks)].join(
          '; ',
        )
      : seen.headline;
  return outcomeOf(context, { command: 'fix', plan, run: null, headline, exitCode, after: seen });
}

async function apply(context: Context, plan: Plan, grant: Grant, agree: AgreeTo): Promise<Outcome> {
  const result = await execute(context.repairs.newRun(), { plan, grant }, worldOf(context, agree));
  return applied(context, result, plan);
}

/** People see it before anything happens; a document holds it anyway. */
async function showPlan(context: Context, plan: Plan): Promise<void> {
  if (context.format === 'json') return;
  const { humanPlan } = await import('../report/human-plan.ts');
  context.show(`${humanPlan(plan, context.view)}\n`);
}

async function applied(context: Context, result: RunResult, plan: Plan): Promise<Outcome> {
  const after =
    result.examined === null ? null : diagnosis(result.examined.state, 'fix', context.tool, context);
  const exitCode = runExitCode(result.outcome, after?.exitCode ?? null);
  const outcome = await outcomeOf(context, {
    command: 'fix',
    plan: context.format === 'json' ? plan : null,
    run: result,
    headline: headlineOf(result, exitCode),
    exitCode,
    after,
  });
  return { ...outcome, saysInterruption: true };
}

function headlineOf({ run, outcome, phases, reasons }: RunResult, exitCode: number): string {
  const count = new Set(phases.flatMap(({ plan }) => plan.payments)).size;
  const payments = count === 0 ? 'what was planned is done' : `${plural(count, 'payment')} arrived`;
  const texts: Readonly<Record<RunResult['outcome'], string>> = {
    fixed:
      exitCode === EXIT.healthy
        ? `fixed: ${payments}`
        : exitCode === EXIT.inconclusive
          ? `${payments}, and not everything else could be looked at`
          : `${payments}, and something else is still wrong`,
    remaining: `applied, and not everything arrived: ${reasons[0] ?? 'look again'}`,
    undone: `failed and taken back: ${reasons[0] ?? ''}`,
    'needs-person': `failed, and a person must act: ${reasons[0] ?? ''}`,
    stale: `the plan is stale, nothing was changed: ${reasons[0] ?? ''}`,
    interrupted: `interrupted; go on with kc-doctor fix --resume ${run}, or take it back with kc-doctor undo ${run}`,
  };
  return `run ${run}: ${texts[outcome]} (exit ${exitCode})`;
}

type Shown = Omit<RepairResult, 'tool'>;

export async function outcomeOf(context: Context, shown: Shown): Promise<Outcome> {
  const result: RepairResult = { tool: context.tool, ...shown };
  const text =
    context.format === 'json'
      ? (await import('../report/json-plan.ts')).jsonRepair(result)
      : (await import('../report/human-run.ts')).humanRepair(result, context.view);
  return { exitCode: shown.exitCode, text };
}

// --- a run that was left

async function resumeRun(context: Context, run: string): Promise<Outcome> {
  const record = await findRecord(context, run);
  if (record.end?.kind === 'verified' || record.end?.kind === 'undone') {
    throw new UsageError(
      'KC_RUN_ENDED',
      `run ${run} has ended: ${record.end.kind}`,
      'kc-doctor history shows it',
    );
  }
  const plan = record.phases.at(-1)?.plan ?? record.phases[0].plan;
  refuseForbidden(plan, context);
  await showPlan(context, plan);
  const goOn = async (consent: Consent, agree: AgreeTo): Promise<Outcome> =>
    applied(context, await resume(record, grantOf(consent), worldOf(context, agree)), plan);
  // Its journal is as good as a saved plan: it is gone on with as it was agreed to.
  const byFlags = consentByFlags(plan, consentFlags(context, context.repairs.isCi), consenter(context));
  if (byFlags.kind === 'granted' || !context.repairs.canAsk || hasConsentFlags(context))
    return await goOn(byFlags, agreeByFlags(context));
  await using prompter = await context.repairs.openPrompter();
  return await goOn(await ask(context, plan, prompter), (next) => agreeAgain(context, next, prompter));
}

// --- guided

function hasConsentFlags({ flags }: Context): boolean {
  return flags.yes === true || flags.confirm !== undefined;
}

function isGuided(context: Context): boolean {
  const { repairs, flags, format } = context;
  return repairs.canAsk && flags.dryRun !== true && !hasConsentFlags(context) && format === 'human';
}

type Prompter = Awaited<ReturnType<Context['repairs']['openPrompter']>>;

/** Diagnose, offer what the evidence supports, show the plan, ask, apply, verify, diagnose again. */
async function guided(
  context: Context,
  selection: Selection,
  examined: Examined,
  seen: Diagnosis,
): Promise<Outcome> {
  await using prompter = await context.repairs.openPrompter();
  if (selection.repair === null) {
    const { humanFindings } = await import('../report/human.ts');
    prompter.show(`${humanFindings(seen, context.view)}\n`);
  }
  const offers = offersOf(context, selection, examined, seen);
  const whole = planOf(examined, selection, context);
  if (offers.length === 0) return await planned(context, whole, seen, exitWithoutSteps(whole, seen));
  const choices = [
    ...offers.map((plan) => ({ title: offerText(plan), value: plan })),
    { title: 'nothing, leave it as it is', value: null },
  ];
  const chosen = await prompter.choose('what shall be done?', choices, context.signal);
  if (chosen === null) return await declined(context, seen);
  refuseUnfit(context, chosen, examined);
  const plan = await withJournalNote(context, chosen);
  const { humanPlan } = await import('../report/human-plan.ts');
  prompter.show(`\n${humanPlan(plan, context.view)}\n`);
  const consent = await ask(context, plan, prompter);
  if (consent.kind === 'withheld') return await declined(context, seen);
  return await apply(context, plan, consent.grant, (next) => agreeAgain(context, next, prompter));
}

/** The plan of everything first, then each repair by itself where that is something else. */
function offersOf(
  context: Context,
  selection: Selection,
  examined: Examined,
  seen: Diagnosis,
): readonly Plan[] {
  const causes = seen.cohorts.flatMap(({ causes: ranked, together }) => [...ranked.slice(0, 1), ...together]);
  const single: readonly Selection[] =
    selection.repair !== null
      ? []
      : causes.flatMap(({ repairs, stage }) =>
          repairs
            .filter((id): id is RepairId => (REPAIR_IDS as readonly string[]).includes(id))
            .filter((id) => id !== 'manual-instructions')
            .map((repair): Selection => ({ ...EVERYTHING, ...selection, repair, stage })),
        );
  const plans = [selection, ...single].map((one) => planOf(examined, one, context)).filter(hasMachineSteps);
  const byEffect = new Map(plans.map((plan) => [effectOf(plan), plan] as const).toReversed());
  return [...byEffect.values()].toReversed();
}

function effectOf({ steps }: Plan): string {
  return steps
    .filter(({ action }) => action.kind !== 'instruct')
    .map(({ title }) => title)
    .join('\n');
}

/** One step says itself what it is; many are named by what they are for. */
function offerText({ steps, payments }: Plan): string {
  const acting = steps.filter(
    ({ action, reversibility }) => action.kind !== 'instruct' && reversibility !== 'reads-only',
  );
  const repairs = acting.map(
    ({ repair, stage }) => `${repairOf(repair).title}${stage === null ? '' : ` (${stage})`}`,
  );
  const named = `${[...new Set(repairs)].join(', ')}: ${plural(acting.length, 'step')}`;
  const [first] = acting;
  const what = acting.length > 1 ? named : (first?.title ?? 'look again');
  return `${what}${payments.length > 0 ? `, for ${plural(payments.length, 'payment')}` : ''}`;
}

async function ask(context: Context, plan: Plan, prompter: Prompter): Promise<Consent> {
  const { signal } = context;
  const answer =
    plan.confirm === null
      ? { agreed: await prompter.agree('apply this plan?', signal), typed: null }
      : {
          agreed: false,
          typed: await prompter.type(
            `part of it cannot be taken back; to apply it type ${plan.confirm}`,
            signal,
          ),
        };
  return consentByAnswer(plan, answer, consenter(context));
}

async function agreeAgain(context: Context, plan: Plan, prompter: Prompter): Promise<Consent> {
  const { humanPlan } = await import('../report/human-plan.ts');
  prompter.show(`\nwhat is still missing:\n\n${humanPlan(plan, context.view)}\n`);
  return ask(context, plan, prompter);
}

function declined(context: Context, seen: Diagnosis): Promise<Outcome> {
  const headline = 'nothing was changed';
  const exitCode = seen.exitCode === EXIT.healthy ? EXIT.findings : seen.exitCode;
  return outcomeOf(context, { command: 'fix', plan: null, run: null, headline, exitCode, after: null });
}
