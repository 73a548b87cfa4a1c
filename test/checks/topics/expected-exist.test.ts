import { describe, expect, it } from 'vitest';
import { expectedExist } from '../../../src/checks/topics/expected-exist.ts';
import {
  gap,
  healthyState,
  withSettings,
  withTopicAbsent,
  withUnseen,
  withUnseenTopic,
} from '../../support/states.ts';

const examine = expectedExist.examine;

describe(expectedExist.id, () => {
  it('passes when all are there', () => {
    expect(examine(healthyState())).toEqual({ status: 'pass', summary: '3 of 3 exist' });
  });

  it('fails for an absent one, and names the workers that die of it', () => {
    expect(examine(withTopicAbsent(healthyState(), 'purchase-created'))).toMatchObject({
      status: 'fail',
      summary: 'purchase-created: does not exist; allocation-worker, cache-worker die at start',
      findings: [{ stage: 'allocation', hint: 'kc-doctor fix create-topics' }],
    });
  });

  it('passes an older platform without a newer topic, unless configuration expects it', () => {
    const older = withTopicAbsent(healthyState(), 'dead-letter-queue');
    expect(examine(older)).toEqual({
      status: 'pass',
      summary: '3 of 3 exist; older platform, without dead-letter-queue',
    });
    expect(examine(withSettings(older, { expectedTopics: ['dead-letter-queue'] })).status).toBe('fail');
  });

  it('is unknown, never absent, when not authorized', () => {
    const denied = gap('kafka', { code: 'unauthorized', reason: 'not authorized' });
    expect(examine(withUnseenTopic(healthyState(), 'purchase-created', denied))).toEqual({
      status: 'unknown',
      gap: denied,
    });
    expect(examine(withUnseen(healthyState(), 'topics')).status).toBe('unknown');
  });

  it('fails for harm that was seen beside a topic that was not', () => {
    const both = withTopicAbsent(withUnseenTopic(healthyState(), 'purchase-created'), 'trainer-allocated');
    expect(examine(both).status).toBe('fail');
  });
});
