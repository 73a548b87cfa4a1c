import { describe, expect, it } from 'vitest';
import { commitsNotExpiring } from '../../../src/checks/offsets/commits-not-expiring.ts';
import type { PlatformState } from '../../../src/platform/state.ts';
import {
  DAY,
  HOUR,
  healthyState,
  NOW,
  SECOND,
  withContainer,
  withGroup,
  withoutContainer,
  withPartition,
  withSettings,
  withUnseen,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = commitsNotExpiring.examine;
const GROUP = 'purchase-creation-workers';
const WORKER = 'purchase-worker';

const empty = (state: PlatformState = healthyState()) => withGroup(state, GROUP, { states: ['Empty'] });
/** Its worker ended so long ago that its offsets have this time left. */
const withLeft = (leftMs: number, state: PlatformState = empty()) =>
  withContainer(state, WORKER, {
    status: 'exited',
    exitCode: 0,
    startedAtMs: NOW - 8 * DAY,
    finishedAtMs: NOW - 7 * DAY + leftMs,
  });
const withoutCommits = (state: PlatformState, committed: bigint | null = null) =>
  [0, 1, 2].reduce(
    (next, partition) => withPartition(next, GROUP, 'purchase-confirmed', partition, { committed }),
    state,
  );

describe(commitsNotExpiring.id, () => {
  it('is skipped where every group has members', () => {
    expect(examine(healthyState()).status).toBe('skipped');
    expect(examine(withLeft(HOUR, healthyState())).status).toBe('skipped');
  });

  it('passes an Empty group whose worker has ended and that has 48 h or more', () => {
    expect(examine(withLeft(6 * DAY))).toEqual({
      status: 'pass',
      summary: '1 Empty group keeps its offsets for 2 days or more',
    });
    expect(examine(withLeft(48 * HOUR)).status).toBe('pass');
  });

  it('warns under 48 h', () => {
    expect(examine(withLeft(48 * HOUR - SECOND))).toMatchObject({
      status: 'warn',
      summary: `${GROUP}: its offsets expire in 47 h`,
      findings: [{ subject: { kind: 'group', group: GROUP }, stage: 'purchase', payments: [] }],
    });
    expect(examine(withLeft(6 * HOUR)).status).toBe('warn');
  });

  it('fails under 6 h, and where the time is up and they are still there', () => {
    expect(examine(withLeft(6 * HOUR - SECOND))).toMatchObject({
      status: 'fail',
      summary: `${GROUP}: its offsets expire in 5 h`,
      findings: [{ hint: expect.stringContaining('kc-doctor fix start-worker') }],
    });
    expect(examine(withLeft(-HOUR))).toMatchObject({
      status: 'fail',
      summary: `${GROUP}: its offsets may be dropped at any moment`,
    });
  });

  it('counts the last look alone', () => {
    const left = withGroup(healthyState(), GROUP, { states: ['Stable', 'Stable', 'Empty'] });
    const back = withGroup(healthyState(), GROUP, { states: ['Empty', 'Empty', 'Stable'] });
    expect(examine(withLeft(HOUR, left)).status).toBe('fail');
    expect(examine(withLeft(HOUR, back)).status).toBe('skipped');
  });

  it('leaves a group alone that has nothing to lose, or that is not there', () => {
    expect(examine(withLeft(HOUR, empty(withoutCommits(healthyState())))).status).toBe('skipped');
    expect(examine(withLeft(HOUR, empty(withoutCommits(healthyState(), -2n)))).status).toBe('skipped');
    const gone = withGroup(withoutCommits(healthyState()), GROUP, { states: ['Dead'] });
    expect(examine(withLeft(HOUR, gone)).status).toBe('skipped');
  });

  it.each(['running', 'restarting', 'paused', 'created'] as const)(
    'does not take the end of an earlier run for the moment the last member left: %s',
    (status) => {
      const ended = { status, finishedAtMs: NOW - 7 * DAY + HOUR };
      expect(examine(withContainer(empty(), WORKER, ended))).toMatchObject({
        status: 'unknown',
        gap: { system: 'docker', operation: `when the last member of ${GROUP} left` },
      });
    },
  );

  it('is unknown where the container has no end, or is not there', () => {
    const endless = { status: 'exited', finishedAtMs: null } as const;
    expect(examine(withContainer(empty(), WORKER, endless)).status).toBe('unknown');
    const alone = withSettings(withoutContainer(empty(), WORKER), { singleHost: true });
    expect(examine(alone).status).toBe('unknown');
  });

  it('is unknown where groups or the containers of an Empty one are unseen', () => {
    expect(examine(withUnseen(healthyState(), 'groups')).status).toBe('unknown');
    expect(examine(withUnseenGroup(healthyState(), GROUP)).status).toBe('unknown');
    expect(examine(withUnseen(withLeft(HOUR), 'containers')).status).toBe('unknown');
    expect(examine(withGroup(healthyState(), GROUP, { states: ['Unknown'] })).status).toBe('unknown');
  });

  it('fails for one group though another is unseen', () => {
    const other = withUnseenGroup(withLeft(HOUR), 'session-scheduling-workers');
    expect(examine(other).status).toBe('fail');
  });
});
