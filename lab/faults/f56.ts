import type { LabFault } from './fault.ts';
import { committedAt, countRows, deadLettersOf, payOne, RETRIED_MS, waitForRecord } from './steps.ts';

/** Five attempts take 30 s, and the consumer crashes between deliveries. */
const ONE_LETTER_MS = 120_000;

export const fault: LabFault = {
  id: 'f56',
  title: 'no trainer is free, newest generation: a pending row per attempt, the partition blocks',
  expects: { topCause: 'null-trainer-poison', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('allocation-worker', 'noTrainer', true);
    const payment = await payOne(lab);
    const record = await waitForRecord(lab, 'purchase-created', payment);
    const pending = async () =>
      countRows(
        lab,
        `trainer_allocations a join payments p on a.student_id = p.student_id
         where p.id = $1 and a.status = 'pending' and a.trainer_id is null`,
        [payment],
      );
    await lab.until(
      'pending rows and a dead letter',
      async () => {
        return (await pending()) > 1 && (await deadLettersOf(lab, record)) > 0;
      },
      ONE_LETTER_MS,
    );
    if ((await committedAt(lab, 'allocation-worker', record)) !== record.offset)
      throw new Error('the record was passed');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await lab.setSwitch('allocation-worker', 'noTrainer', undefined);
    await lab.waitForSessions(payments, RETRIED_MS);
    // The platform leaves these behind; a person closes them.
    await lab.sql(
      `update trainer_allocations a set status = 'cancelled'
       from payments p
       where a.student_id = p.student_id and p.id::text = any($1) and a.status = 'pending'`,
      [payments],
    );
  },
};
