import type { LabFault } from './fault.ts';
import { payOne, RETRIED_MS, waitForRecord } from './steps.ts';
import { waitForLogLine, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f12',
  title: 'allocation-worker has a wrong database password',
  expects: { topCause: 'worker-cannot-reach-postgres@allocation', exitCode: 1 },
  async inject(lab) {
    const address = new URL(lab.platformDatabaseUrl);
    address.password = 'last-years';
    await lab.recreate('allocation-worker', { environment: { POSTGRES_URL: address.href } });
    await lab.waitForJoined('allocation-worker');
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-created', payment);
    await waitForLogLine(lab, 'allocation-worker', 'password authentication failed');
    await waitUntilStuckBefore(lab, payment, 'allocation');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.recreate('allocation-worker');
    await lab.waitForJoined('allocation-worker', RETRIED_MS);
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
