import { describe, expect, it } from 'vitest';
import { sessionsExist } from '../../../src/checks/events/sessions-exist.ts';
import { seen } from '../../../src/platform/observed.ts';
import type { AllocationRow, PlatformState } from '../../../src/platform/state.ts';
import {
  DAY,
  HOUR,
  healthyState,
  idsOf,
  NOW,
  SECOND,
  seenValue,
  withPayment,
  withSessions,
  withUnseen,
} from '../../support/states.ts';

const examine = sessionsExist.examine;
const ids = idsOf(1);
const stranger = idsOf(7);
const anomaly = (ageMs: number, patch: Partial<AllocationRow> = {}): PlatformState => {
  const state = healthyState();
  const row: AllocationRow = {
    allocationId: stranger.allocation,
    studentId: stranger.student,
    courseId: stranger.course,
    trainerId: 'trainer',
    status: 'approved',
    requestedAtMs: NOW - ageMs,
    createdAtMs: NOW - ageMs,
    updatedAtMs: NOW - ageMs,
    ...patch,
  };
  const anomalies = { ...seenValue(state.anomalies), liveAllocationsWithoutSessions: [row] };
  return { ...state, anomalies: seen(anomalies, NOW) };
};
const served = (ageMs: number, future: number, total = 7): PlatformState =>
  withSessions(withPayment(healthyState(), { upTo: 'sessions-read', ageMs }), {
    allocationId: ids.allocation,
    total,
    future,
    firstCreatedAtMs: NOW - ageMs,
    courseIdSet: false,
  });

describe(sessionsExist.id, () => {
  it('passes where live allocations have sessions', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
  });

  it('fails on the allocation of a payment without sessions', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'sessions-read' }))).toMatchObject({
      status: 'fail',
      findings: [{ subject: { kind: 'allocation', allocation: ids.allocation }, payments: [ids.payment] }],
    });
  });

  it('fails on an allocation of the window whoever paid, once past the grace', () => {
    expect(examine(anomaly(HOUR))).toMatchObject({ status: 'fail', findings: [{ payments: [] }] });
    expect(examine(anomaly(30 * SECOND)).status).toBe('pass');
  });

  it('counts the grace from a late approval', () => {
    expect(examine(anomaly(HOUR, { updatedAtMs: NOW - 10 * SECOND })).status).toBe('pass');
  });

  it('warns of a want that no top-up filled in 6 hours, and not before', () => {
    expect(examine(served(DAY, 2))).toMatchObject({
      status: 'warn',
      findings: [{ payments: [ids.payment] }],
    });
    expect(examine(served(HOUR, 2)).status).toBe('pass');
  });

  it('does not warn where all that was bought was made', () => {
    expect(examine(served(DAY, 0, 10)).status).toBe('pass');
  });

  it.each(['sessions', 'allocations', 'anomalies'] as const)('is unknown where %s were not seen', (part) => {
    expect(examine(withUnseen(healthyState(), part)).status).toBe('unknown');
  });
});
