import type { Plan } from './plan.ts';

declare const granted: unique symbol;

/** Proof that somebody agreed to one plan. Only this file makes one, and without one no Operator is opened. */
export interface Grant {
  readonly [granted]: true;
  readonly fingerprint: string;
  readonly by: ConsentWay;
  readonly operator: string;
  /** What --reason said; kept in the journal. */
  readonly reason: string | null;
}

export const CONSENT_WAYS = ['yes', 'confirm', 'asked', 'saved-plan'] as const;
export type ConsentWay = (typeof CONSENT_WAYS)[number];

/** What was agreed to in advance on the command line. */
export interface ConsentFlags {
  readonly yes: boolean;
  readonly confirm: string | null;
  /** The plan is one that was saved, reviewed and found unchanged. */
  readonly isSavedPlan: boolean;
  /** CI is set: nobody watches, so only a reviewed plan is applied. */
  readonly isCi: boolean;
}

export interface Consenter {
  readonly operator: string;
  readonly reason: string | null;
}

export type Consent =
  | { readonly kind: 'granted'; readonly grant: Grant }
  | { readonly kind: 'withheld'; readonly reason: string; readonly hint: string };

/** The one place where flags become consent. What cannot be taken back wants the platform and the count spelled out. */
export function consentByFlags(plan: Plan, flags: ConsentFlags, who: Consenter): Consent {
  if (flags.isCi && !flags.isSavedPlan) {
    return withheld(
      'CI is set, so only a plan that was saved and reviewed is applied',
      'save it with kc-doctor fix --dry-run --plan-out plan.json, then apply it with kc-doctor fix --plan plan.json',
    );
  }
  if (plan.confirm !== null) {
    if (flags.confirm === plan.confirm) return grant(plan, 'confirm', who);
    return withheld(
      flags.confirm === null
        ? 'the plan has steps that cannot be taken back, and they were not confirmed'
        : `--confirm says "${flags.confirm}", and the plan wants "${plan.confirm}"`,
      `read the plan, then add --confirm ${plan.confirm}`,
    );
  }
  if (flags.isSavedPlan) return grant(plan, 'saved-plan', who);
  if (flags.yes || flags.confirm !== null) return grant(plan, flags.yes ? 'yes' : 'confirm', who);
  return withheld('nobody agreed to the plan', 'read the plan, then add --yes');
}

/** The one place where an answer at the terminal becomes consent: a plain yes, or the text typed as it is shown. */
export function consentByAnswer(
  plan: Plan,
  answer: { readonly agreed: boolean; readonly typed: string | null },
  who: Consenter,
): Consent {
  const isEnough = plan.confirm === null ? answer.agreed : answer.typed?.trim() === plan.confirm;
  return isEnough
    ? grant(plan, 'asked', who)
    : withheld('the answer was no', 'nothing was changed; the plan can be saved with --plan-out');
}

function grant(plan: Plan, by: ConsentWay, who: Consenter): Consent {
  const { operator, reason } = who;
  return { kind: 'granted', grant: { fingerprint: plan.fingerprint, by, operator, reason } as Grant };
}

function withheld(reason: string, hint: string): Consent {
  return { kind: 'withheld', reason, hint };
}
