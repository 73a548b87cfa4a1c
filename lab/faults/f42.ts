import { randomUUID } from 'node:crypto';
import type { LabFault } from './fault.ts';
import { countRows } from './steps.ts';
import { refund } from './support.ts';

export const fault: LabFault = {
  id: 'f42',
  title: 'a student pays a second time for the same course',
  expects: { topCause: 'repeat-payment', exitCode: 1 },
  async inject(lab) {
    const pair = { studentId: randomUUID(), courseId: randomUUID() };
    const first = await lab.pay(pair);
    await lab.waitForSessions(first);
    // Nobody pays twice in a second; kc-doctor takes a purchase of the last minute for the payment's own.
    await lab.sql(`update payments set confirmed_at = confirmed_at - interval '1 hour' where id = any($1)`, [
      first,
    ]);
    await lab.sql(
      `update student_course_purchases set created_at = created_at - interval '1 hour' where student_id = $1`,
      [pair.studentId],
    );
    const second = await lab.pay(pair);
    await lab.waitForIdle();
    const purchases = await countRows(lab, 'student_course_purchases where student_id = $1', [
      pair.studentId,
    ]);
    if (purchases !== 1) throw new Error(`f42 was not seen: ${purchases} purchases`);
    return { payments: second };
  },
  async heal(lab, { payments }) {
    await refund(lab, payments);
  },
};
