import { randomUUID } from 'node:crypto';
import type { LabFault } from './fault.ts';
import { payOne } from './steps.ts';
import { announcePurchase, waitUntilReached, waitUntilStuckBefore } from './support.ts';

export const fault: LabFault = {
  id: 'f36',
  title: 'a script makes the purchase behind the pipeline’s back',
  expects: { topCause: 'hand-made-rows@purchase', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('payment-service', 'emit', false);
    const payment = await payOne(lab);
    await lab.setSwitch('payment-service', 'emit', undefined);
    // As in the write-ups: the row, and a mark that says who made it.
    await lab.sql(
      `insert into student_course_purchases (student_id, course_id, purchase_tier, expiry_date, metadata)
       select student_id, (meta ->> 'courseId')::uuid, 10, now() + interval '1 year', meta
       from (
         select student_id,
           case jsonb_typeof(metadata) when 'string' then (metadata #>> '{}')::jsonb else metadata end as meta
         from payments
         where id = $1
       ) as paid`,
      [payment],
    );
    await lab.sql(
      `insert into processed_events (event_id, event_type, correlation_id, source)
       values ($1, 'PURCHASE_CONFIRMED', $2, 'fix-script')`,
      [randomUUID(), payment],
    );
    await waitUntilReached(lab, payment, 'purchase');
    await waitUntilStuckBefore(lab, payment, 'allocation');
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    for (const payment of payments) await announcePurchase(lab, payment);
    await lab.waitForSessions(payments);
  },
};
