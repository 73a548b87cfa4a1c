import { describe, expect, it } from 'vitest';
import { groupKnown } from '../../../src/checks/offsets/group-known.ts';
import type { PlatformState } from '../../../src/platform/state.ts';
import {
  healthyState,
  NOW,
  SECOND,
  withContainer,
  withGroup,
  withPartition,
  withTopicAbsent,
  withUnseen,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = groupKnown.examine;
const GROUP = 'session-scheduling-workers';
const gone = (state: PlatformState = healthyState()) => withGroup(state, GROUP, { states: ['Dead'] });

describe(groupKnown.id, () => {
  it('passes when each group is known, an Empty one included', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(withGroup(healthyState(), GROUP, { states: ['Empty'] })).status).toBe('pass');
  });

  it('fails when the worker runs, records are there and the group is not', () => {
    expect(examine(gone())).toMatchObject({
      status: 'fail',
      summary: `${GROUP}: session-worker is up for 3 days, the group does not exist`,
      findings: [{ subject: { kind: 'group', group: GROUP }, stage: 'sessions' }],
    });
  });

  it('gives a worker that has just started its time, and leaves a stopped one to its check', () => {
    const young = { startedAtMs: NOW - 5 * SECOND };
    expect(examine(withContainer(gone(), 'session-worker', young)).status).toBe('pass');
    expect(examine(withContainer(gone(), 'session-worker', { status: 'exited' })).status).toBe('pass');
  });

  it('passes where there is nothing to read, or the group went with its topic', () => {
    const idle = [0, 1, 2].reduce(
      (state, partition) =>
        withPartition(state, GROUP, 'trainer-allocated', partition, { end: 0n, committed: null }),
      healthyState(),
    );
    expect(examine(gone(idle)).status).toBe('pass');
    expect(examine(gone(withTopicAbsent(healthyState(), 'trainer-allocated'))).status).toBe('pass');
  });

  it('is unknown when the group is unseen, or absent while the container is unseen', () => {
    expect(examine(withUnseenGroup(healthyState(), GROUP)).status).toBe('unknown');
    expect(examine(withUnseen(gone(), 'containers')).status).toBe('unknown');
    expect(examine(withUnseen(gone(), 'topics')).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('pass');
  });
});
