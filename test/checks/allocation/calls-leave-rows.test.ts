import { describe, expect, it } from 'vitest';
import { callsLeaveRows } from '../../../src/checks/allocation/calls-leave-rows.ts';
import {
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  SECOND,
  withLogLines,
  withMark,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = callsLeaveRows.examine;
const ids = idsOf(1);
const read = withPayment(healthyState(), { upTo: 'allocation-read' });
const mark = (source: string) => ({
  eventId: ids.purchase,
  eventType: 'PURCHASE_CREATED',
  correlationId: ids.payment,
  source,
  processedAtMs: NOW - 50 * MINUTE,
});
const accepted = logLine({
  kind: 'auto-assignment-created',
  correlationId: ids.payment,
  atMs: NOW - 50 * MINUTE,
});

describe(callsLeaveRows.id, () => {
  it('passes where the row is there', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'allocation-mark' })).status).toBe('pass');
  });

  it('fails on an accepted call, or a mark of allocation-worker, without row', () => {
    expect(examine(withLogLines(read, 'admin-service', [accepted]))).toMatchObject({
      status: 'fail',
      findings: [{ observed: 'accepted, no allocation', payments: [ids.payment] }],
    });
    expect(examine(withMark(read, mark('allocation-worker')))).toMatchObject({
      status: 'fail',
      findings: [{ observed: 'marked by allocation-worker, no allocation' }],
    });
  });

  it('is unknown where allocations, marks or logs were not seen', () => {
    expect(examine(withUnseen(withMark(read, mark('allocation-worker')), 'allocations')).status).toBe(
      'unknown',
    );
    expect(examine(withUnseen(read, 'marks')).status).toBe('unknown');
    expect(examine(withUnseen(read, 'logs')).status).toBe('unknown');
  });

  it("leaves out cache-worker's mark, a later failure, and a young one", () => {
    expect(examine(withMark(read, mark('cache-worker'))).status).toBe('pass');
    const failed = logLine({
      kind: 'api-error',
      status: 500,
      correlationId: ids.payment,
      atMs: NOW - 49 * MINUTE,
    });
    expect(examine(withLogLines(read, 'allocation-worker', [accepted, failed])).status).toBe('pass');
    const young = withPayment(healthyState(), { upTo: 'allocation-read', ageMs: 30 * SECOND });
    expect(examine(withMark(young, mark('allocation-worker'))).status).toBe('pass');
  });
});
