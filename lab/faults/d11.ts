import { fault as f33 } from './f33.ts';
import type { LabFault } from './fault.ts';

const KILLED = ['purchase-worker', 'allocation-worker'] as const;

export const fault: LabFault = {
  ...f33,
  id: 'd11',
  title: 'workers that were killed once (137) and run again, beside a mark without a record',
  async inject(lab) {
    for (const worker of KILLED) {
      await lab.kill(worker);
      await lab.start(worker);
      await lab.waitForJoined(worker);
    }
    return f33.inject(lab);
  },
};
