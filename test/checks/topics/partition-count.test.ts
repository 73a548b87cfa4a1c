import { describe, expect, it } from 'vitest';
import { partitionCount } from '../../../src/checks/topics/partition-count.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  healthyState,
  NOW,
  seenValue,
  withSettings,
  withTopicAbsent,
  withUnseenTopic,
} from '../../support/states.ts';

const examine = partitionCount.examine;

function withCount(topic: string, count: number) {
  const state = healthyState();
  const present = seenValue(state.topics[topic]);
  if (present.kind === 'absent') throw new Error('absent');
  const [first] = present.partitions;
  if (first === undefined) throw new Error('no partition');
  const partitions = Array.from({ length: count }, (_, partition) => ({ ...first, partition }));
  return { ...state, topics: { ...state.topics, [topic]: seen({ ...present, partitions }, NOW) } };
}

describe(partitionCount.id, () => {
  it('passes the configured count', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('warns for a topic that was perhaps created by accident', () => {
    expect(examine(withCount('purchase-created', 1))).toMatchObject({
      status: 'warn',
      summary: 'purchase-created: 1 partitions, 3 expected; perhaps created by accident',
    });
  });

  it('warns for partitions that were added, unless they are configured', () => {
    expect(examine(withCount('purchase-created', 6)).status).toBe('warn');
    const meant = withSettings(withCount('purchase-created', 3), { partitionCount: 3 });
    expect(examine(meant).status).toBe('pass');
  });

  it('says nothing of an absent topic, and is unknown for an unseen one', () => {
    expect(examine(withTopicAbsent(healthyState(), 'purchase-created')).status).toBe('pass');
    expect(examine(withUnseenTopic(healthyState(), 'purchase-created')).status).toBe('unknown');
  });
});
