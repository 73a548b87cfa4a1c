import { paymentIdIn } from '../services/shared/partition.ts';
import type { LabFault } from './fault.ts';
import { committedAt, deadLettersOf, payOne, RETRIED_MS, waitForRecord } from './steps.ts';

const POISONED_PARTITION = 0;
const NEIGHBOUR_PARTITION = 1;

export const fault: LabFault = {
  id: 'f26',
  title: 'one record fails in purchase-worker, others flow',
  expects: { topCause: 'poison-record@purchase', exitCode: 1 },
  async inject(lab) {
    const paymentId = paymentIdIn(POISONED_PARTITION);
    await lab.setSwitch('purchase-worker', 'failPaymentIds', [paymentId]);
    await lab.pay({ paymentId });
    const record = await waitForRecord(lab, 'purchase-confirmed', paymentId);
    const neighbour = await payOne(lab, NEIGHBOUR_PARTITION);
    await lab.waitForSessions([neighbour], 60_000);
    await lab.until(
      `two dead letters of purchase-confirmed[${record.partition}] ${record.offset}, the offset unmoved`,
      async () =>
        (await deadLettersOf(lab, record)) >= 2 &&
        (await committedAt(lab, 'purchase-worker', record)) === record.offset,
      60_000,
    );
    return { payments: [paymentId] };
  },
  async heal(lab, { payments }) {
    await lab.setSwitch('purchase-worker', 'failPaymentIds', undefined);
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
