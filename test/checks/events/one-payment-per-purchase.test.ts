import { describe, expect, it } from 'vitest';
import { onePaymentPerPurchase } from '../../../src/checks/events/one-payment-per-purchase.ts';
import {
  DAY,
  healthyState,
  idsOf,
  NOW,
  withPayment,
  withPurchase,
  withUnseen,
} from '../../support/states.ts';

const examine = onePaymentPerPurchase.examine;
const ids = idsOf(1);
const paid = withPayment(healthyState(), { upTo: 'purchase-read' });
const owned = (patch: object) =>
  withPurchase(paid, {
    purchaseId: idsOf(9).purchase,
    studentId: ids.student,
    courseId: ids.course,
    isActive: true,
    createdAtMs: NOW - 30 * DAY,
    expiresAtMs: NOW + 60 * DAY,
    paymentId: null,
    ...patch,
  });

describe(onePaymentPerPurchase.id, () => {
  it('passes where each payment has its own', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'created-record' })).status).toBe('pass');
  });

  it('warns of a payment for a course that is owned', () => {
    expect(examine(owned({}))).toMatchObject({
      status: 'warn',
      findings: [{ observed: 'the course was owned already' }],
    });
  });

  it('warns of a second payment while the first is on its way', () => {
    const second = withPayment(healthyState(), {
      n: 2,
      upTo: 'confirmed-record',
      row: { earlierUnfinishedOfPair: ids.payment },
    });
    expect(examine(second)).toMatchObject({ status: 'warn', findings: [{ payments: [idsOf(2).payment] }] });
  });

  it('is unknown where purchases were not seen', () => {
    expect(examine(withUnseen(owned({}), 'purchases')).status).toBe('unknown');
  });

  it('leaves out a renewal, an ended purchase, and another course', () => {
    expect(examine(owned({ expiresAtMs: NOW - 20 * DAY })).status).toBe('pass');
    expect(examine(owned({ isActive: false })).status).toBe('pass');
    expect(examine(owned({ courseId: idsOf(9).course })).status).toBe('pass');
  });
});
