import type { LabFault } from './fault.ts';

export const fault: LabFault = {
  id: 'h1',
  title: 'no payment for days, no partition has a commit',
  startsFrom: 'young',
  expects: { topCause: null, exitCode: 0 },
  async inject() {
    return { payments: [] };
  },
  async heal() {},
};
