import { describe, expect, it } from 'vitest';
import { partitionsLed } from '../../../src/checks/topics/partitions-led.ts';
import {
  healthyState,
  withTopicAbsent,
  withTopicPartition,
  withUnseen,
  withUnseenTopic,
} from '../../support/states.ts';

const examine = partitionsLed.examine;
const change = (patch: Parameters<typeof withTopicPartition>[3]) =>
  withTopicPartition(healthyState(), 'purchase-created', 2, patch);

describe(partitionsLed.id, () => {
  it('passes when all are led', () => {
    expect(examine(healthyState())).toEqual({
      status: 'pass',
      summary: '7 topics exist, every partition has a leader',
    });
  });

  it('fails for one without leader', () => {
    expect(examine(change({ leader: null }))).toMatchObject({
      status: 'fail',
      summary: 'purchase-created[2]: no leader',
      findings: [{ subject: { kind: 'partition', topic: 'purchase-created', partition: 2 } }],
    });
  });

  it('warns when only the leader of a replicated one is in sync, and passes an unreplicated one', () => {
    expect(examine(change({ replicas: 3, inSyncReplicas: 1 })).status).toBe('warn');
    expect(examine(change({ replicas: 1, inSyncReplicas: 1 })).status).toBe('pass');
  });

  it('leaves absent topics to topics/expected-exist', () => {
    expect(examine(withTopicAbsent(healthyState(), 'purchase-created')).status).toBe('pass');
  });

  it('is unknown when an expected topic is unseen', () => {
    expect(examine(withUnseenTopic(healthyState(), 'purchase-created')).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'topics')).status).toBe('unknown');
  });
});
