import type { LabFault } from './fault.ts';
import { countRows, payOne, recordsOf } from './steps.ts';

const PARTITION = 1;

export const fault: LabFault = {
  id: 'f33',
  title: 'the send of PURCHASE_CONFIRMED fails after its mark, and the retry queue is lost',
  expects: { topCause: 'mark-without-record', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('payment-service', 'failSend', true);
    await lab.setSwitch('payment-service', 'fallback', false);
    const paymentId = await payOne(lab, PARTITION);
    // The outage is over; the mark stays.
    await lab.setSwitch('payment-service', 'failSend', undefined);
    await lab.setSwitch('payment-service', 'fallback', undefined);
    // A later payment of the same partition that arrives proves that the lost one is not just late.
    await lab.waitForSessions([await payOne(lab, PARTITION)]);
    const marks = await countRows(
      lab,
      `processed_events
       where correlation_id = $1 and event_type = 'PURCHASE_CONFIRMED' and source = 'payment-service'`,
      [paymentId],
    );
    const records = await recordsOf(lab, 'purchase-confirmed', paymentId);
    if (marks !== 1 || records.length !== 0) {
      throw new Error(`f33 was not seen: ${marks} marks, ${records.length} records of ${paymentId}`);
    }
    return { payments: [paymentId] };
  },
  async heal(lab, { payments }) {
    for (const paymentId of payments) {
      const answer = await fetch(`${lab.url('payment-service')}/lab/emit`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ paymentId }),
      });
      if (!answer.ok)
        throw new Error(`payment-service answered ${answer.status} to the emission of ${paymentId}`);
    }
    await lab.waitForSessions(payments);
  },
};
