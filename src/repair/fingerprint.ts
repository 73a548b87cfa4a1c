import type { Action, Plan, PlanDraft, Step } from './plan.ts';

const ID_LENGTH = 8;

/** Names a plan. The caller brings the hash (SHA-256, hexadecimal): this folder computes nothing that needs a library. */
export function sealPlan(draft: PlanDraft, hash: (text: string) => string): Plan {
  const fingerprint = hash(planFingerprint(draft));
  return { id: fingerprint.slice(0, ID_LENGTH), fingerprint, ...draft };
}

/**
 * Canonical text of all that a plan rests on and does: equal states give equal texts, however often they are looked at. Words for
 * people are left out, and so is what moves without changing an effect: the log end behind which a record will be found.
 * @internal exported for its tests
 */
export function planFingerprint(draft: PlanDraft): string {
  return canonical({
    schemaVersion: draft.schemaVersion,
    platform: draft.platform,
    identity: draft.identity,
    steps: draft.steps.map(effectOf),
    payments: draft.payments,
    previews: draft.previews.map(({ text: _text, ...preview }) => preview),
    refusals: draft.refusals.map(({ repair, stage, payments }) => ({ repair, stage, payments })),
    confirm: draft.confirm,
  });
}

function effectOf({ title: _title, whySafe: _why, byHand: _byHand, action, ...step }: Step): unknown {
  return { ...step, action: steady(action) };
}

function steady(action: Action): unknown {
  switch (action.kind) {
    case 'produce-record': {
      const { notBefore: _notBefore, ...record } = action.record;
      return { ...action, record };
    }
    case 'wait-drain':
      return { kind: action.kind, group: action.group, payments: action.payments };
    case 'instruct':
      return { kind: action.kind, cause: action.cause, payments: action.payments };
    default:
      return action;
  }
}

/** JSON with sorted keys; a bigint as its digits with an `n`, which no text of ours is. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value);
}
