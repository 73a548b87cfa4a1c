import { fault as f19 } from './f19.ts';
import type { LabFault } from './fault.ts';
import { committedAt, payOne, redeliver, waitForRecord } from './steps.ts';

export const fault: LabFault = {
  id: 'f60',
  title: 'as f19, and one more payment in that partition has wiped away the missing commit',
  startsFrom: 'young',
  expects: { topCause: 'no-committed-offset@purchase', exitCode: 1 },
  async inject(lab) {
    const injected = await f19.inject(lab);
    for (const payment of injected.payments) {
      const record = await waitForRecord(lab, 'purchase-confirmed', payment);
      await lab.waitForSessions([await payOne(lab, record.partition)]);
      await lab.waitForIdle();
      if (((await committedAt(lab, 'purchase-worker', record)) ?? 0n) <= record.offset)
        throw new Error(`the commit does not lie behind ${payment}`);
    }
    return injected;
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await redeliver(lab, 'purchase-confirmed', payment);
    await lab.waitForSessions(payments);
  },
};
