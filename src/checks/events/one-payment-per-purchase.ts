import type { Check } from '../check.ts';
import { examinePayments, paymentFinding } from '../payments.ts';

export const onePaymentPerPurchase: Check = {
  id: 'events/one-payment-per-purchase',
  title: 'Each payment has its own purchase',
  required: false,
  after: ['schema/tables-present'],
  needs: ['records', 'database', 'payments', 'purchases', 'allocations', 'marks', 'clocks'],
  explain:
    'A student who owns a course and pays for it again gets nothing new: only one active purchase of a student and course may exist. So does a second payment while the first is on its way. Nothing is lost in the pipeline, and a person has to refund, extend or upgrade.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'no payment repeats an active purchase',
      examine: (_, one) =>
        one.identity().class === 'repeat'
          ? [
              paymentFinding(one, {
                severity: 'warn',
                stage: 'purchase',
                observed:
                  one.payment.earlierUnfinishedOfPair === null
                    ? 'the course was owned already'
                    : `payment ${one.payment.earlierUnfinishedOfPair} for the same course is still on its way`,
                expected: 'a purchase of its own',
                hint: 'a person refunds, extends or upgrades, then: kc-doctor ack',
              }),
            ]
          : [],
      beside: () => (state.purchases.kind === 'unseen' ? [state.purchases.gap] : []),
    }),
};
