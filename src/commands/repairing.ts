import { rankCohorts } from '../causes/rank.ts';
import type { Context } from '../context.ts';
import { RefusedError } from '../errors.ts';
import type { PaymentId } from '../platform/ids.ts';
import type { PlatformState } from '../platform/state.ts';
import { type Consent, type Consenter, type ConsentFlags, consentByFlags } from '../repair/consent.ts';
import { sealPlan } from '../repair/fingerprint.ts';
import { EVERYTHING, makePlan, type Selection } from '../repair/make-plan.ts';
import type { Plan } from '../repair/plan.ts';
import { refusesReading, refusesRecord, refusesRest } from '../repair/replan.ts';
import type { RepairWorld, RunEvent } from '../repair/session.ts';
import type { Examined } from '../repair/verify.ts';
import { cohorts } from '../trace/cohorts.ts';
import { tracePayment } from '../trace/trace-payment.ts';
import { refuseContradiction } from './diagnosis.ts';

/** What was observed and what the pure folders make of it. */
export function examine(state: PlatformState): Examined {
  refuseContradiction(state);
  const known = state.payments.kind === 'seen' ? state.payments.value : { asked: [], unfinished: [] };
  const ids = [...new Set([...known.asked, ...known.unfinished].map(({ paymentId }) => paymentId))];
  const traces = ids.map((id) => tracePayment(state, id));
  const unfinished = new Set(known.unfinished.map(({ paymentId }) => paymentId));
  const stopped = traces.filter(({ payment, kind }) => unfinished.has(payment) || kind !== 'complete');
  return { state, traces, ...rankCohorts(state, cohorts(state, stopped)) };
}

export function planOf(examined: Examined, selection: Selection, { repairs }: Context): Plan {
  return sealPlan(makePlan(examined.state, examined, selection), repairs.hash);
}

/** Steps that a machine does; the others tell a person what to do. */
export function hasMachineSteps({ steps }: Plan): boolean {
  return steps.some(({ action }) => action.kind !== 'instruct');
}

/** Throws where the profile allows less than the plan wants. */
export function refuseForbidden(plan: Plan, context: Context): void {
  const reason = forbiddenText(plan, context);
  if (reason === null) return;
  throw new RefusedError(
    'KC_REPAIR_FORBIDDEN',
    reason,
    'repairs: in the configuration file says what is allowed; kc-doctor config shows it',
  );
}

/** Null: the profile allows all of it. */
function forbiddenText({ steps }: Plan, { repairs }: Context): string | null {
  const allowed = repairs.allowed();
  if (allowed === 'all') return null;
  const forbidden = steps.find(({ repair }) => allowed === 'none' || !allowed.includes(repair));
  return forbidden === undefined ? null : `the configuration does not allow ${forbidden.repair} here`;
}

export function consenter({ repairs, flags }: Context): Consenter {
  return { operator: repairs.operator, reason: flags.reason ?? null };
}

export function consentFlags({ repairs, flags }: Context, isSavedPlan: boolean): ConsentFlags {
  return { yes: flags.yes === true, confirm: flags.confirm ?? null, isSavedPlan, isCi: repairs.isCi };
}

/** Throws RefusedError that names the flag to pass. */
export function grantOf(consent: Consent): Extract<Consent, { readonly kind: 'granted' }>['grant'] {
  if (consent.kind === 'granted') return consent.grant;
  throw new RefusedError('KC_NO_CONSENT', consent.reason, consent.hint);
}

/** How the plan of a later phase is agreed to: by the same flags, or by asking. */
export type AgreeTo = (plan: Plan) => Promise<Consent>;

export function agreeByFlags(context: Context): AgreeTo {
  return async (plan) => consentByFlags(plan, consentFlags(context, false), consenter(context));
}

export function worldOf(context: Context, agree: AgreeTo): RepairWorld {
  const { repairs } = context;
  return {
    open: repairs.openOperators,
    observe: async (asked, how) =>
      examine(await (how === 'quick' ? repairs.observeQuick(asked) : context.observe(asked))),
    refusesRecord,
    refusesReading,
    refusesRest,
    next: async (examined, payments) => nextPhase(context, agree, examined, payments),
    clock: context.clock,
    interrupted: context.signal,
    leaving: repairs.leaving,
    failPoint: repairs.failPoint,
    progress: progressTo(context),
    leavesBehind: repairs.leavesBehind,
    operator: repairs.operator,
    host: repairs.host,
  };
}

/** What is still missing of the payments of this run, and nothing else: only they were agreed to. */
async function nextPhase(
  context: Context,
  agree: AgreeTo,
  examined: Examined,
  payments: readonly PaymentId[],
): Promise<Awaited<ReturnType<RepairWorld['next']>>> {
  if (payments.length === 0) return { kind: 'nothing', reasons: [] };
  const includeOlder = context.flags.includeOlder === true;
  const plan = planOf(examined, { ...EVERYTHING, payments, includeOlder }, context);
  if (!hasMachineSteps(plan)) {
    const refused = plan.refusals.map(({ repair, reason }) => `${repair}: ${reason}`);
    const manual = plan.steps.map(({ title }) => title);
    return { kind: 'nothing', reasons: [...refused, ...manual] };
  }
  const forbidden = forbiddenText(plan, context);
  if (forbidden !== null) return { kind: 'nothing', reasons: [forbidden] };
  const consent = await agree(plan);
  return consent.kind === 'granted'
    ? { kind: 'planned', plan, grant: consent.grant }
    : { kind: 'nothing', reasons: [`what is left was not agreed to: ${consent.reason}; ${consent.hint}`] };
}

/** One line for each thing that happens, on standard error. */
function progressTo(context: Context): (event: RunEvent) => void {
  let last = '';
  const say = (line: string) => {
    if (line !== last) context.say(line);
    last = line;
  };
  return (event) => {
    switch (event.kind) {
      case 'phase-started':
        return say(event.isUndo ? 'taking back what can be taken back' : `plan ${event.plan.id}`);
      case 'step-started':
        return say(`  ${event.step.number}  ${event.step.title}`);
      case 'step-waits':
        return say(`     waiting for ${event.what}`);
      case 'step-settled':
        return say(`     ${event.status === 'done' ? 'done' : event.status}: ${event.text}`);
      case 'verifying':
        return say(`  looking again${event.waitsFor.length === 0 ? '' : `: ${event.waitsFor[0]}`}`);
      default:
        return event satisfies never;
    }
  };
}
