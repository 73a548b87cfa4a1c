import type { LabFault } from './fault.ts';
import { committedAt, deadLettersOf, payOne, RETRIED_MS, waitForRecord } from './steps.ts';

/** A letter takes the five attempts of allocation-worker, 30 s; a crash of its consumer may come between two. */
const TWO_LETTERS_MS = 120_000;

export const fault: LabFault = {
  id: 'f46',
  title: 'auto-assign answers 500',
  generation: 'older',
  expects: { topCause: 'admin-server-error', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('admin-service', 'autoAssign', '500');
    const paymentId = await payOne(lab);
    const record = await waitForRecord(lab, 'purchase-created', paymentId);
    await lab.until(
      `two dead letters of purchase-created[${record.partition}] ${record.offset}, the offset unmoved`,
      async () =>
        (await deadLettersOf(lab, record)) >= 2 &&
        (await committedAt(lab, 'allocation-worker', record)) === record.offset,
      TWO_LETTERS_MS,
    );
    return { payments: [paymentId] };
  },
  async heal(lab, { payments }) {
    await lab.setSwitch('admin-service', 'autoAssign', undefined);
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
