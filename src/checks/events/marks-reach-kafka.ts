import { markedNotSent } from '../../platform/contradictions.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, saidOf } from '../payments.ts';

export const marksReachKafka: Check = {
  id: 'events/marks-reach-kafka',
  title: 'Every announced payment is on the topic',
  required: true,
  after: ['topics/partitions-led'],
  needs: ['settings', 'topics', 'records', 'database', 'payments', 'marks', 'clocks'],
  explain:
    'payment-service writes its mark before it sends to Kafka. If the send fails the mark stays, and every later emission is skipped as done: recorded, never delivered. Only the topic proves delivery, so all partitions are read, and a log that starts later than the payment proves nothing. kc-doctor fix replay-payment sends the record; leave the mark alone.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every mark of payment-service has its record on purchase-confirmed',
      examine: (cases, one) =>
        saidOf(markedNotSent(cases, one), (text) =>
          paymentFinding(one, {
            severity: 'fail',
            stage: 'purchase',
            observed: text,
            expected: 'its record on purchase-confirmed',
            hint: `kc-doctor fix replay-payment ${one.payment.paymentId}; leave the mark`,
          }),
        ),
    }),
};
