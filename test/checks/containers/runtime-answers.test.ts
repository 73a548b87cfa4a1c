import { describe, expect, it } from 'vitest';
import { runtimeAnswers } from '../../../src/checks/containers/runtime-answers.ts';
import { gap, healthyState, withContainers, withSettings, withUnseen } from '../../support/states.ts';

const examine = runtimeAnswers.examine;

describe(runtimeAnswers.id, () => {
  it('passes when containers were listed', () => {
    expect(examine(healthyState())).toMatchObject({ status: 'pass' });
  });

  it('is unknown, with the reason, when the socket does not answer', () => {
    const why = gap('docker', { code: 'refused', reason: 'no socket' });
    expect(examine(withUnseen(healthyState(), 'containers', why))).toEqual({ status: 'unknown', gap: why });
  });

  it('is skipped only where configuration says that there is no runtime', () => {
    const hidden = withUnseen(healthyState(), 'containers');
    expect(examine(withSettings(hidden, { runtime: 'none' })).status).toBe('skipped');
  });

  it('passes for a daemon that holds nothing: it answered', () => {
    expect(examine(withContainers(healthyState(), [])).status).toBe('pass');
  });
});
