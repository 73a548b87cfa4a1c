import { describe, expect, it } from 'vitest';
import { generationOf } from '../../src/platform/generation.ts';
import {
  healthyState,
  idsOf,
  olderState,
  PARTS,
  seenValue,
  withPartition,
  withPayment,
  withUnseen,
} from './states.ts';

const confirmed = { group: 'purchase-creation-workers', topic: 'purchase-confirmed' };

describe('states for tests', () => {
  it('adds a payment that stopped before purchase, its record unread at the commit', () => {
    const before = healthyState();
    const state = withPayment(before, { upTo: 'confirmed-record' });
    const polls = seenValue(state.groups[confirmed.group]).polls;
    expect(polls).toHaveLength(3);
    expect(
      polls[2]?.partitions.find((one) => one.topic === confirmed.topic && one.partition === 1),
    ).toMatchObject({
      committed: 4n,
      bounds: { start: 0n, end: 5n },
    });
    expect(seenValue(state.records.heads['purchase-creation-workers purchase-confirmed 1'])).toMatchObject({
      offset: 4n,
      key: idsOf(1).payment,
    });
    expect(before).toEqual(healthyState());
  });

  it('leaves nothing unread behind a payment that arrived', () => {
    const state = withPayment(healthyState(), { upTo: 'cache-read' });
    const unread = Object.values(state.groups).flatMap((group) =>
      (seenValue(group).polls.at(-1)?.partitions ?? []).filter(
        ({ committed, bounds }) => committed !== bounds?.end,
      ),
    );
    expect(unread).toEqual([]);
    expect(state.records.heads).toEqual({});
    expect(seenValue(state.payments)).toMatchObject({ succeeded: 13, arrived: 13, unfinished: [] });
    expect(seenValue(state.records.byPayment[idsOf(1).payment]?.['trainer-allocated']).hits).toHaveLength(2);
  });

  it('knows the older platform: one announcement, and no sessions-generated', () => {
    const state = withPayment(olderState(), { upTo: 'cache-read' });
    expect(Object.keys(state.records.byPayment[idsOf(1).payment] ?? {})).not.toContain('sessions-generated');
    expect(seenValue(state.records.byPayment[idsOf(1).payment]?.['trainer-allocated']).hits).toHaveLength(1);
    const asked = withPayment(
      { ...olderState(), settings: healthyState().settings },
      { upTo: 'payment-row' },
    );
    expect(generationOf(asked)).toBeNull();
    expect(generationOf({ ...state, settings: healthyState().settings })).toBe('older');
  });

  it('gives each poll its own commit', () => {
    const { group, topic } = confirmed;
    const state = withPartition(healthyState(), group, topic, 0, { end: 9n, committed: [6n, 4n, 4n] });
    const commits = seenValue(state.groups[group]).polls.map(
      (poll) => poll.partitions.find((one) => one.topic === topic && one.partition === 0)?.committed,
    );
    expect(commits).toEqual([6n, 4n, 4n]);
  });

  it.each(PARTS)('hides %s', (part) => {
    expect(
      JSON.stringify(withUnseen(healthyState(), part), (_, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      ),
    ).toContain('"kind":"unseen"');
  });
});
