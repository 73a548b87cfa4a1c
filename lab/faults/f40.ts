import type { LabFault } from './fault.ts';
import { allocationOf, countRows, payOne, redeliver, waitForRecord } from './steps.ts';

/** Long enough for cache-worker to win, short enough for the session timeout. */
const SESSION_WORKER_DELAY_MS = 1_500;

export const fault: LabFault = {
  id: 'f40',
  title: 'cache-worker marks TRAINER_ALLOCATED before session-worker',
  expects: { topCause: 'cache-mark-blocks-sessions', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('session-worker', 'delayMs', SESSION_WORKER_DELAY_MS);
    await lab.setSwitch('cache-worker', 'markFirst', true);
    const paymentId = await payOne(lab);
    await waitForRecord(lab, 'trainer-allocated', paymentId);
    await lab.waitForIdle();
    await lab.setSwitch('session-worker', 'delayMs', undefined);
    await lab.setSwitch('cache-worker', 'markFirst', undefined);
    const allocationId = await allocationOf(lab, paymentId);
    const marks = await countRows(
      lab,
      `processed_events
       where correlation_id = any($1) and event_type = 'TRAINER_ALLOCATED' and source = 'cache-worker'`,
      [[paymentId, allocationId]],
    );
    const sessions = await countRows(lab, 'tutoring_sessions where allocation_id = $1', [allocationId]);
    if (marks === 0 || sessions !== 0) {
      throw new Error(
        `f40 was not seen: ${marks} marks of cache-worker, ${sessions} sessions of ${paymentId}`,
      );
    }
    return { payments: [paymentId] };
  },
  async heal(lab, { payments }) {
    await lab.setSwitch('session-worker', 'delayMs', undefined);
    await lab.setSwitch('cache-worker', 'markFirst', undefined);
    for (const paymentId of payments) {
      await lab.sql(
        `delete from processed_events
         where correlation_id = any($1) and event_type = 'TRAINER_ALLOCATED'`,
        [[paymentId, await allocationOf(lab, paymentId)]],
      );
      await redeliver(lab, 'trainer-allocated', paymentId);
    }
    await lab.waitForSessions(payments);
  },
};
