import type { LabFault } from './fault.ts';
import { payOne, RETRIED_MS, waitForRecord } from './steps.ts';
import { waitForLogLine, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f45',
  title: 'admin-service is stopped',
  generation: 'older',
  expects: { topCause: 'admin-unreachable', exitCode: 1 },
  async inject(lab) {
    await lab.stop('admin-service');
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-created', payment);
    await waitForLogLine(lab, 'allocation-worker', 'admin-service');
    await waitUntilStuckBefore(lab, payment, 'allocation');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.start('admin-service');
    await lab.waitForHealth('admin-service');
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
