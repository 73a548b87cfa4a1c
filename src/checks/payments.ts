/** Checks that ask the same of every payment: of the unfinished ones of the window, and of those asked for by name. */
import type { Judgement } from '../platform/contradictions.ts';
import { type Cases, openCases, type PaymentCase } from '../platform/effects.ts';
import type { Gap } from '../platform/observed.ts';
import type { Stage } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';
import type { CheckOutcome, Finding } from './check.ts';
import { outcomeOf } from './outcome.ts';

/** What a check says of one payment: harm, or what it could not see. */
export type Said = Finding | Gap;

interface PaymentQuestion {
  readonly pass: string;
  readonly examine: (cases: Cases, one: PaymentCase) => readonly Said[];
  /** Of the whole state, beside the payments. */
  readonly beside?: (cases: Cases) => readonly Said[];
}

export function examinePayments(state: PlatformState, question: PaymentQuestion): CheckOutcome {
  const cases = openCases(state);
  const said = [
    ...cases.all.flatMap((one) => question.examine(cases, one)),
    ...(question.beside?.(cases) ?? []),
    ...unreadPayments(state),
  ];
  return outcomeOf({
    pass: question.pass,
    findings: said.filter((each) => 'severity' in each),
    gaps: said.filter((each) => 'operation' in each),
  });
}

/** A window that was not read to its beginning may hide a payment. */
function unreadPayments(state: PlatformState): readonly Gap[] {
  const { payments } = state;
  if (payments.kind === 'unseen') return [payments.gap];
  if (payments.value.coveredFromMs <= payments.value.windowStartMs) return [];
  return [
    {
      system: 'postgres',
      operation: 'payments of the window',
      code: 'no-time',
      reason: 'the older part of the window was not read',
      hint: 'run again with --timeout 60, or with a shorter --since',
    },
  ];
}

/** For what a check says of records: where no broker answered, it has not seen those of the payments that arrived either. */
export function unseenCluster({ cluster }: PlatformState): readonly Gap[] {
  return cluster.kind === 'unseen' ? [cluster.gap] : [];
}

interface PaymentFinding {
  readonly severity: Finding['severity'];
  readonly stage: Stage | null;
  readonly observed: string;
  readonly expected: string;
  readonly hint: string;
}

export function paymentFinding(one: PaymentCase, about: PaymentFinding): Finding {
  const { paymentId } = one.payment;
  return {
    ...about,
    subject: { kind: 'payment', payment: paymentId },
    summary: `payment ${paymentId}: ${about.observed}`,
    payments: [paymentId],
  };
}

/** A contradiction as a finding, or what kept it from being decided. */
export function saidOf(judgement: Judgement, find: (text: string) => Finding): readonly Said[] {
  switch (judgement.kind) {
    case 'found':
      return [find(judgement.text)];
    case 'unseen':
      return [judgement.gap];
    case 'none':
      return [];
  }
}
