import { marksOf } from '../../platform/witnesses.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding } from '../payments.ts';

export const paymentsAnnounced: Check = {
  id: 'events/payments-announced',
  title: 'Every payment was announced',
  required: true,
  after: ['schema/tables-present'],
  needs: ['settings', 'topics', 'records', 'database', 'payments', 'marks', 'clocks'],
  explain:
    'A succeeded payment is recorded in processed_events and sent to purchase-confirmed within seconds. Neither mark nor record past the grace, in a complete scan of all partitions, means that payment-service never emitted it, so no worker can know of it. kc-doctor fix replay-payment sends the event again.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every payment arrived or was announced',
      examine: (cases, one) => {
        const record = one.effect('confirmed-record');
        if (record.status !== 'missing' && record.status !== 'unknown') return [];
        const marks = marksOf(cases, one, 'purchase');
        if (marks !== null && marks.length > 0) return [];
        if (marks === null && state.marks.kind === 'unseen') return [state.marks.gap];
        if (record.gap !== null) return [record.gap];
        return [
          paymentFinding(one, {
            severity: 'fail',
            stage: 'purchase',
            observed: `never emitted: no mark, and ${record.detail}`,
            expected: 'a PURCHASE_CONFIRMED record',
            hint: `kc-doctor fix replay-payment ${one.payment.paymentId}`,
          }),
        ];
      },
    }),
};
