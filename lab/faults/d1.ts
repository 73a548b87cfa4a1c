import { GROUP_OF } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { payOne, redeliver, waitForRecord } from './steps.ts';
import { waitForLogLine, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'd1',
  title: 'start_date errors of an earlier start, beside a partition that was never committed',
  startsFrom: 'young',
  expects: { topCause: 'no-committed-offset@purchase', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('purchase-worker', 'writeStartDate', true);
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-confirmed', payment);
    await waitForLogLine(lab, 'purchase-worker', 'start_date');
    await lab.kill('purchase-worker');
    await lab.setSwitch('purchase-worker', 'writeStartDate', undefined);
    await lab.kafka.deleteGroup(GROUP_OF['purchase-worker']);
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await redeliver(lab, 'purchase-confirmed', payment);
    await lab.waitForSessions(payments);
  },
};
