import { describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import {
  healthyState,
  idsOf,
  logLine,
  NOW,
  olderState,
  SECOND,
  withContainer,
  withGroup,
  withLogLines,
  withoutContainer,
  withPartition,
  withTopicAbsent,
  withTopicPartition,
  withUnseen,
  withUnseenTopic,
} from '../support/states.ts';
import { missingTopic, named, planOf } from './support.ts';

const NAMED = { repair: 'create-topics' } as const;

function refused(state: PlatformState): string {
  const plan = planOf(state, NAMED);
  expect(plan.steps).toEqual([]);
  expect(plan.refusals[0]?.hint).toMatch(/\S/);
  return plan.refusals[0]?.reason ?? '';
}

const none = (partition: number) => ({ topic: 'purchase-created', partition, from: null, to: 0n });

describe('create-topics', () => {
  it('makes the topic as the others are, and commits offset 0 for each group that reads it', () => {
    const { steps, payments, confirm } = planOf(missingTopic());
    expect(steps.find(({ action }) => action.kind === 'create-topic')).toMatchObject({
      action: { topic: 'purchase-created', partitions: 3, replicationFactor: 1 },
      precondition: { kind: 'topic-absent', topic: 'purchase-created' },
      reversibility: 'compensating',
      byHand:
        'kafka-topics --bootstrap-server $KAFKA_BROKERS --create --if-not-exists --topic purchase-created --partitions 3 --replication-factor 1',
    });
    const commits = steps.flatMap(({ action }) => (action.kind === 'commit-offsets' ? [action] : []));
    expect(commits).toEqual([
      { kind: 'commit-offsets', group: 'trainer-allocation-workers', moves: [0, 1, 2].map(none) },
      { kind: 'commit-offsets', group: 'cache-invalidation-workers', moves: [0, 1, 2].map(none) },
    ]);
    expect(payments).toEqual([idsOf(1).payment]);
    expect(confirm).toBe('kodingcaravan:2');
  });

  it('stops a restarting reader whatever its present start', () => {
    const [stop] = planOf(missingTopic()).steps;
    expect(stop?.precondition).toEqual({
      kind: 'container',
      containerId: 'id-allocation-worker',
      status: ['running', 'restarting'],
      startedAtMs: null,
    });
  });

  it('has nothing to do where all expected topics exist, newer ones left out', () => {
    expect(planOf(healthyState(), NAMED)).toMatchObject({ steps: [], refusals: [] });
    expect(planOf(olderState(), NAMED)).toMatchObject({ steps: [], refusals: [] });
    expect(planOf(missingTopic(), { ...NAMED, stage: 'purchase' })).toMatchObject({
      steps: [],
      refusals: [],
    });
  });

  it('makes all missing topics at once, since a reader of several starts only with all of them', () => {
    const plan = planOf(withTopicAbsent(missingTopic(), 'trainer-allocated'), NAMED);
    const created = plan.steps.flatMap(({ action }) =>
      action.kind === 'create-topic' ? [action.topic] : [],
    );
    expect(created).toEqual(['purchase-created', 'trainer-allocated']);
    const cache = plan.steps.flatMap(({ action }) =>
      action.kind === 'commit-offsets' && action.group === 'cache-invalidation-workers' ? action.moves : [],
    );
    expect(cache).toHaveLength(6);
  });

  it('keeps the topics as wide as configured', () => {
    const state = missingTopic();
    const plan = planOf({ ...state, settings: { ...state.settings, partitionCount: 5 } }, NAMED);
    expect(plan.steps.find(({ action }) => action.kind === 'create-topic')?.action).toMatchObject({
      partitions: 5,
    });
  });

  it('gives a reader a number on its other topics too, where a restart would skip records', () => {
    const state = withPartition(missingTopic(), 'cache-invalidation-workers', 'trainer-allocated', 2, {
      committed: null,
    });
    const cache = planOf(state).steps.flatMap(({ action }) =>
      action.kind === 'commit-offsets' && action.group === 'cache-invalidation-workers' ? action.moves : [],
    );
    expect(cache).toContainEqual({ topic: 'trainer-allocated', partition: 2, from: null, to: 0n });
  });

  it('leaves a reader stopped that somebody had stopped', () => {
    const plan = planOf(withContainer(missingTopic(), 'cache-worker', { status: 'exited', exitCode: 0 }));
    expect(named(plan.steps)).not.toContain('create-topics start-container cache');
    expect(named(plan.steps)).toContain('create-topics commit-offsets cache');
    expect(plan.warnings.join()).toContain('kodingcaravan-cache-worker did not run before');
  });

  it('does without the container of a reader that has none', () => {
    const plan = planOf(withoutContainer(missingTopic(), 'cache-worker'), NAMED);
    expect(named(plan.steps)).toContain('create-topics commit-offsets cache');
    expect(plan.refusals).toEqual([]);
  });
});

describe('create-topics refuses', () => {
  it('a topic that could not be asked for', () => {
    expect(refused(withUnseenTopic(missingTopic(), 'purchase-confirmed'))).toContain('not seen');
  });

  it('readers that it cannot stop', () => {
    expect(refused(withUnseen(missingTopic(), 'containers'))).toContain('cannot be stopped');
    expect(refused(withContainer(missingTopic(), 'cache-worker', { status: 'paused' }))).toContain(
      'cannot be stopped',
    );
    const busy = withLogLines(
      withContainer(missingTopic(), 'cache-worker', { status: 'running', restartCount: 0 }),
      'cache-worker',
      [logLine({ atMs: NOW - 5 * SECOND, kind: 'received' })],
    );
    expect(refused(busy)).toContain('in the middle of a record');
  });

  it('too few brokers for the replicas that the other topics have', () => {
    const state = withTopicPartition(missingTopic(), 'purchase-confirmed', 0, { replicas: 3 });
    expect(refused(state)).toContain('3 replicas, and only 1 broker answers');
  });

  it('a stranger in a group that has to be empty', () => {
    const state = withGroup(missingTopic(), 'cache-invalidation-workers', {
      states: ['Stable'],
      poll: (poll) => ({
        ...poll,
        members: [{ memberId: 'x', clientId: 'laptop', clientHost: '/10.0.0.7', assignment: [] }],
      }),
    });
    expect(refused(state)).toContain('laptop');
  });

  it('a cluster that was not seen', () => {
    expect(refused({ ...missingTopic(), cluster: withUnseen(healthyState(), 'cluster').cluster })).toContain(
      'not seen',
    );
  });
});
