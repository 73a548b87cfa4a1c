import { GROUP_OF } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { payOne, waitForRecord, waitUntilStuckBefore } from './support.ts';

const GROUP = GROUP_OF['purchase-worker'];
const TOPIC = 'purchase-confirmed';

export const fault: LabFault = {
  id: 'f19',
  title: 'purchase-worker is deployed for the first time after the first payment',
  startsFrom: 'young',
  expects: { topCause: 'no-committed-offset@purchase', exitCode: 1 },

  async inject(lab) {
    await lab.remove('purchase-worker');
    await lab.kafka.deleteGroup(GROUP);
    const payment = await payOne(lab);
    const record = await waitForRecord(lab, TOPIC, payment);
    await lab.recreate('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await waitUntilStuckBefore(lab, payment, 'purchase');
    const commits = await lab.kafka.committed(GROUP, TOPIC);
    const commit = commits.find(({ partition }) => partition === record.partition);
    if (commit?.offset !== null) throw new Error(`${GROUP} has a commit on partition ${record.partition}`);
    return { payments: [payment] };
  },

  async heal(lab, { payments }) {
    await lab.stop('purchase-worker');
    await lab.kafka.waitForGroupState(GROUP, 'Empty');
    const starts = await lab.kafka.ends(TOPIC);
    // What the group has read since is found in the table and not made twice.
    await lab.kafka.commit(
      GROUP,
      starts.map(({ partition, low }) => ({ topic: TOPIC, partition, offset: low })),
    );
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions(payments);
  },
};
