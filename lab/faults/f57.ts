import type { LabFault } from './fault.ts';
import { allocationOf, countRows, deadLettersOf, payOne, waitForRecord } from './steps.ts';
import { sessionsAgain, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f57',
  title: 'session-worker fails once, and cache-worker’s mark makes its second attempt skip',
  expects: { topCause: 'session-failure-swallowed', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('session-worker', 'failFirstAttempt', true);
    await lab.setSwitch('cache-worker', 'markFirst', true);
    const payment = await payOne(lab);
    const record = await waitForRecord(lab, 'trainer-allocated', payment);
    await lab.waitForIdle();
    await lab.setSwitch('session-worker', 'failFirstAttempt', undefined);
    await lab.setSwitch('cache-worker', 'markFirst', undefined);
    const allocation = await allocationOf(lab, payment);
    const sessions = await countRows(lab, 'tutoring_sessions where allocation_id = $1', [allocation]);
    const letters = await deadLettersOf(lab, record);
    const failures = (await lab.logs('session-worker')).includes('Failed to process TRAINER_ALLOCATED');
    if (sessions !== 0 || letters !== 0 || !failures) {
      throw new Error(
        `f57 was not seen: ${sessions} sessions, ${letters} letters, failure line: ${failures}`,
      );
    }
    await waitUntilStuckBefore(lab, payment, 'sessions');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await sessionsAgain(lab, payment);
    await lab.waitForSessions(payments);
  },
};
