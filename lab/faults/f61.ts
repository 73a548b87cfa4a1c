import { LabDocker } from '../docker.ts';
import type { LabFault } from './fault.ts';
import { payOne, RETRIED_MS, waitForRecord } from './steps.ts';
import { waitForLogLine, waitUntilStuckBefore } from './support.ts';

/** kafkajs says nothing for 71 s after a cut, because what it waits for times out first. */
const SILENCE_MS = 120_000;

export const fault: LabFault = {
  id: 'f61',
  title: 'allocation-worker, joined, is cut from the network',
  expects: { topCause: 'worker-cannot-reach-kafka@allocation', exitCode: 1 },
  async inject(lab) {
    await new LabDocker().disconnect(lab.network, lab.container('allocation-worker'));
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-created', payment);
    await waitForLogLine(lab, 'allocation-worker', 'Connection error', SILENCE_MS);
    await waitUntilStuckBefore(lab, payment, 'allocation');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    const docker = new LabDocker();
    await docker.connect(lab.network, lab.container('allocation-worker'), ['allocation-worker']);
    await lab.waitForJoined('allocation-worker', RETRIED_MS);
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
