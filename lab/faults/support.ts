import type { Lab } from '../contract.ts';
import type { LabRecord } from '../kafka/client.ts';
import type { Topic } from '../platform.ts';

/** Ten times what a healthy payment takes from end to end, so that what is missing then is not merely late. */
const STUCK_AGE_MS = 3_000;

export type Stage = 'purchase' | 'allocation' | 'sessions';

const ROW_OF_STAGE: Readonly<Record<Stage, string>> = {
  purchase: `
    select s.id
    from payments p
    join student_course_purchases s on s.student_id = p.student_id
    where p.id::text = $1`,
  allocation: `
    select a.id
    from payments p
    join trainer_allocations a on a.student_id = p.student_id
    where p.id::text = $1
      and a.status in ('approved', 'active')`,
  sessions: `
    select s.id
    from payments p
    join trainer_allocations a on a.student_id = p.student_id
    join tutoring_sessions s on s.allocation_id = a.id
    where p.id::text = $1`,
};

/** Payments of the lab have a student each, unless they are asked to share one. */
async function hasReached(lab: Lab, payment: string, stage: Stage): Promise<boolean> {
  return (await lab.sql(ROW_OF_STAGE[stage], [payment])).length > 0;
}

export async function waitUntilReached(lab: Lab, payment: string, stage: Stage): Promise<void> {
  await lab.until(`${payment} reaches ${stage}`, () => hasReached(lab, payment, stage));
}

/** Until the payment is too old to be on its way; rejects when it has reached the stage all the same. */
export async function waitUntilStuckBefore(lab: Lab, payment: string, stage: Stage): Promise<void> {
  await lab.waitForAge([payment], STUCK_AGE_MS);
  if (await hasReached(lab, payment, stage)) throw new Error(`${payment} reached ${stage} despite the fault`);
}

/** The payment's record, once it lies in the topic. */
export async function waitForRecord(lab: Lab, topic: Topic, payment: string): Promise<LabRecord> {
  return await lab.until(`${payment} in ${topic}`, async () =>
    (await lab.kafka.records(topic)).find((record) => record.key === payment),
  );
}

export async function payOne(lab: Lab, partition?: number): Promise<string> {
  const [payment] = await lab.pay(partition === undefined ? 1 : { count: 1, partition });
  if (payment === undefined) throw new Error('payment-service made no payment');
  return payment;
}
