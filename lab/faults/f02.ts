import type { LabFault } from './fault.ts';
import { payOne, waitForRecord, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f02',
  title: 'allocation-worker is stopped',
  expects: { topCause: 'worker-stopped@allocation', exitCode: 1 },

  async inject(lab) {
    await lab.stop('allocation-worker');
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-created', payment);
    await waitUntilStuckBefore(lab, payment, 'allocation');
    return { payments: [payment] };
  },

  async heal(lab, { payments }) {
    await lab.start('allocation-worker');
    await lab.waitForJoined('allocation-worker');
    await lab.waitForSessions(payments);
  },
};
