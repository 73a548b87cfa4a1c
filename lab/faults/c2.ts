import { fault as f02 } from './f02.ts';
import { fault as f19 } from './f19.ts';
import type { LabFault } from './fault.ts';

export const fault: LabFault = {
  id: 'c2',
  title: 'allocation-worker is stopped, and purchase-worker began behind a payment',
  expects: { topCause: 'no-committed-offset@purchase', alsoCause: 'worker-stopped@allocation', exitCode: 1 },
  async inject(lab) {
    const one = await f02.inject(lab);
    const other = await f19.inject(lab);
    return { payments: [...one.payments, ...other.payments] };
  },
  async heal(lab, { payments }) {
    await f02.heal(lab, { payments: payments.slice(0, 1) });
    await f19.heal(lab, { payments });
  },
};
