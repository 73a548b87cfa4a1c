import { describe, expect, it } from 'vitest';
import { paymentsNameCourse } from '../../../src/checks/events/payments-name-course.ts';
import { gap, healthyState, idsOf, withPayment, withUnseen } from '../../support/states.ts';

const examine = paymentsNameCourse.examine;

describe(paymentsNameCourse.id, () => {
  it('passes where every payment names one', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'purchase-read' })).status).toBe('pass');
  });

  it('warns of a payment that names none, never fails', () => {
    const state = withPayment(healthyState(), { upTo: 'purchase-read', row: { courseId: null } });
    expect(examine(state)).toMatchObject({
      status: 'warn',
      findings: [{ payments: [idsOf(1).payment], observed: 'names no course' }],
    });
  });

  it('is unknown where payments were not seen', () => {
    expect(examine(withUnseen(healthyState(), 'payments', gap('postgres')))).toEqual({
      status: 'unknown',
      gap: gap('postgres'),
    });
  });

  it('leaves out a payment that did not succeed', () => {
    const state = withPayment(healthyState(), {
      upTo: 'payment-row',
      row: { courseId: null, status: 'failed' },
    });
    expect(examine(state).status).toBe('pass');
  });
});
