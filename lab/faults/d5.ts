import { fault as f46 } from './f46.ts';
import type { LabFault } from './fault.ts';
import { payOne } from './steps.ts';
import { waitForLogLine } from './support.ts';

export const fault: LabFault = {
  ...f46,
  id: 'd5',
  title:
    'the newest purchase-worker’s 42P10 warnings with all guards valid, beside auto-assign that answers 500',
  async inject(lab) {
    await lab.recreate('purchase-worker', { environment: { LAB_GENERATION: 'newest' } });
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions([await payOne(lab)]);
    await waitForLogLine(lab, 'purchase-worker', '42P10');
    return f46.inject(lab);
  },
  async heal(lab, injected) {
    await f46.heal(lab, injected);
    await lab.recreate('purchase-worker');
    await lab.waitForJoined('purchase-worker');
  },
};
