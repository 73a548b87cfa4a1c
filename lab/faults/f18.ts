import { GROUP_OF } from '../platform.ts';
import { paymentIdIn } from '../services/shared/partition.ts';
import type { LabFault } from './fault.ts';
import { waitForRecord } from './steps.ts';
import { waitUntilStuckBefore } from './support.ts';

const TOPIC = 'purchase-confirmed';
const GROUP = GROUP_OF['purchase-worker'];
const PARTITIONS = 6;

export const fault: LabFault = {
  id: 'f18',
  title: 'partitions are added to purchase-confirmed, and the worker begins behind what lands there',
  expects: { topCause: 'misrouted-records@purchase', exitCode: 1 },
  async inject(lab) {
    await lab.stop('purchase-worker');
    await lab.kafka.waitForGroupState(GROUP, 'Empty');
    await lab.kafka.addPartitions(TOPIC, PARTITIONS);
    // payment-service learns of them when it next asks for metadata; started anew it asks at once.
    await lab.restart('payment-service');
    await lab.waitForHealth('payment-service');
    const payment = await payInAddedPartition();
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };

    async function payInAddedPartition(): Promise<string> {
      for (;;) {
        const [payment] = await lab.pay({ paymentId: paymentIdIn(undefined) });
        if (payment === undefined) throw new Error('payment-service made no payment');
        if ((await waitForRecord(lab, TOPIC, payment)).partition >= 3) return payment;
      }
    }
  },
  async heal(lab, { payments }) {
    for (const payment of payments) {
      const { partition, offset } = await waitForRecord(lab, TOPIC, payment);
      await lab.stop('purchase-worker');
      await lab.kafka.waitForGroupState(GROUP, 'Empty');
      await lab.kafka.commit(GROUP, [{ topic: TOPIC, partition, offset }]);
    }
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions(payments);
  },
};
