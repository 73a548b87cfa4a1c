import type { LabFault } from './fault.ts';
import { refund, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f41',
  title: 'a payment names no course',
  expects: { topCause: 'payment-without-course', exitCode: 1 },
  async inject(lab) {
    const payments = await lab.pay({ metadata: { courseId: null } });
    await lab.waitForIdle();
    for (const payment of payments) await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments };
  },
  async heal(lab, { payments }) {
    await refund(lab, payments);
  },
};
