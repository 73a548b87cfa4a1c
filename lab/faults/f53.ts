import { paymentIdIn } from '../services/shared/partition.ts';
import type { LabFault } from './fault.ts';
import { payOne, waitForRecord } from './steps.ts';

const BROKEN_PARTITION = 2;
const NEIGHBOUR_PARTITION = 0;
const GROUP = 'purchase-creation-workers';

export const fault: LabFault = {
  id: 'f53',
  title: 'one record that is not JSON stops all partitions of purchase-worker, its container stays up',
  expects: { topCause: 'consumer-dead-in-running-container@purchase', exitCode: 1 },
  async inject(lab) {
    // The key of a payment that has arrived: the broken record itself loses nothing.
    const arrived = paymentIdIn(BROKEN_PARTITION);
    await lab.pay({ paymentId: arrived });
    await lab.waitForSessions([arrived]);
    await lab.kafka.send('purchase-confirmed', [
      { key: arrived, value: '{"paymentId":', partition: BROKEN_PARTITION },
    ]);
    await lab.kafka.waitForGroupState(GROUP, 'Empty');
    const stuck = await payOne(lab, NEIGHBOUR_PARTITION);
    await waitForRecord(lab, 'purchase-confirmed', stuck);
    await lab.until('the consumer is dead inside a running container', async () => {
      const { services } = await lab.status();
      const worker = services.find((entry) => entry.service === 'purchase-worker');
      const { state } = await lab.kafka.group(GROUP);
      const lines = (await lab.logs('purchase-worker')).split('\n');
      const crash = lines.findLastIndex((line) =>
        line.includes('[Consumer] Crash: KafkaJSNonRetriableError'),
      );
      const restarts = lines.slice(crash).some((line) => line.includes('Restarting the consumer in'));
      return worker?.status === 'running' && state === 'Empty' && crash >= 0 && !restarts;
    });
    const broken = (await lab.kafka.records('purchase-confirmed', BROKEN_PARTITION)).find(isBroken);
    if (broken === undefined) throw new Error('the broken record is not in the topic');
    return { payments: [stuck], notes: { offset: String(broken.offset) } };
  },
  async heal(lab, { payments, notes }) {
    const offset = notes?.['offset'];
    if (offset === undefined) throw new Error('f53 left no note of the broken record');
    await lab.stop('purchase-worker');
    await lab.kafka.waitForGroupState(GROUP, 'Empty');
    await lab.kafka.commit(GROUP, [
      { topic: 'purchase-confirmed', partition: BROKEN_PARTITION, offset: BigInt(offset) + 1n },
    ]);
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions(payments);
  },
};

function isBroken({ value }: { readonly value: string | null }): boolean {
  return value === '{"paymentId":';
}
