import { GROUP_OF } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { countRows, payOne, redeliver, waitForRecord } from './steps.ts';

export const fault: LabFault = {
  id: 'f39',
  title: 'allocation-worker marks before it verifies, and admin-service answers 201 without a row',
  generation: 'older',
  expects: { topCause: 'marks-before-verify', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('allocation-worker', 'earlyMark', true);
    // The early-marking image is deployed anew: its log holds no line of a verified allocation.
    await lab.stop('allocation-worker');
    await lab.kafka.waitForGroupState(GROUP_OF['allocation-worker'], 'Empty');
    await lab.recreate('allocation-worker');
    await lab.waitForJoined('allocation-worker');
    await lab.setSwitch('admin-service', 'autoAssign', 'no-row');
    const paymentId = await payOne(lab);
    await waitForRecord(lab, 'trainer-allocated', paymentId);
    await lab.waitForIdle();
    // admin-service is well again; the mark keeps the payment from a second try.
    await lab.setSwitch('admin-service', 'autoAssign', undefined);
    const marks = await countRows(
      lab,
      `processed_events
       where correlation_id = $1 and event_type = 'PURCHASE_CREATED' and source = 'allocation-worker'`,
      [paymentId],
    );
    const allocations = await countRows(
      lab,
      'trainer_allocations a join payments p on a.student_id = p.student_id where p.id = $1',
      [paymentId],
    );
    if (marks !== 1 || allocations !== 0) {
      throw new Error(`f39 was not seen: ${marks} marks, ${allocations} allocations of ${paymentId}`);
    }
    return { payments: [paymentId] };
  },
  async heal(lab, { payments }) {
    await lab.setSwitch('allocation-worker', 'earlyMark', undefined);
    await lab.setSwitch('admin-service', 'autoAssign', undefined);
    for (const paymentId of payments) {
      await lab.sql(
        `delete from processed_events
         where correlation_id = $1 and event_type in ('PURCHASE_CREATED', 'TRAINER_ALLOCATED')`,
        [paymentId],
      );
      await redeliver(lab, 'purchase-created', paymentId);
    }
    await lab.waitForSessions(payments);
  },
};
