import { fault as f28 } from './f28.ts';
import type { LabFault } from './fault.ts';

/** Longer than the lab's grace of a record to be read: whoever stops the worker now did not cause the losses. */
const LATER_MS = 20_000;

export const fault: LabFault = {
  ...f28,
  id: 'd14',
  title: 'purchase-worker is stopped long after the losses of an offset reset',
  async inject(lab) {
    const injected = await f28.inject(lab);
    await lab.waitForAge(injected.payments, LATER_MS);
    await lab.stop('purchase-worker');
    return injected;
  },
  async heal(lab, injected) {
    await lab.start('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await f28.heal(lab, injected);
  },
};
