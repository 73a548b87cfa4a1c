import type { Action, Plan } from '../repair/plan.ts';
import type { PlanDocument } from './schema.ts';

/** A plan as `fix` prints it: offsets as decimal strings, everything else as it is. */
export function planDocument(plan: Plan): PlanDocument {
  return {
    schemaVersion: plan.schemaVersion,
    id: plan.id,
    fingerprint: plan.fingerprint,
    platform: plan.platform,
    identity: { ...plan.identity },
    confirm: plan.confirm,
    steps: plan.steps.map(({ action, precondition, ...step }) => ({
      ...step,
      action: { ...(plain(action) as { readonly kind: Action['kind'] }) },
      precondition: { ...(plain(precondition) as { readonly kind: string }) },
    })),
    payments: [...plan.payments],
    previews: plan.previews.map((preview) => ({
      ...preview,
      offset: preview.offset === null ? null : String(preview.offset),
    })),
    refusals: plan.refusals.map((refusal) => ({ ...refusal, payments: [...refusal.payments] })),
    warnings: [...plan.warnings],
  };
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
