import type { LabFault } from './fault.ts';
import { payOne, recordsOf } from './steps.ts';
import { announceAllocation, waitUntilReached, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f35',
  title: 'allocation-worker dies between the allocation and its event, and finds the row when it comes back',
  expects: { topCause: 'emission-lost-after-row@allocation', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('allocation-worker', 'dieBeforeEmission', true);
    const payment = await payOne(lab);
    await waitUntilReached(lab, payment, 'allocation');
    await lab.setSwitch('allocation-worker', 'dieBeforeEmission', undefined);
    await lab.waitForJoined('allocation-worker', 120_000);
    await lab.waitForIdle(120_000);
    await waitUntilStuckBefore(lab, payment, 'sessions');
    if ((await recordsOf(lab, 'trainer-allocated', payment)).length !== 0)
      throw new Error(`the allocation of ${payment} was announced`);
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await announceAllocation(lab, payment);
    await lab.waitForSessions(payments);
  },
};
