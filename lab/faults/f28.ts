import { GROUP_OF } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { redeliver, waitForRecord } from './steps.ts';
import { waitUntilStuckBefore } from './support.ts';

const PARTITION = 1;
const TOPIC = 'purchase-confirmed';
const GROUP = GROUP_OF['purchase-worker'];

export const fault: LabFault = {
  id: 'f28',
  title: 'the offsets of purchase-worker are reset to the latest, past three unread records',
  expects: { topCause: 'forward-reset@purchase', exitCode: 1 },
  async inject(lab) {
    await lab.waitForSessions(await lab.pay({ count: 5, partition: PARTITION }));
    await lab.stop('purchase-worker');
    await lab.kafka.waitForGroupState(GROUP, 'Empty');
    const payments = await lab.pay({ count: 3, partition: PARTITION });
    for (const payment of payments) await waitForRecord(lab, TOPIC, payment);
    const ends = await lab.kafka.ends(TOPIC);
    await lab.kafka.commit(
      GROUP,
      ends.map(({ partition, high }) => ({ topic: TOPIC, partition, offset: high })),
    );
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    for (const payment of payments) await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments };
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await redeliver(lab, TOPIC, payment);
    await lab.waitForSessions(payments);
  },
};
