import { describe, expect, it } from 'vitest';
import { groupStable } from '../../../src/checks/offsets/group-stable.ts';
import type { GroupStateName } from '../../../src/platform/state.ts';
import {
  deadLetter,
  healthyState,
  NOW,
  SECOND,
  withDeadLetters,
  withGroup,
  withPartition,
  withUnseen,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = groupStable.examine;
const GROUP = 'purchase-creation-workers';
const unread = withPartition(healthyState(), GROUP, 'purchase-confirmed', 0, { end: 9n, committed: 4n });
const states = (...names: [GroupStateName, ...GroupStateName[]]) =>
  withGroup(unread, GROUP, { states: names });

describe(groupStable.id, () => {
  it('passes a Stable group, and one that is Empty at every look', () => {
    expect(examine(unread).status).toBe('pass');
    expect(examine(states('Empty')).status).toBe('pass');
  });

  it('fails for a group that rebalances at looks 5 s apart', () => {
    const loop = states('PreparingRebalance', 'Stable', 'Stable', 'PreparingRebalance');
    expect(examine(loop)).toMatchObject({ status: 'fail', summary: `${GROUP}: rebalancing for 6 s` });
  });

  it('warns for one look that was not Stable', () => {
    expect(examine(states('Stable', 'PreparingRebalance', 'Stable')).status).toBe('warn');
    expect(examine(states('Stable', 'Empty', 'Stable')).status).toBe('warn');
  });

  it('passes the loop of a poison record, which is not a rebalancing loop', () => {
    const letters = [1, 2].map(() => deadLetter('purchase-confirmed', 0, 4n, { atMs: NOW - 9 * SECOND }));
    const poison = withDeadLetters(states('Stable', 'Empty', 'PreparingRebalance'), letters);
    expect(examine(poison).status).toBe('pass');
  });

  it('is unknown when members change and the partitions cannot be judged', () => {
    const churn = withGroup(unread, GROUP, {
      states: ['Stable', 'Stable', 'Stable'],
      poll: (poll, index) => ({
        ...poll,
        members: poll.members.map((member) => ({ ...member, memberId: `member-${index}` })),
      }),
    });
    expect(examine(churn).status).toBe('fail');
    expect(examine(withUnseen(churn, 'records')).status).toBe('unknown');
    expect(examine(withUnseen(unread, 'records')).status).toBe('pass');
  });

  it('is unknown when the group is unseen', () => {
    expect(examine(withUnseenGroup(healthyState(), GROUP)).status).toBe('unknown');
  });
});
