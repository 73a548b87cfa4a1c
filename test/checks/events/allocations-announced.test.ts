import { describe, expect, it } from 'vitest';
import { allocationsAnnounced } from '../../../src/checks/events/allocations-announced.ts';
import {
  healthyState,
  idsOf,
  NOW,
  SECOND,
  withAllocation,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = allocationsAnnounced.examine;
const ids = idsOf(1);
const silent = withPayment(healthyState(), { upTo: 'allocation-mark' });
const byHand = withPayment(healthyState(), {
  upTo: 'cache-read',
  without: ['allocated-record', 'sessions-read', 'generated-record'],
});

describe(allocationsAnnounced.id, () => {
  it('passes on an announced allocation', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
  });

  it('fails on one without record and sessions', () => {
    expect(examine(silent)).toMatchObject({
      status: 'fail',
      findings: [
        {
          stage: 'allocation',
          payments: [ids.payment],
          hint: `kc-doctor fix replay-payment ${ids.payment} at sessions`,
        },
      ],
    });
  });

  it('only warns where sessions exist: approved by hand, pages old', () => {
    expect(examine(byHand)).toMatchObject({
      status: 'warn',
      findings: [{ hint: `kc-doctor fix invalidate-student-cache ${ids.student}` }],
    });
  });

  it('is unknown where allocations, records or sessions were not seen', () => {
    expect(examine(withUnseen(silent, 'allocations')).status).toBe('unknown');
    expect(examine(withUnseen(silent, 'records')).status).toBe('unknown');
    expect(examine(withUnseen(silent, 'sessions')).status).toBe('unknown');
  });

  it('leaves out a young one and a pending one', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'allocation-mark', ageMs: 5 * SECOND })).status).toBe(
      'pass',
    );
    const pending = withAllocation(withPayment(healthyState(), { upTo: 'allocation-read' }), {
      allocationId: ids.allocation,
      studentId: ids.student,
      courseId: ids.course,
      trainerId: null,
      status: 'pending',
      requestedAtMs: NOW - 1e6,
      createdAtMs: NOW - 1e6,
      updatedAtMs: NOW - 1e6,
    });
    expect(examine(pending).status).toBe('pass');
  });

  it('vouches for no record where no broker answered, with nothing under way either', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(withUnseen(healthyState(), 'cluster')).status).toBe('unknown');
  });
});
