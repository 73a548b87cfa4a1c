import { describe, expect, it } from 'vitest';
import { adminAnswers } from '../../../src/checks/allocation/admin-answers.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  gap,
  healthyState,
  logLine,
  NOW,
  SECOND,
  withContainer,
  withLogLines,
  withSettings,
  withUnseen,
} from '../../support/states.ts';

const examine = adminAnswers.examine;
const older = withSettings(healthyState(), { generation: 'older' });
const refused = gap('admin-service', { code: 'refused', reason: 'ECONNREFUSED' });
const failing = logLine({
  kind: 'connection-refused',
  level: 'error',
  atMs: NOW - SECOND,
  message: 'connect ECONNREFUSED',
});
const answering = (status: number) => ({
  ...older,
  admin: seen({ address: 'http://x', status, tookMs: 3 }, NOW),
});

describe(adminAnswers.id, () => {
  it('passes on any answer below 500', () => {
    expect(examine(older).status).toBe('pass');
    expect(examine(answering(401)).status).toBe('pass');
  });

  it('fails on a stopped container of an older platform, and warns on the newest', () => {
    const stopped = withContainer(older, 'admin-service', { status: 'exited', exitCode: 1 });
    expect(examine(stopped)).toMatchObject({ status: 'fail', summary: 'admin-service: exited (1)' });
    expect(examine(withSettings(stopped, { generation: 'newest' })).status).toBe('warn');
  });

  it('fails where it refuses here and a worker', () => {
    const state = withLogLines(withUnseen(older, 'admin', refused), 'allocation-worker', [failing]);
    expect(examine(state).status).toBe('fail');
  });

  it("takes a worker's 5xx for a failure, and its 4xx for an answer", () => {
    const told = (status: number | null) => {
      const line = logLine({ kind: 'api-error', level: 'error', atMs: NOW - SECOND, status });
      return examine(withLogLines(withUnseen(older, 'admin', refused), 'allocation-worker', [line])).status;
    };
    expect([told(503), told(null), told(400)]).toEqual(['fail', 'fail', 'unknown']);
  });

  it('is unknown on our route only, and on the newest a warning', () => {
    const hidden = withUnseen(older, 'admin', refused);
    expect(examine(hidden)).toEqual({ status: 'unknown', gap: refused });
    expect(examine(withSettings(hidden, { generation: 'newest' }))).toMatchObject({
      status: 'warn',
      findings: [{ observed: 'could not be looked at: ECONNREFUSED' }],
    });
    expect(examine(answering(502)).status).toBe('unknown');
  });

  it('does not count a failure before the last finished event, nor one of the Kafka client', () => {
    const hidden = withUnseen(older, 'admin', refused);
    const recovered = [failing, logLine({ kind: 'allocation-verified', atMs: NOW })];
    expect(examine(withLogLines(hidden, 'allocation-worker', recovered)).status).toBe('unknown');
    const kafka = { ...failing, logger: 'kafkajs' as const };
    expect(examine(withLogLines(hidden, 'allocation-worker', [kafka])).status).toBe('unknown');
  });

  it('is as strict where the generation is unknown', () => {
    const noSign = withUnseen(withUnseen(healthyState(), 'logs'), 'admin', refused);
    expect(examine(noSign).status).toBe('unknown');
  });
});
