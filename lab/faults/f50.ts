import type { LabFault } from './fault.ts';
import { countRows, payOne } from './steps.ts';
import { refund } from './support.ts';

export const fault: LabFault = {
  id: 'f50',
  title: 'no trainer is free: a quiet 202 and a pending allocation',
  generation: 'older',
  expects: { topCause: 'no-trainer-available', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('admin-service', 'autoAssign', '202');
    const payment = await payOne(lab);
    const pending = async () =>
      countRows(
        lab,
        `trainer_allocations a join payments p on a.student_id = p.student_id
         where p.id = $1 and a.status = 'pending' and a.trainer_id is null`,
        [payment],
      );
    await lab.until('a pending allocation', async () => (await pending()) === 1);
    await lab.waitForIdle();
    await lab.setSwitch('admin-service', 'autoAssign', undefined);
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await refund(lab, payments);
  },
};
