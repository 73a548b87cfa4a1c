import type { LabFault } from './fault.ts';
import { payOne, RETRIED_MS, waitForRecord } from './steps.ts';
import { waitForLogLine, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f13',
  title: 'purchase-worker is an old image that writes start_date',
  expects: { topCause: 'old-worker-image@purchase', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('purchase-worker', 'writeStartDate', true);
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-confirmed', payment);
    await waitForLogLine(lab, 'purchase-worker', 'start_date');
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    // The present image comes in a new container: lines of the old one's run no longer count.
    await lab.setSwitch('purchase-worker', 'writeStartDate', undefined);
    await lab.recreate('purchase-worker');
    await lab.waitForJoined('purchase-worker', RETRIED_MS);
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
