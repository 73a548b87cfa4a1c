import { rowWithoutEvent } from '../../platform/contradictions.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, saidOf } from '../payments.ts';

export const purchasesAnnounced: Check = {
  id: 'events/purchases-announced',
  title: 'Every purchase was announced',
  required: true,
  after: ['topics/partitions-led'],
  needs: [
    'settings',
    'topics',
    'records',
    'database',
    'payments',
    'purchases',
    'allocations',
    'marks',
    'clocks',
  ],
  explain:
    'A purchase that purchase-worker made is followed by PURCHASE_CREATED within seconds. One without that record was made by the retry queue, by hand, or by a worker that died before it could send: nobody is told, and no trainer is ever assigned. kc-doctor fix replay-payment announces it at the allocation stage.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every purchase has its PURCHASE_CREATED record',
      examine: (_, one) => {
        if (one.payment.status !== 'succeeded' || one.identity().purchase === null) return [];
        const { status } = one.effect('created-record');
        // A log that no longer holds the record says nothing against work that went on.
        if (status === 'unknown' && one.identity().allocations.length > 0) return [];
        return saidOf(rowWithoutEvent(one, 'purchase'), (text) =>
          paymentFinding(one, {
            severity: 'fail',
            stage: 'purchase',
            observed: `purchase ${text}`,
            expected: 'a PURCHASE_CREATED record',
            hint: `kc-doctor fix replay-payment ${one.payment.paymentId} at allocation`,
          }),
        );
      },
      beside: () => (state.purchases.kind === 'unseen' ? [state.purchases.gap] : []),
    }),
};
