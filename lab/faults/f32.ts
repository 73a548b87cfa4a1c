import type { LabFault } from './fault.ts';
import { countRows, payOne, recordsOf } from './steps.ts';
import { emitAgain } from './support.ts';

export const fault: LabFault = {
  id: 'f32',
  title: 'payment-service takes the money and announces nothing',
  expects: { topCause: 'payment-service-never-emitted', exitCode: 1 },
  async inject(lab) {
    await lab.setSwitch('payment-service', 'emit', false);
    const payment = await payOne(lab);
    await lab.setSwitch('payment-service', 'emit', undefined);
    await lab.waitForSessions([await payOne(lab)]);
    const marks = await countRows(lab, 'processed_events where correlation_id = $1', [payment]);
    const records = await recordsOf(lab, 'purchase-confirmed', payment);
    if (marks !== 0 || records.length !== 0) {
      throw new Error(`f32 was not seen: ${marks} marks, ${records.length} records of ${payment}`);
    }
    return { payments: [payment] };
  },
  async heal(lab, { payments }) {
    await emitAgain(lab, payments);
    await lab.waitForSessions(payments);
  },
};
