import { describe, expect, it } from 'vitest';
import { consumersAlive } from '../../../src/checks/containers/consumers-alive.ts';
import {
  crashForGood,
  HOUR,
  healthyState,
  logLine,
  NOW,
  STARTED,
  withGroup,
  withLog,
  withLogLines,
  withOnlyLogLines,
  withUnseenLog,
} from '../../support/states.ts';

const examine = consumersAlive.examine;
const GROUP = 'purchase-creation-workers';
const dead = withGroup(withLogLines(healthyState(), 'purchase-worker', crashForGood(NOW - 3 * HOUR)), GROUP, {
  states: ['Empty'],
});

describe(consumersAlive.id, () => {
  it('passes a healthy platform', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails for a final crash with no restart after it, behind a container that is up', () => {
    expect(examine(dead)).toMatchObject({
      status: 'fail',
      summary: 'purchase-worker: container up, consumer dead for 3 h: no partition is read',
      findings: [{ hint: expect.stringContaining('quarantine-record') }],
    });
  });

  it('passes when a join followed the crash, or the crash was before the present start', () => {
    const joined = logLine({ kind: 'joined', logger: 'kafkajs', atMs: NOW - HOUR });
    expect(examine(withLogLines(dead, 'purchase-worker', [joined])).status).toBe('pass');
    const before = withLogLines(healthyState(), 'purchase-worker', crashForGood(STARTED - HOUR));
    expect(examine(before).status).toBe('pass');
  });

  it('passes the crash that a poison record causes every 42 s', () => {
    const loop = [
      logLine({ kind: 'consumer-crash', logger: 'kafkajs', level: 'error', atMs: NOW - 20_000 }),
      logLine({ kind: 'consumer-stopped', logger: 'kafkajs', atMs: NOW - 20_000 }),
      logLine({ kind: 'consumer-restarting', logger: 'kafkajs', atMs: NOW - 20_000 }),
    ];
    expect(examine(withLogLines(healthyState(), 'purchase-worker', loop)).status).toBe('pass');
  });

  it('believes a Stable group with a member of ours where the log is unseen or short', () => {
    expect(examine(withUnseenLog(healthyState(), 'purchase-worker')).status).toBe('pass');
  });

  it('is unknown when the log is unseen or short and nobody is in the group', () => {
    const empty = withGroup(healthyState(), GROUP, { states: ['Empty'] });
    expect(examine(withUnseenLog(empty, 'purchase-worker')).status).toBe('unknown');
    const short = withLog(withOnlyLogLines(empty, 'purchase-worker', []), 'purchase-worker', {
      reachesStart: false,
    });
    expect(examine(short)).toMatchObject({ status: 'unknown', gap: { code: 'incomplete' } });
  });
});
