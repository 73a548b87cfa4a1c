import { describe, expect, it } from 'vitest';
import { workersReachKafka } from '../../../src/checks/containers/workers-reach-kafka.ts';
import type { LogLine } from '../../../src/platform/log-line.ts';
import {
  HOUR,
  healthyState,
  logLine,
  MINUTE,
  NOW,
  SECOND,
  withGroup,
  withLog,
  withLogLines,
  withOnlyLogLines,
  withUnseenLog,
} from '../../support/states.ts';

const examine = workersReachKafka.examine;
const empty = withGroup(healthyState(), 'purchase-creation-workers', { states: ['Empty'] });
const refused = (ageMs: number, patch: Partial<LogLine> = {}) =>
  logLine({
    kind: 'connection-refused',
    logger: 'kafkajs',
    level: 'error',
    message: 'ECONNREFUSED ::1:9092',
    atMs: NOW - ageMs,
    ...patch,
  });
const joined = (ageMs: number) => logLine({ kind: 'joined', logger: 'kafkajs', atMs: NOW - ageMs });
const logs = (...lines: readonly LogLine[]) => withLogLines(empty, 'purchase-worker', lines);

describe(workersReachKafka.id, () => {
  it('passes a healthy platform', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails for a connection error since the last join', () => {
    expect(examine(logs(refused(4 * SECOND)))).toMatchObject({
      status: 'fail',
      summary: 'purchase-worker: ECONNREFUSED ::1:9092, 4 s ago',
    });
  });

  it('fails for one that never joined and dies again and again', () => {
    const loop = withOnlyLogLines(empty, 'purchase-worker', [refused(4 * SECOND)]);
    expect(examine(loop).status).toBe('fail');
  });

  it('warns for a recent one after which it joined, and passes an old one', () => {
    expect(examine(logs(refused(5 * MINUTE), joined(4 * MINUTE))).status).toBe('warn');
    expect(examine(logs(refused(2 * HOUR), joined(HOUR))).status).toBe('pass');
  });

  it('does not take a refused line of the worker itself for Kafka: it may be about another service', () => {
    expect(examine(logs(refused(4 * SECOND, { logger: 'worker' }))).status).toBe('pass');
  });

  it('only warns while the worker is a member of its Stable group', () => {
    const cut = withLogLines(healthyState(), 'purchase-worker', [refused(4 * SECOND)]);
    expect(examine(cut).status).toBe('warn');
    const once = withLogLines(healthyState(), 'purchase-worker', [refused(HOUR)]);
    expect(examine(once).status).toBe('pass');
  });

  it('is unknown without log and without a member, and passes with a member', () => {
    expect(examine(withUnseenLog(empty, 'purchase-worker')).status).toBe('unknown');
    expect(examine(withUnseenLog(healthyState(), 'purchase-worker')).status).toBe('pass');
    const short = withLog(withOnlyLogLines(empty, 'purchase-worker', []), 'purchase-worker', {
      reachesStart: false,
    });
    expect(examine(short)).toMatchObject({ status: 'unknown', gap: { code: 'incomplete' } });
  });
});
