import { describe, expect, it } from 'vitest';
import { kafkaRunning } from '../../../src/checks/containers/kafka-running.ts';
import {
  HOUR,
  healthyState,
  NOW,
  withContainer,
  withContainers,
  withoutContainer,
  withSettings,
  withUnseen,
} from '../../support/states.ts';

const examine = kafkaRunning.examine;
const stopped = withContainer(healthyState(), 'kafka', {
  status: 'exited',
  exitCode: 137,
  finishedAtMs: NOW - 3 * HOUR,
});

describe(kafkaRunning.id, () => {
  it('passes while the broker runs', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails when its container has exited', () => {
    expect(examine(stopped)).toMatchObject({
      status: 'fail',
      summary: 'kafka: exited (137), 3 h ago, stopped by somebody (unless-stopped)',
      findings: [{ hint: expect.stringContaining('docker start kodingcaravan-kafka') }],
    });
  });

  it('names the out-of-memory flag only where it is set', () => {
    expect(examine(withContainer(stopped, 'kafka', { oomKilled: true }))).toMatchObject({
      summary: expect.stringContaining('out of memory'),
    });
  });

  it('is skipped where Kafka is managed, or proved to be elsewhere', () => {
    expect(examine(withSettings(stopped, { managedKafka: true })).status).toBe('skipped');
    expect(examine(withoutContainer(healthyState(), 'kafka')).status).toBe('skipped');
  });

  it('is unknown when no container, or none of the platform, could be seen', () => {
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
    expect(examine(withContainers(healthyState(), [])).status).toBe('unknown');
  });
});
