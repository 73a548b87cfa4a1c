import { twoPurchases } from '../../platform/contradictions.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, saidOf, unseenCluster } from '../payments.ts';

export const endedPurchasesStayEnded: Check = {
  id: 'events/ended-purchases-stay-ended',
  title: 'No ended purchase came back',
  required: false,
  after: ['schema/tables-present'],
  needs: ['cluster', 'records', 'database', 'payments', 'purchases', 'allocations', 'marks', 'clocks'],
  explain:
    'An old event that is read again after its purchase was ended makes a new active purchase: a course for which nobody paid now. It shows as one payment that announced two purchases, the first of them inactive. Only a person can tell which one is meant.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'no payment announced a second purchase after the first had ended',
      examine: (cases, one) => {
        if (one.payment.status !== 'succeeded' || one.identity().purchase?.isActive !== false) return [];
        return saidOf(twoPurchases(cases, one), (text) =>
          paymentFinding(one, {
            severity: 'fail',
            stage: 'purchase',
            observed: `revived by a replay: ${text}, the first has ended`,
            expected: 'one purchase for each payment',
            hint: 'a person ends one of them, then: kc-doctor ack',
          }),
        );
      },
      beside: () => [
        ...(state.purchases.kind === 'unseen' ? [state.purchases.gap] : []),
        ...unseenCluster(state),
      ],
    }),
};
