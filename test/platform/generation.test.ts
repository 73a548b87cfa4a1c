import { describe, expect, it } from 'vitest';
import { generationOf } from '../../src/platform/generation.ts';
import { seen } from '../../src/platform/observed.ts';
import {
  healthyState,
  idsOf,
  NOW,
  seenValue,
  withKeyScan,
  withPayment,
  withSessions,
  withSettings,
  withUnseenLog,
} from '../support/states.ts';

const silent = withUnseenLog(healthyState(), 'allocation-worker');
const sessions = (courseIdSet: boolean, n = 1, firstCreatedAtMs = NOW) =>
  ({ allocationId: idsOf(n).allocation, total: 7, future: 7, firstCreatedAtMs, courseIdSet }) as const;

/** One whose trainer was announced under the payment id alone, or under its allocation id first. */
function announced(under: 'payment' | 'allocation') {
  const { payment } = idsOf(1);
  const state = withPayment(healthyState(), { upTo: 'allocated-record' });
  const scan = seenValue(state.records.byPayment[payment]?.['trainer-allocated']);
  const hits = scan.hits.filter(({ key }) => under === 'allocation' || key === payment);
  return withKeyScan(
    withUnseenLog(state, 'allocation-worker'),
    payment,
    'trainer-allocated',
    seen({ ...scan, hits }, NOW),
  );
}

describe('the generation of a platform', () => {
  it('is what configuration says', () => {
    expect(generationOf(withSettings(healthyState(), { generation: 'older' }))).toBe('older');
  });

  it('is the newest where allocation-worker assigns itself', () => {
    expect(generationOf(healthyState())).toBe('newest');
  });

  it('shows in the keys under which trainers are announced', () => {
    expect(generationOf(announced('allocation'))).toBe('newest');
    expect(generationOf(announced('payment'))).toBe('older');
  });

  it('shows in the newest sessions', () => {
    expect(generationOf(withSessions(silent, sessions(true)))).toBe('older');
    const later = withSessions(withSessions(silent, sessions(true, 1, NOW - 1)), sessions(false, 2, NOW));
    expect(generationOf(later)).toBe('newest');
  });

  it('is unknown without a sign, or where signs conflict', () => {
    expect(generationOf(silent)).toBeNull();
    expect(generationOf(withSessions(healthyState(), sessions(true)))).toBeNull();
  });

  it('takes payment ids alone for a sign only after a complete scan', () => {
    const { payment } = idsOf(1);
    const state = announced('payment');
    const scan = seenValue(state.records.byPayment[payment]?.['trainer-allocated']);
    const cut = withKeyScan(
      state,
      payment,
      'trainer-allocated',
      seen({ ...scan, allPartitions: false }, NOW),
    );
    expect(generationOf(cut)).toBeNull();
  });
});
