import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import { stageDefinition } from '../../src/platform/pipeline.ts';
import {
  connectivityProblem,
  crashForGoodAtMs,
  expectedStages,
  hasJoinedSinceStart,
  isLivingByGroup,
  isMemberOf,
  joinTimeMs,
  serviceContainer,
  workerLog,
} from '../../src/platform/workers.ts';
import {
  container,
  crashForGood,
  HOUR,
  healthyState,
  JOINED,
  logLine,
  NOW,
  SECOND,
  STARTED,
  seenValue,
  withContainer,
  withContainers,
  withGroup,
  withLog,
  withLogLines,
  withOnlyLogLines,
  withoutContainer,
  withSettings,
  withUnseen,
  withUnseenLog,
} from '../support/states.ts';

const WORKER = 'purchase-worker';
const joined = (atMs: number) => logLine({ kind: 'joined', logger: 'kafkajs', atMs });
const cutShort = withLog(withOnlyLogLines(healthyState(), WORKER, []), WORKER, { reachesStart: false });

describe('the container of a worker', () => {
  it('is absent only beside a sibling, or where configuration says one host', () => {
    expect(serviceContainer(withoutContainer(healthyState(), WORKER), WORKER).kind).toBe('absent');
    const nothing = withContainers(healthyState(), []);
    expect(serviceContainer(nothing, WORKER).kind).toBe('unseen');
    expect(serviceContainer(withSettings(nothing, { singleHost: true }), WORKER).kind).toBe('absent');
  });

  it('does not take a one-off or a broker for the proof that the workers are here', () => {
    const others = [container('kafka'), container('session-worker', { oneOff: true })];
    expect(serviceContainer(withContainers(healthyState(), others), WORKER).kind).toBe('unseen');
  });

  it('is the one that runs, of several the one that started last', () => {
    const old = container(WORKER, { name: 'old', status: 'exited', startedAtMs: NOW - SECOND });
    const first = container(WORKER, { name: 'first', startedAtMs: NOW - HOUR });
    const last = container(WORKER, { name: 'last', startedAtMs: NOW - SECOND });
    const found = serviceContainer(withContainers(healthyState(), [old, first, last]), WORKER);
    expect(found).toMatchObject({ kind: 'seen', container: { name: 'last' } });
  });

  it('leaves its log unseen where the log was not read', () => {
    const state = { ...healthyState(), logs: {} };
    expect(workerLog(state, WORKER)).toMatchObject({ kind: 'unseen', gap: { code: 'not-attempted' } });
  });
});

describe('when a worker joined', () => {
  it('is its last join line, or its start where it never joined', () => {
    expect(joinTimeMs(healthyState(), WORKER)).toBe(JOINED);
    expect(joinTimeMs(withLogLines(healthyState(), WORKER, [joined(NOW - HOUR)]), WORKER)).toBe(NOW - HOUR);
    const never = withOnlyLogLines(healthyState(), WORKER, []);
    expect(joinTimeMs(never, WORKER)).toBe(STARTED);
    expect(hasJoinedSinceStart(never, WORKER)).toBe(false);
  });

  it('is not a join of an earlier run', () => {
    const restarted = withContainer(healthyState(), WORKER, { startedAtMs: NOW - SECOND });
    expect(joinTimeMs(restarted, WORKER)).toBe(NOW - SECOND);
    expect(hasJoinedSinceStart(restarted, WORKER)).toBe(false);
  });

  it('cannot be told from a log that is unseen or cut short', () => {
    for (const state of [
      cutShort,
      withUnseenLog(healthyState(), WORKER),
      withUnseen(healthyState(), 'containers'),
    ]) {
      expect(joinTimeMs(state, WORKER)).toBeNull();
      expect(hasJoinedSinceStart(state, WORKER)).toBeNull();
    }
  });
});

describe('a crash for good', () => {
  it('is the final crash with Stopped after it, since start', () => {
    const crashed = (atMs: number) =>
      crashForGoodAtMs(withLogLines(healthyState(), WORKER, crashForGood(atMs)), WORKER);
    expect(crashed(NOW - HOUR)).toBe(NOW - HOUR);
    expect(crashed(STARTED - HOUR)).toBe(false);
  });

  it('is none without Stopped, nor where a restart follows', () => {
    const [crash] = crashForGood(NOW - HOUR);
    const lines = crash === undefined ? [] : [crash];
    expect(crashForGoodAtMs(withLogLines(healthyState(), WORKER, lines), WORKER)).toBe(false);
    const restarting = logLine({ kind: 'consumer-restarting', logger: 'kafkajs', atMs: NOW - HOUR });
    const back = withLogLines(healthyState(), WORKER, [...crashForGood(NOW - HOUR), restarting]);
    expect(crashForGoodAtMs(back, WORKER)).toBe(false);
  });

  it('cannot be ruled out from a log that is cut short, unless it holds a join', () => {
    expect(crashForGoodAtMs(cutShort, WORKER)).toBeNull();
    expect(crashForGoodAtMs(withLogLines(cutShort, WORKER, [joined(NOW - HOUR)]), WORKER)).toBe(false);
  });
});

describe('a connectivity problem', () => {
  it('is the newest line of the Kafka client, and whether a join followed', () => {
    const refused = logLine({ kind: 'connection-refused', logger: 'kafkajs', atMs: NOW - HOUR });
    const state = withLogLines(healthyState(), WORKER, [refused]);
    expect(connectivityProblem(state, WORKER)).toEqual({ line: refused, joinedSince: false });
    expect(connectivityProblem(withLogLines(state, WORKER, [joined(NOW - SECOND)]), WORKER)).toMatchObject({
      joinedSince: true,
    });
    expect(connectivityProblem(healthyState(), WORKER)).toBeNull();
    expect(connectivityProblem(withUnseenLog(healthyState(), WORKER), WORKER)).toBe('unseen');
  });
});

describe('a member of ours', () => {
  const member = { memberId: 'm', clientId: 'kafkajs', clientHost: '/172.18.0.9', assignment: null };
  const placed = withContainer(healthyState(), WORKER, {
    networks: [{ name: 'n', aliases: [], ipAddress: '172.18.0.9' }],
  });

  it('comes from the container of the worker, or names it', () => {
    expect(isMemberOf(placed, member, WORKER)).toBe(true);
    expect(isMemberOf(healthyState(), { ...member, clientId: 'kodingcaravan-purchase-worker' }, WORKER)).toBe(
      true,
    );
    expect(isMemberOf(placed, { ...member, clientHost: '/10.0.0.7' }, WORKER)).toBe(false);
    expect(isMemberOf(withUnseen(placed, 'containers'), member, WORKER)).toBe(false);
  });

  it('shows a living worker only in a Stable group', () => {
    const purchase = stageDefinition('purchase');
    expect(isLivingByGroup(healthyState(), purchase)).toBe(true);
    expect(isLivingByGroup(withGroup(healthyState(), purchase.group, { states: ['Empty'] }), purchase)).toBe(
      false,
    );
    expect(isLivingByGroup(withUnseen(healthyState(), 'groups'), purchase)).toBe(false);
  });

  it('is not a stranger in its place', () => {
    const purchase = stageDefinition('purchase');
    const state = withGroup(healthyState(), purchase.group, {
      poll: (poll) => ({ ...poll, members: [{ ...member, clientHost: '/10.0.0.7' }] }),
    });
    expect(isLivingByGroup(state, purchase)).toBe(false);
  });
});

describe('expected stages', () => {
  it('leave notification out unless it is configured', () => {
    expect(expectedStages(healthyState()).map(({ stage }) => stage)).not.toContain('notification');
    const all = withSettings(healthyState(), { expectedWorkers: ['notification-worker'] });
    expect(expectedStages(all).map(({ stage }) => stage)).toEqual(['notification']);
  });

  it('ask nothing of the state but its settings', () => {
    const state = { ...healthyState(), containers: seen(seenValue(healthyState().containers), NOW) };
    expect(expectedStages(withUnseen(state, 'containers'))).toEqual(expectedStages(state));
  });
});
