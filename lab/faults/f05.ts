import type { LabFault } from './fault.ts';
import { payOne, waitForRecord } from './steps.ts';
import { waitForRestarts, waitUntilStuckBefore } from './support.ts';

/** Less than a Node process needs to start; the 64 MB of the field hold this small stand-in. */
const TOO_LITTLE_BYTES = 12 * 1024 * 1024;

export const fault: LabFault = {
  id: 'f05',
  title: 'session-worker has too little memory and is killed for it',
  expects: { topCause: 'worker-crash-loop@sessions', exitCode: 1 },
  async inject(lab) {
    await lab.recreate('session-worker', { memoryBytes: TOO_LITTLE_BYTES });
    const payment = await payOne(lab);
    await waitForRecord(lab, 'trainer-allocated', payment);
    await waitForRestarts(lab, ['session-worker']);
    await waitUntilStuckBefore(lab, payment, 'sessions');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.recreate('session-worker');
    await lab.waitForJoined('session-worker');
    await lab.waitForSessions(payments);
  },
};
