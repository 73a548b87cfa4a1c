import type { Lab } from '../contract.ts';
import type { LabRecord } from '../kafka/client.ts';
import type { ComposeService, Topic } from '../platform.ts';
import { allocationOf, redeliver } from './steps.ts';

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

/** The third restart shows a loop; Docker waits a little longer before each. */
const LOOP_RESTARTS = 3;
/** A worker that cannot reach Kafka lives 10 to 24 s each time. */
const LOOP_TIMEOUT_MS = 180_000;

export async function waitForRestarts(lab: Lab, services: readonly ComposeService[]): Promise<void> {
  const isLooping = async () => {
    const status = await lab.status();
    return services.every((service) =>
      status.services.some((one) => one.service === service && one.restartCount >= LOOP_RESTARTS),
    );
  };
  await lab.until(`${services.join(', ')} restarting`, isLooping, LOOP_TIMEOUT_MS);
}

export async function waitForLogLine(
  lab: Lab,
  service: ComposeService,
  text: string,
  timeoutMs = 60_000,
): Promise<void> {
  const isThere = async () => (await lab.logs(service)).includes(text);
  await lab.until(`"${text}" in the log of ${service}`, isThere, timeoutMs);
}

/** payment-service sends the event once more, whatever the marks say. */
export async function emitAgain(lab: Lab, payments: readonly string[]): Promise<void> {
  for (const paymentId of payments) {
    const answer = await fetch(`${lab.url('payment-service')}/lab/emit`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ paymentId }),
    });
    if (!answer.ok) throw new Error(`payment-service answered ${answer.status} to ${paymentId}`);
  }
}

interface PurchaseToAnnounce {
  readonly id: string;
  readonly student_id: string;
  readonly course_id: string;
  readonly purchase_tier: number;
  readonly metadata: unknown;
}

/** PURCHASE_CREATED for a purchase that was made without one. */
export async function announcePurchase(lab: Lab, payment: string): Promise<void> {
  const [purchase] = await lab.sql<PurchaseToAnnounce>(
    `select s.id, s.student_id, s.course_id, s.purchase_tier, s.metadata
     from student_course_purchases s
     join payments p on s.student_id = p.student_id
     where p.id::text = $1`,
    [payment],
  );
  if (purchase === undefined) throw new Error(`no purchase of ${payment}`);
  const { id, student_id: studentId, course_id: courseId, purchase_tier: purchaseTier, metadata } = purchase;
  const about = { eventId: id, correlationId: payment, source: 'purchase-worker', version: '1.0' };
  const value = {
    purchaseId: id,
    studentId,
    courseId,
    purchaseTier,
    metadata,
    userId: studentId,
    role: 'student',
    timestamp: Date.now(),
    _metadata: { ...about, timestamp: Date.now() },
  };
  await lab.kafka.send('purchase-created', [
    { key: payment, value: JSON.stringify(value), headers: { ...about, eventType: 'PURCHASE_CREATED' } },
  ]);
}

interface AllocationToAnnounce {
  readonly id: string;
  readonly student_id: string;
  readonly course_id: string;
  readonly trainer_id: string;
  readonly metadata: { readonly sessionCount: number; readonly startDate: string };
}

/** TRAINER_ALLOCATED for an allocation that was made without one. */
export async function announceAllocation(lab: Lab, payment: string): Promise<void> {
  const [row] = await lab.sql<AllocationToAnnounce>(
    `select id, student_id, course_id, trainer_id, metadata from trainer_allocations where id = $1`,
    [await allocationOf(lab, payment)],
  );
  if (row === undefined) throw new Error(`no allocation of ${payment}`);
  const { sessionCount, startDate } = row.metadata;
  const about = { eventId: row.id, correlationId: payment, source: 'allocation-worker', version: '1.0' };
  const value = {
    allocationId: row.id,
    trainerId: row.trainer_id,
    studentId: row.student_id,
    courseId: row.course_id,
    sessionCount,
    startDate,
    endDate: startDate,
    userId: row.student_id,
    role: 'student',
    timestamp: Date.now(),
    _metadata: { ...about, timestamp: Date.now() },
  };
  await lab.kafka.send('trainer-allocated', [
    { key: payment, value: JSON.stringify(value), headers: { ...about, eventType: 'TRAINER_ALLOCATED' } },
  ]);
}

/** TRAINER_ALLOCATED once more, with nobody's mark in the way. */
export async function sessionsAgain(lab: Lab, payment: string): Promise<void> {
  await lab.sql(
    `delete from processed_events
     where event_type = 'TRAINER_ALLOCATED' and correlation_id = any($1)`,
    [[payment, await allocationOf(lab, payment)]],
  );
  await redeliver(lab, 'trainer-allocated', payment);
}

/** What a person decides where no course can follow. */
export async function refund(lab: Lab, payments: readonly string[]): Promise<void> {
  await lab.sql(`update payments set status = 'refunded' where id::text = any($1)`, [payments]);
}
