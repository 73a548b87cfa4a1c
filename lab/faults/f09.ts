import type { LabFault } from './fault.ts';
import { payOne, waitForRecord } from './steps.ts';
import { waitForRestarts, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f09',
  title: 'purchase-worker looks for the broker at localhost:9092',
  expects: { topCause: 'worker-cannot-reach-kafka@purchase', exitCode: 1 },
  async inject(lab) {
    await lab.recreate('purchase-worker', { environment: { KAFKA_BROKERS: 'localhost:9092' } });
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-confirmed', payment);
    await waitForRestarts(lab, ['purchase-worker']);
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.recreate('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions(payments);
  },
};
