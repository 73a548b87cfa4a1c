import { describe, expect, it } from 'vitest';
import { readsLeaveEffects } from '../../../src/checks/events/reads-leave-effects.ts';
import {
  deadLetter,
  healthyState,
  idsOf,
  NOW,
  SECOND,
  type Step,
  withDeadLetters,
  withMark,
  withPayment,
  withPurchase,
  withUnseen,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = readsLeaveEffects.examine;
const ids = idsOf(1);
const dropped = withPayment(healthyState(), { upTo: 'purchase-read' });

describe(readsLeaveEffects.id, () => {
  it('passes on a payment that arrived, and on one that is still unread', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
    expect(examine(withPayment(healthyState(), { upTo: 'confirmed-record' })).status).toBe('pass');
  });

  it.each<[Step, string]>([
    ['purchase-read', 'purchase'],
    ['allocation-read', 'allocation'],
    ['sessions-read', 'sessions'],
  ])('fails where the record of %s was dropped, at %s', (upTo, stage) => {
    expect(examine(withPayment(healthyState(), { upTo }))).toMatchObject({
      status: 'fail',
      findings: [{ stage, payments: [ids.payment] }],
    });
  });

  it('is unknown where group, rows, letters or marks were not seen', () => {
    expect(examine(withUnseenGroup(dropped, 'purchase-creation-workers')).status).toBe('unknown');
    expect(examine(withUnseen(dropped, 'purchases')).status).toBe('unknown');
    expect(examine(withUnseen(dropped, 'deadLetters')).status).toBe('unknown');
    expect(examine(withUnseen(dropped, 'marks')).status).toBe('unknown');
  });

  it('leaves out what left a letter or a mark, a young one, and a repeat', () => {
    expect(examine(withDeadLetters(dropped, [deadLetter('purchase-confirmed', 1, 4n)])).status).toBe('pass');
    const marked = withMark(withPayment(healthyState(), { upTo: 'allocation-read' }), {
      eventId: ids.purchase,
      eventType: 'PURCHASE_CREATED',
      correlationId: ids.payment,
      source: 'allocation-worker',
      processedAtMs: NOW,
    });
    expect(examine(marked).status).toBe('pass');
    expect(examine(withPayment(healthyState(), { upTo: 'purchase-read', ageMs: 30 * SECOND })).status).toBe(
      'pass',
    );
    const repeat = withPurchase(dropped, {
      purchaseId: idsOf(9).purchase,
      studentId: ids.student,
      courseId: ids.course,
      isActive: true,
      createdAtMs: NOW - 1e9,
      expiresAtMs: null,
      paymentId: null,
    });
    expect(examine(repeat).status).toBe('pass');
  });
});
