import { randomUUID } from 'node:crypto';
import type { LabFault } from './fault.ts';
import { countRows } from './steps.ts';

export const fault: LabFault = {
  id: 'h11',
  title: 'a renewal: last term’s purchase expired and ended, its allocation completed',
  expects: { topCause: null, exitCode: 0 },
  async inject(lab) {
    const pair = { studentId: randomUUID(), courseId: randomUUID() };
    const first = await lab.pay(pair);
    await lab.waitForSessions(first);
    await lab.waitForIdle();
    const back = `- interval '200 days'`;
    const student = [pair.studentId];
    await lab.sql(
      `update payments set confirmed_at = confirmed_at ${back}, created_at = created_at ${back}
       where student_id = $1`,
      student,
    );
    await lab.sql(
      `update student_course_purchases
       set created_at = created_at ${back}, purchase_date = purchase_date ${back},
         expiry_date = now() - interval '20 days', is_active = false
       where student_id = $1`,
      student,
    );
    await lab.sql(
      `update trainer_allocations
       set created_at = created_at ${back}, requested_at = requested_at ${back}, status = 'completed'
       where student_id = $1`,
      student,
    );
    await lab.sql(
      `update tutoring_sessions
       set created_at = created_at ${back}, scheduled_date = scheduled_date - 200, status = 'completed'
       where student_id = $1`,
      student,
    );
    const second = await lab.pay(pair);
    const allocations = () =>
      countRows(lab, `trainer_allocations where student_id = $1 and status = 'approved'`, student);
    await lab.until('a second allocation', async () => (await allocations()) === 1);
    await lab.waitForIdle();
    return { payments: second };
  },
  async heal() {},
};
