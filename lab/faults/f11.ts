import type { LabFault } from './fault.ts';
import { payOne, RETRIED_MS } from './steps.ts';
import { emitAgain, waitForLogLine, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f11',
  title: 'the broker is stopped',
  expects: { topCause: 'kafka-down', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('payment-service', 'fallback', false);
    await lab.stop('kafka', 30);
    const payment = await payOne(lab);
    await lab.setSwitch('payment-service', 'fallback', undefined);
    await waitForLogLine(lab, 'purchase-worker', 'Connection error');
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.start('kafka');
    await lab.waitForJoined('purchase-worker', RETRIED_MS);
    await emitAgain(lab, payments);
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
