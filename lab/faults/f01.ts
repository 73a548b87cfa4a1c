import type { LabFault } from './fault.ts';
import { payOne, waitForRecord, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f01',
  title: 'purchase-worker is taken out of compose',
  expects: { topCause: 'worker-not-deployed@purchase', exitCode: 1 },

  async inject(lab) {
    await lab.remove('purchase-worker', { fromCompose: true });
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-confirmed', payment);
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },

  async heal(lab, { payments }) {
    await lab.recreate('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions(payments);
  },
};
