import { fault as f01 } from './f01.ts';
import { fault as f34 } from './f34.ts';
import type { LabFault } from './fault.ts';

export const fault: LabFault = {
  id: 'c1',
  title: 'purchase-worker is out of compose, and one payment came by the retry queue',
  expects: { topCause: 'worker-not-deployed@purchase', alsoCause: 'retry-queue-purchase', exitCode: 1 },
  async inject(lab) {
    const one = await f01.inject(lab);
    const other = await f34.inject(lab);
    return { payments: [...one.payments, ...other.payments] };
  },
  async heal(lab, { payments }) {
    const [one, other] = payments;
    if (one === undefined || other === undefined) throw new Error('c1 hurts two payments');
    await f34.heal(lab, { payments: [other] });
    await f01.heal(lab, { payments: [one] });
  },
};
