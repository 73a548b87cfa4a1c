import { describe, expect, it } from 'vitest';
import { brokerAnswers } from '../../../src/checks/topics/broker-answers.ts';
import {
  gap,
  healthyState,
  logLine,
  NOW,
  SECOND,
  withContainer,
  withLogLines,
  withUnseen,
} from '../../support/states.ts';

const examine = brokerAnswers.examine;
const refused = gap('kafka', { code: 'refused', reason: 'refused at 127.0.0.1:9092' });
const unreachable = withUnseen(healthyState(), 'cluster', refused);
const cut = logLine({
  kind: 'connection-refused',
  logger: 'kafkajs',
  level: 'error',
  atMs: NOW - 4 * SECOND,
});

describe(brokerAnswers.id, () => {
  it('passes when the broker answers', () => {
    expect(examine(healthyState())).toEqual({ status: 'pass', summary: '1 broker answers' });
  });

  it('fails when it is refused here and by a worker', () => {
    expect(examine(withLogLines(unreachable, 'session-worker', [cut]))).toMatchObject({
      status: 'fail',
      summary: 'kafka: refused at 127.0.0.1:9092; session-worker cannot reach it either',
    });
  });

  it('fails when its container is down', () => {
    expect(examine(withContainer(unreachable, 'kafka', { status: 'exited', exitCode: 137 })).status).toBe(
      'fail',
    );
  });

  it('is unknown when only our route fails', () => {
    expect(examine(unreachable)).toEqual({ status: 'unknown', gap: refused });
    const advertised = gap('kafka', { code: 'unresolvable', reason: 'kafka:9092 does not resolve' });
    const elsewhere = withLogLines(withUnseen(healthyState(), 'cluster', advertised), 'session-worker', [
      cut,
    ]);
    expect(examine(elsewhere).status).toBe('unknown');
  });

  it('does not count a worker that has joined since its error', () => {
    const joined = logLine({ kind: 'joined', logger: 'kafkajs', atMs: NOW - SECOND });
    expect(examine(withLogLines(unreachable, 'session-worker', [cut, joined])).status).toBe('unknown');
  });
});
