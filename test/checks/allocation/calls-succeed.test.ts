import { describe, expect, it } from 'vitest';
import { callsSucceed } from '../../../src/checks/allocation/calls-succeed.ts';
import {
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  withLog,
  withLogLines,
  withPayment,
  withUnseenLog,
} from '../../support/states.ts';

const examine = callsSucceed.examine;
const failed = (minutesAgo: number, patch: object = {}) =>
  logLine({
    kind: 'api-error',
    level: 'error',
    status: 500,
    atMs: NOW - minutesAgo * MINUTE,
    message: 'API Error: /api/v1/admin/allocations/auto-assign',
    ...patch,
  });
const sixTimes = [6, 5, 4, 3, 2, 1].map((minutes) => failed(minutes));

describe(callsSucceed.id, () => {
  it('passes without an error line', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails on error lines without a later success, and names the payments', () => {
    const state = withPayment(healthyState(), { upTo: 'allocation-read' });
    const own = failed(1, { correlationId: idsOf(1).payment });
    expect(examine(withLogLines(state, 'admin-service', [...sixTimes, own]))).toMatchObject({
      status: 'fail',
      findings: [{ observed: 'answered 500, 7 times', payments: [idsOf(1).payment] }],
    });
  });

  it('counts a call of the worker that did not get through, and no trouble of its Kafka client', () => {
    const told = (logger: 'worker' | 'kafkajs') => {
      const line = failed(1, { kind: 'connection-refused', status: null, message: 'ECONNREFUSED', logger });
      return examine(withLogLines(healthyState(), 'allocation-worker', [line])).status;
    };
    expect([told('worker'), told('kafkajs')]).toEqual(['fail', 'pass']);
  });

  it('warns where a later one succeeded', () => {
    const success = logLine({ kind: 'auto-assignment-created', atMs: NOW });
    expect(examine(withLogLines(healthyState(), 'admin-service', [...sixTimes, success])).status).toBe(
      'warn',
    );
  });

  it('is unknown where a log was not seen, or does not reach back', () => {
    expect(examine(withUnseenLog(healthyState(), 'admin-service')).status).toBe('unknown');
    expect(examine(withLog(healthyState(), 'allocation-worker', { reachesStart: false })).status).toBe(
      'unknown',
    );
  });

  it('does not count other routes of admin-service', () => {
    const other = failed(1, { message: 'API Error: /api/v1/admin/trainers' });
    expect(examine(withLogLines(healthyState(), 'admin-service', [other])).status).toBe('pass');
  });
});
