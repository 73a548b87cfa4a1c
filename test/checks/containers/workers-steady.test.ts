import { describe, expect, it } from 'vitest';
import { workersSteady } from '../../../src/checks/containers/workers-steady.ts';
import {
  HOUR,
  healthyState,
  NOW,
  SECOND,
  withContainer,
  withContainers,
  withUnseen,
} from '../../support/states.ts';

const examine = workersSteady.examine;

describe(workersSteady.id, () => {
  it('passes when none restarts', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails for a loop that shows as up', () => {
    const loop = { restartCount: 41, startedAtMs: NOW - 12 * SECOND, oomKilled: true };
    expect(examine(withContainer(healthyState(), 'session-worker', loop))).toMatchObject({
      status: 'fail',
      summary: 'session-worker: up for 12 s, 41 restarts, out of memory',
    });
  });

  it('fails for one that is restarting, however often it has', () => {
    const restarting = { status: 'restarting', restartCount: 1, exitCode: 1 } as const;
    expect(examine(withContainer(healthyState(), 'purchase-worker', restarting)).status).toBe('fail');
  });

  it('warns when it has been up for longer since', () => {
    const calm = { restartCount: 3, startedAtMs: NOW - HOUR };
    expect(examine(withContainer(healthyState(), 'purchase-worker', calm)).status).toBe('warn');
  });

  it('passes two restarts, and a stranger that keeps restarting', () => {
    const twice = { restartCount: 2, startedAtMs: NOW - 12 * SECOND };
    expect(examine(withContainer(healthyState(), 'purchase-worker', twice)).status).toBe('pass');
    expect(examine(withContainer(healthyState(), 'analytics', { status: 'restarting' })).status).toBe('pass');
  });

  it('is unknown when workers are on another host', () => {
    expect(examine(withContainers(healthyState(), [])).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
  });
});
