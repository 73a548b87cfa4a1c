import type { LabFault } from './fault.ts';
import { payOne, waitForRecord } from './steps.ts';
import { waitForLogLine, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f10',
  title: 'session-worker is on no network',
  expects: { topCause: 'worker-cannot-reach-kafka@sessions', exitCode: 1 },
  async inject(lab) {
    await lab.recreate('session-worker', { network: 'none' });
    const payment = await payOne(lab);
    await waitForRecord(lab, 'trainer-allocated', payment);
    await waitForLogLine(lab, 'session-worker', 'getaddrinfo');
    await waitUntilStuckBefore(lab, payment, 'sessions');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.recreate('session-worker');
    await lab.waitForJoined('session-worker');
    await lab.waitForSessions(payments);
  },
};
