import { fault as f40 } from './f40.ts';
import type { LabFault } from './fault.ts';

export const fault: LabFault = {
  id: 'h9',
  title: 'sessions by top-up, which tells nobody',
  expects: { topCause: null, exitCode: 0 },
  async inject(lab) {
    const injected = await f40.inject(lab);
    await lab.restart('session-worker');
    await lab.waitForSessions(injected.payments);
    return injected;
  },
  async heal() {},
};
