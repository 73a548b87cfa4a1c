import { fault as f39 } from './f39.ts';
import { fault as f40 } from './f40.ts';
import type { LabFault } from './fault.ts';

export const fault: LabFault = {
  id: 'c5',
  title: 'allocation-worker marked too early, and cache-worker marked another payment before session-worker',
  generation: 'older',
  expects: { topCause: 'marks-before-verify', alsoCause: 'cache-mark-blocks-sessions', exitCode: 1 },
  async inject(lab) {
    const one = await f40.inject(lab);
    const other = await f39.inject(lab);
    return { payments: [...other.payments, ...one.payments] };
  },
  async heal(lab, { payments }) {
    await f39.heal(lab, { payments: payments.slice(0, 1) });
    await f40.heal(lab, { payments: payments.slice(1) });
  },
};
