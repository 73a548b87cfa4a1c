import { describe, expect, it } from 'vitest';
import { workersReachPostgres } from '../../../src/checks/containers/workers-reach-postgres.ts';
import type { LogLine } from '../../../src/platform/log-line.ts';
import {
  HOUR,
  healthyState,
  LAST_HANDLED,
  logLine,
  MINUTE,
  NOW,
  withContainer,
  withLog,
  withLogLines,
  withOnlyLogLines,
  withUnseen,
  withUnseenLog,
} from '../../support/states.ts';

const examine = workersReachPostgres.examine;
const failure = (atMs: number, message = 'password authentication failed for user "kc"') =>
  logLine({ kind: 'database-connection', level: 'error', message, atMs });
const logs = (...lines: readonly LogLine[]) => withLogLines(healthyState(), 'purchase-worker', lines);

describe(workersReachPostgres.id, () => {
  it('passes a healthy platform', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails for a login error since the last finished event', () => {
    expect(examine(logs(failure(LAST_HANDLED + MINUTE)))).toMatchObject({
      status: 'fail',
      summary: 'purchase-worker: password authentication failed for user "kc", 39 min ago',
    });
  });

  it('warns when events were finished since', () => {
    expect(examine(logs(failure(LAST_HANDLED - MINUTE))).status).toBe('warn');
  });

  it('takes an event that came later and had its time for a sign where no finish is logged', () => {
    const cache = withLogLines(healthyState(), 'cache-worker', [failure(LAST_HANDLED - MINUTE)]);
    expect(examine(cache).status).toBe('warn');
  });

  it('only warns for an error of an earlier run, and forgets it once events were finished', () => {
    const restarted = { startedAtMs: LAST_HANDLED + HOUR / 2 };
    const idle = withContainer(logs(failure(LAST_HANDLED + MINUTE)), 'purchase-worker', restarted);
    expect(examine(idle).status).toBe('warn');
    const worked = withContainer(logs(failure(LAST_HANDLED - MINUTE)), 'purchase-worker', restarted);
    expect(examine(worked).status).toBe('pass');
  });

  it('passes a connection that the pool lost while idle', () => {
    const idle = failure(LAST_HANDLED + MINUTE, '[Postgres] Unexpected error on idle client: terminating');
    expect(examine(logs(idle)).status).toBe('pass');
  });

  it('is unknown when a log is unseen, or too short to miss a line in it', () => {
    expect(examine(withUnseenLog(healthyState(), 'purchase-worker')).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
    const cut = withLog(withOnlyLogLines(healthyState(), 'purchase-worker', []), 'purchase-worker', {
      reachesStart: false,
      fromMs: NOW - MINUTE,
    });
    expect(examine(cut)).toMatchObject({ status: 'unknown', gap: { code: 'incomplete' } });
  });
});
