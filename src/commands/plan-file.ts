import type { Context } from '../context.ts';
import { StaleError, UsageError } from '../errors.ts';
import { decode, encode } from '../platform/codec.ts';
import { isUuid, paymentId } from '../platform/ids.ts';
import { STAGES } from '../platform/pipeline.ts';
import { planDifferences } from '../repair/differences.ts';
import { refuseOtherIdentity } from '../repair/lock.ts';
import type { Selection } from '../repair/make-plan.ts';
import { type Plan, REPAIR_IDS } from '../repair/plan.ts';
import type { Examined } from '../repair/verify.ts';

/** A plan that somebody looked at says little about a platform half an hour later (design.md 5). */
const VALID_MS = 30 * 60_000;

export interface SavedPlan {
  readonly madeBy: string;
  readonly madeAtMs: number;
  readonly selection: Selection;
  readonly plan: Plan;
}

export async function savePlan(
  path: string,
  plan: Plan,
  selection: Selection,
  { repairs, tool, clock }: Context,
): Promise<void> {
  const madeAtMs = clock.nowMs();
  const document = {
    kind: 'kc-doctor-plan',
    schemaVersion: 1,
    tool,
    madeBy: `${repairs.operator} on ${repairs.host}`,
    madeAt: new Date(madeAtMs).toISOString(),
    expiresAt: new Date(madeAtMs + VALID_MS).toISOString(),
    selection,
    plan,
  };
  await repairs.writeFile(path, `${encode(document)}\n`);
}

/** Throws UsageError where it is no plan of ours, and StaleError where it is too old. */
export async function readPlan(path: string, { repairs, clock }: Context): Promise<SavedPlan> {
  const saved = savedPlan(parsed(await repairs.readFile(path), path));
  if (saved === null) throw notAPlan(path);
  const ageMs = clock.nowMs() - saved.madeAtMs;
  if (ageMs >= 0 && ageMs < VALID_MS) return saved;
  const when = ageMs < 0 ? 'later than the clock of this machine says' : 'more than 30 minutes ago';
  throw new StaleError(
    'KC_PLAN_EXPIRED',
    `${path} was made by ${saved.madeBy} at ${new Date(saved.madeAtMs).toISOString()}, ${when}`,
    'make it anew: kc-doctor fix --dry-run --plan-out plan.json',
  );
}

/** The plan is made again from what is seen now, and applied only where it is the same. */
export function refuseChanged(saved: SavedPlan, plan: Plan, examined: Examined): void {
  if (saved.plan.fingerprint === plan.fingerprint) return;
  // What cannot be seen now is no other platform yet.
  const seen = Object.entries(plan.identity).filter(([, part]) => part !== null);
  refuseOtherIdentity(saved.plan, { ...saved.plan.identity, ...Object.fromEntries(seen) });
  throw new StaleError(
    'KC_STALE_PLAN',
    `the platform is not as it was when ${saved.madeBy} made the plan: it would be plan ${plan.id} now, not ${saved.plan.id}`,
    'nothing was changed; look at the new plan: kc-doctor fix --dry-run',
    { details: planDifferences(saved.plan, plan, examined) },
  );
}

function parsed(text: string, path: string): unknown {
  try {
    return decode(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw notAPlan(path, cause);
    throw cause;
  }
}

function notAPlan(path: string, cause?: unknown): UsageError {
  return new UsageError(
    'KC_NOT_A_PLAN',
    `${path} is not a plan of this version`,
    'make one: kc-doctor fix --dry-run --plan-out plan.json',
    {
      cause,
    },
  );
}

function savedPlan(value: unknown): SavedPlan | null {
  const { kind, schemaVersion, madeBy, madeAt, selection, plan } = fieldsOf(value);
  const chosen = selectionOf(selection);
  const madeAtMs = typeof madeAt === 'string' ? Date.parse(madeAt) : Number.NaN;
  if (kind !== 'kc-doctor-plan' || schemaVersion !== 1 || chosen === null || Number.isNaN(madeAtMs))
    return null;
  if (typeof madeBy !== 'string' || !isPlan(plan)) return null;
  return { madeBy, madeAtMs, selection: chosen, plan };
}

/** As far as it is compared with the plan that is made anew; the fingerprint answers for the rest. */
function isPlan(value: unknown): value is Plan {
  const { id, fingerprint, identity, steps, payments, refusals } = fieldsOf(value);
  return (
    typeof id === 'string' &&
    typeof fingerprint === 'string' &&
    typeof identity === 'object' &&
    identity !== null &&
    [steps, payments, refusals].every(Array.isArray)
  );
}

function selectionOf(value: unknown): Selection | null {
  const { repair, stage, payments, includeOlder } = fieldsOf(value);
  const known = repair === null ? null : REPAIR_IDS.find((id) => id === repair);
  const at = stage === null ? null : STAGES.find((one) => one === stage);
  if (known === undefined || at === undefined || !Array.isArray(payments)) return null;
  const ids = payments.filter((id): id is string => typeof id === 'string' && isUuid(id));
  if (ids.length !== payments.length || typeof includeOlder !== 'boolean') return null;
  return { repair: known, stage: at, payments: ids.map(paymentId), includeOlder };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
