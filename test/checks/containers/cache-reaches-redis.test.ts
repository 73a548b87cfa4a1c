import { describe, expect, it } from 'vitest';
import { cacheReachesRedis } from '../../../src/checks/containers/cache-reaches-redis.ts';
import type { LogLine } from '../../../src/platform/log-line.ts';
import {
  healthyState,
  logLine,
  MINUTE,
  NOW,
  SECOND,
  withContainer,
  withLogLines,
  withoutContainer,
  withUnseenLog,
} from '../../support/states.ts';

const examine = cacheReachesRedis.examine;
const failed = (ageMs: number) => logLine({ kind: 'redis-failed', level: 'error', atMs: NOW - ageMs });
const received = (ageMs: number) => logLine({ kind: 'received', atMs: NOW - ageMs });
const logs = (...lines: readonly LogLine[]) => withLogLines(healthyState(), 'cache-worker', lines);

describe(cacheReachesRedis.id, () => {
  it('passes without a failure', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('warns for a failure since the last event', () => {
    expect(examine(logs(received(5 * MINUTE), failed(5 * MINUTE - SECOND)))).toMatchObject({
      status: 'warn',
      findings: [{ stage: 'cache', hint: expect.stringContaining('invalidate-student-cache') }],
    });
  });

  it('passes when a later event had its time and did not fail', () => {
    expect(examine(logs(failed(10 * MINUTE), received(5 * MINUTE))).status).toBe('pass');
    expect(examine(logs(failed(10 * MINUTE), received(2 * SECOND))).status).toBe('warn');
  });

  it('is skipped where there is no cache-worker, or it is not up', () => {
    expect(examine(withoutContainer(healthyState(), 'cache-worker')).status).toBe('skipped');
    expect(examine(withContainer(healthyState(), 'cache-worker', { status: 'exited' })).status).toBe(
      'skipped',
    );
  });

  it('is unknown when its log is unseen', () => {
    expect(examine(withUnseenLog(healthyState(), 'cache-worker')).status).toBe('unknown');
  });
});
