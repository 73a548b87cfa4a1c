import { describe, expect, it } from 'vitest';
import { trainersAssigned } from '../../../src/checks/allocation/trainers-assigned.ts';
import { seen } from '../../../src/platform/observed.ts';
import type { AllocationRow, PlatformState } from '../../../src/platform/state.ts';
import {
  deadLetter,
  HOUR,
  healthyState,
  idsOf,
  MINUTE,
  NOW,
  SECOND,
  seenValue,
  withAllocation,
  withDeadLetters,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = trainersAssigned.examine;
const pending = (n: number, ageMs: number, of = n): AllocationRow => ({
  allocationId: idsOf(n).allocation,
  studentId: idsOf(of).student,
  courseId: idsOf(of).course,
  trainerId: null,
  status: 'pending',
  requestedAtMs: NOW - ageMs,
  createdAtMs: NOW - ageMs,
  updatedAtMs: NOW - ageMs,
});
const waiting = (...rows: readonly AllocationRow[]): PlatformState => {
  const state = healthyState();
  return { ...state, anomalies: seen({ ...seenValue(state.anomalies), pendingWithoutTrainer: rows }, NOW) };
};
const poisoned = [11, 12, 13].reduce(
  (state, n) => withAllocation(state, pending(n, 50 * MINUTE, 1)),
  withDeadLetters(
    withPayment(healthyState(), { upTo: 'created-record' }),
    [120, 60].map((seconds) => deadLetter('purchase-created', 1, 4n, { atMs: NOW - seconds * SECOND })),
  ),
);

describe(trainersAssigned.id, () => {
  it('passes where all have one', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
  });

  it('fails where the record blocks and each attempt leaves a row', () => {
    expect(examine(poisoned)).toMatchObject({
      status: 'fail',
      findings: [
        {
          payments: [idsOf(1).payment],
          observed: 'no trainer, 3 pending rows, and its record blocks the partition',
        },
      ],
    });
  });

  it('warns of students who have waited for over a day, counted once each', () => {
    expect(
      examine(waiting(pending(2, 30 * HOUR), pending(3, 40 * HOUR), pending(4, 41 * HOUR, 3))),
    ).toMatchObject({
      status: 'warn',
      findings: [{ observed: '2 students wait for a trainer, the longest for 41 h' }],
    });
  });

  it('passes on a result that is younger', () => {
    expect(examine(waiting(pending(2, 20 * HOUR))).status).toBe('pass');
    const passed = withAllocation(
      withPayment(healthyState(), { upTo: 'allocation-read' }),
      pending(11, 50 * MINUTE, 1),
    );
    expect(examine(passed).status).toBe('pass');
  });

  it('is unknown where allocations, groups or anomalies were not seen', () => {
    expect(examine(withUnseen(poisoned, 'allocations')).status).toBe('unknown');
    expect(examine(withUnseen(poisoned, 'groups')).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'anomalies')).status).toBe('unknown');
  });
});
