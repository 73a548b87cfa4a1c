import { describe, expect, it } from 'vitest';
import { topicInitFinished } from '../../../src/checks/containers/topic-init-finished.ts';
import {
  HOUR,
  healthyState,
  MINUTE,
  NOW,
  withContainer,
  withoutContainer,
  withUnseen,
} from '../../support/states.ts';

const examine = topicInitFinished.examine;

describe(topicInitFinished.id, () => {
  it('passes when it exited 0, its healthy state', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails with another exit code', () => {
    expect(examine(withContainer(healthyState(), 'kafka-init', { exitCode: 1 }))).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('kafka-init: exited (1)'),
      findings: [{ hint: expect.stringContaining('kc-doctor fix create-topics') }],
    });
  });

  it('warns when it runs for long, and passes while it is young', () => {
    const running = (ageMs: number) =>
      withContainer(healthyState(), 'kafka-init', {
        status: 'running',
        exitCode: null,
        startedAtMs: NOW - ageMs,
      });
    expect(examine(running(HOUR)).status).toBe('warn');
    expect(examine(running(MINUTE)).status).toBe('pass');
  });

  it('is skipped where there is none, and unknown where that could not be seen', () => {
    expect(examine(withoutContainer(healthyState(), 'kafka-init')).status).toBe('skipped');
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
  });
});
