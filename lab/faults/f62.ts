import { WORKERS } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { payOne, waitForRecord } from './steps.ts';
import { waitForRestarts, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f62',
  title: 'REDIS_URL is unset, and every worker dies at import',
  expects: { topCause: 'worker-crash-loop@purchase', exitCode: 1 },
  async inject(lab) {
    await Promise.all(WORKERS.map((worker) => lab.recreate(worker, { environment: { REDIS_URL: null } })));
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-confirmed', payment);
    await waitForRestarts(lab, WORKERS);
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await Promise.all(WORKERS.map((worker) => lab.recreate(worker)));
    await Promise.all(WORKERS.map((worker) => lab.waitForJoined(worker)));
    await lab.waitForSessions(payments);
  },
};
