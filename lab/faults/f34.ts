import type { LabFault } from './fault.ts';
import { payOne, recordsOf } from './steps.ts';
import { announcePurchase, waitUntilReached, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f34',
  title: 'the send of PURCHASE_CONFIRMED fails, and the retry queue makes the purchase without an event',
  expects: { topCause: 'retry-queue-purchase', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('payment-service', 'failSend', true);
    const payment = await payOne(lab);
    await waitUntilReached(lab, payment, 'purchase');
    await lab.setSwitch('payment-service', 'failSend', undefined);
    await waitUntilStuckBefore(lab, payment, 'allocation');
    if ((await recordsOf(lab, 'purchase-created', payment)).length !== 0)
      throw new Error(`${payment} was announced`);
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await announcePurchase(lab, payment);
    await lab.waitForSessions(payments);
  },
};
