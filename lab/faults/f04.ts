import type { LabFault } from './fault.ts';
import { payOne, RETRIED_MS, waitForRecord } from './steps.ts';
import { waitForRestarts, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f04',
  title: 'purchase-worker exits 1 at every start',
  expects: { topCause: 'worker-crash-loop@purchase', exitCode: 1 },
  async inject(lab) {
    const script = `
      const timestamp = new Date().toISOString().slice(0, 19).replace('T', ' ');
      const message = "uncaughtException: Cannot find module './config/pricing'";
      console.log(JSON.stringify({ level: 'error', message, service: 'purchase-worker', timestamp }));
      process.exit(1);`;
    await lab.recreate('purchase-worker', { command: [process.execPath, '-e', script] });
    const payment = await payOne(lab);
    await waitForRecord(lab, 'purchase-confirmed', payment);
    await waitForRestarts(lab, ['purchase-worker']);
    await waitUntilStuckBefore(lab, payment, 'purchase');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.recreate('purchase-worker');
    await lab.waitForJoined('purchase-worker');
    await lab.waitForSessions(payments, RETRIED_MS);
  },
};
