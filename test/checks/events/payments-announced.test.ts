import { describe, expect, it } from 'vitest';
import { paymentsAnnounced } from '../../../src/checks/events/payments-announced.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  healthyState,
  idsOf,
  NOW,
  SECOND,
  seenValue,
  withKeyScan,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = paymentsAnnounced.examine;
const silent = withPayment(healthyState(), { upTo: 'payment-row' });

describe(paymentsAnnounced.id, () => {
  it('passes on a payment that was sent', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'confirmed-record' })).status).toBe('pass');
  });

  it('fails on one with neither mark nor record', () => {
    expect(examine(silent)).toMatchObject({
      status: 'fail',
      findings: [{ payments: [idsOf(1).payment], hint: `kc-doctor fix replay-payment ${idsOf(1).payment}` }],
    });
  });

  it('is unknown where marks or records were not seen', () => {
    expect(examine(withUnseen(silent, 'marks')).status).toBe('unknown');
    expect(examine(withUnseen(silent, 'records')).status).toBe('unknown');
  });

  it('is unknown where the log starts later than the payment', () => {
    const { payment } = idsOf(1);
    const scan = seenValue(silent.records.byPayment[payment]?.['purchase-confirmed']);
    const later = withKeyScan(
      silent,
      payment,
      'purchase-confirmed',
      seen({ ...scan, logReachesBack: false }, NOW),
    );
    expect(examine(later).status).toBe('unknown');
  });

  it('is unknown where the window was not read to its beginning', () => {
    const state = healthyState();
    const payments = seenValue(state.payments);
    const short = {
      ...state,
      payments: seen({ ...payments, coveredFromMs: payments.windowStartMs + 1 }, NOW),
    };
    expect(examine(short)).toMatchObject({ status: 'unknown', gap: { code: 'no-time' } });
  });

  it('leaves a marked one to events/marks-reach-kafka, and waits for a young one', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'confirmed-mark' })).status).toBe('pass');
    expect(examine(withPayment(healthyState(), { upTo: 'payment-row', ageMs: 5 * SECOND })).status).toBe(
      'pass',
    );
  });
});
