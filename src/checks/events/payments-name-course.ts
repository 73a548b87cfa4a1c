import type { Check } from '../check.ts';
import { examinePayments, paymentFinding } from '../payments.ts';

export const paymentsNameCourse: Check = {
  id: 'events/payments-name-course',
  title: 'Succeeded payments name a course',
  required: false,
  after: ['schema/tables-present'],
  needs: ['payments'],
  explain:
    'Reads metadata.courseId of each payment, out of a JSON string too. purchase-worker never turns a payment without it into a purchase, so the money is there and nothing follows. No repair can guess the course: a person finds out what was bought, or refunds.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every succeeded payment that did not arrive names a course',
      examine: (_, one) => {
        const { status, courseId } = one.payment;
        if (status !== 'succeeded' || courseId !== null) return [];
        return [
          paymentFinding(one, {
            severity: 'warn',
            stage: 'purchase',
            observed: 'names no course',
            expected: 'metadata.courseId',
            hint: 'a person finds the course or refunds, then: kc-doctor ack',
          }),
        ];
      },
    }),
};
