import { describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import type { PlanDraft } from '../../src/repair/plan.ts';
import {
  container,
  DAY,
  healthyState,
  idsOf,
  MINUTE,
  NOW,
  SECOND,
  STARTED,
  seenValue,
  withContainer,
  withContainers,
  withGroup,
  withoutContainer,
  withPartition,
  withPayment,
  withSettings,
  withTopicAbsent,
  withTopicPartition,
  withUnseen,
  withUnseenGroup,
} from '../support/states.ts';
import {
  deadConsumer,
  named,
  partitionOfPayment,
  planOf,
  stoppedWorker,
  withPaid,
  withStrayRecord,
} from './support.ts';

const GROUP = 'trainer-allocation-workers';
const TOPIC = 'purchase-created';
const PARTITION = partitionOfPayment(1);
const OTHER = (PARTITION + 1) % 3;
const NAMED = { repair: 'start-worker', stage: 'allocation' } as const;

const started = (state: PlatformState): PlanDraft => planOf(state, NAMED);

function refused(state: PlatformState, selection: Parameters<typeof planOf>[1] = NAMED): string {
  const plan = planOf(state, selection);
  expect(plan.steps).toEqual([]);
  const [first] = plan.refusals;
  if (first === undefined) throw new Error('nothing was refused');
  expect(first.hint).not.toBe('');
  return first.reason;
}

describe('start-worker', () => {
  it('starts what is stopped and waits until everything that waited is read', () => {
    const { steps, previews } = planOf(stoppedWorker());
    expect(steps[0]).toEqual({
      number: 1,
      repair: 'start-worker',
      stage: 'allocation',
      title: 'start container kodingcaravan-allocation-worker',
      action: {
        kind: 'start-container',
        containerId: 'id-allocation-worker',
        name: 'kodingcaravan-allocation-worker',
        service: 'allocation-worker',
      },
      before: 'exited (0)',
      after: 'running, member of trainer-allocation-workers within 60 s',
      whySafe:
        'every partition has a committed offset inside its log: trainer-allocation-workers goes on with 1 waiting record',
      reversibility: 'compensating',
      risk: 'disruptive',
      precondition: {
        kind: 'container',
        containerId: 'id-allocation-worker',
        status: ['exited'],
        startedAtMs: STARTED,
      },
      byHand: 'docker start kodingcaravan-allocation-worker',
    });
    expect(steps[1]?.action).toEqual({ kind: 'wait-member', group: GROUP, withinMs: 60_000 });
    expect(steps[2]?.action).toEqual({
      kind: 'wait-drain',
      group: GROUP,
      positions: [{ topic: TOPIC, partition: PARTITION, offset: 4n }],
      payments: [idsOf(1).payment],
      withinMs: 180_000,
    });
    expect(previews).toEqual([
      {
        payment: idsOf(1).payment,
        effect: 'read-first-time',
        refuses: false,
        topic: TOPIC,
        partition: PARTITION,
        offset: 4n,
        text: 'a trainer is assigned',
      },
    ]);
  });

  it('starts a worker that was created and never started, though nobody is hurt yet', () => {
    const plan = started(
      withContainer(healthyState(), 'allocation-worker', { status: 'created', exitCode: null }),
    );
    expect(named(plan.steps)).toEqual([
      'start-worker start-container allocation',
      'start-worker wait-member allocation',
    ]);
  });

  it('has nothing to do with a worker that runs', () => {
    expect(started(healthyState())).toMatchObject({ steps: [], refusals: [] });
  });

  it('restarts a worker that hangs, and says what that costs', () => {
    const paid = withPaid(healthyState(), { upTo: 'created-record' });
    const plan = started(paid);
    expect(named(plan.steps)).toEqual([
      'start-worker stop-container allocation',
      'start-worker start-container allocation',
      'start-worker wait-member allocation',
      'start-worker wait-drain allocation',
    ]);
    expect(plan.steps[1]?.precondition).toMatchObject({ status: ['exited'], startedAtMs: null });
    expect(plan.warnings.join()).toContain('is down from its stop until it has joined again');
  });

  it('names the students whose sessions session-worker tops up at its start', () => {
    const arrived = withPayment(healthyState(), { upTo: 'allocation-row' });
    const stopped = withContainer(arrived, 'session-worker', { status: 'exited', exitCode: 0 });
    const { warnings } = planOf(stopped, { repair: 'start-worker', stage: 'sessions' });
    expect(warnings.join()).toContain(idsOf(1).student);
  });
});

describe('start-worker refuses', () => {
  const exited = { status: 'exited', exitCode: 1 } as const;

  it('a worker without container, and says how to create one without starting it', () => {
    expect(refused(withoutContainer(healthyState(), 'allocation-worker'))).toContain('has no container');
  });

  it('where no runtime can be asked, or containers were not seen', () => {
    expect(refused(withSettings(stoppedWorker(), { runtime: 'none' }))).toContain('no container runtime');
    expect(refused(withUnseen(stoppedWorker(), 'containers'))).toContain('not seen');
    expect(refused(withContainers(stoppedWorker(), []))).toContain('another host');
  });

  it.each([
    ['restarting', { status: 'restarting', restartCount: 1 }],
    ['up for a moment', { status: 'running', restartCount: 4, startedAtMs: NOW - 20 * SECOND }],
    ['given up', { ...exited, restartCount: 5 }],
  ] as const)('a worker that dies at its start: %s', (_, patch) => {
    expect(refused(withContainer(healthyState(), 'allocation-worker', patch))).toContain('again and again');
  });

  it('what a person paused', () => {
    expect(refused(withContainer(healthyState(), 'allocation-worker', { status: 'paused' }))).toContain(
      'paused',
    );
  });

  it('one of two containers of a service, and leaves one-off containers out', () => {
    const two = (oneOff: boolean) => {
      const state = stoppedWorker();
      const { containers } = seenValue(state.containers);
      const second = container('allocation-worker', { id: 'id-second', name: 'second', oneOff });
      return withContainers(state, [...containers, { ...second, ...exited }]);
    };
    expect(refused(two(false))).toContain('more than one container');
    expect(started(two(true)).refusals).toEqual([]);
  });

  it.each([
    ['none', { committed: null, start: 0n }],
    ['a code', { committed: -2n }],
    ['beyond the end', { committed: 57n }],
    ['below the log', { committed: 1n, start: 3n }],
  ] as const)('a group whose committed offset is %s: the start would skip what is there', (_, change) => {
    const state = withPartition(stoppedWorker(), GROUP, TOPIC, OTHER, change);
    const plan = started(state);
    expect(plan.refusals[0]?.reason).toContain('a start would skip what is there');
    expect(plan.refusals[0]?.hint).toBe('kc-doctor fix move-offsets --stage allocation');
  });

  it('a topic that is absent, one without leader, and a group that was not seen', () => {
    expect(refused(withTopicAbsent(stoppedWorker(), TOPIC))).toContain('does not exist');
    expect(refused(withTopicPartition(stoppedWorker(), TOPIC, 0, { leader: null }))).toContain('no leader');
    expect(refused(withUnseenGroup(stoppedWorker(), GROUP))).toContain('not seen');
  });

  it('a consumer that would die on the same record again', () => {
    expect(refused(deadConsumer(), { repair: 'start-worker', stage: 'purchase' })).toContain(
      'would die on it again',
    );
  });

  it('a payment that was refunded meanwhile, by name', () => {
    const state = stoppedWorker();
    const payments = seenValue(state.payments);
    const refunded = payments.unfinished.map((row) => ({ ...row, status: 'refunded' }));
    const plan = started({
      ...state,
      payments: { kind: 'seen', value: { ...payments, unfinished: [], asked: refunded }, seenAtMs: NOW },
    });
    expect(plan.steps).toEqual([]);
    expect(plan.refusals[0]).toMatchObject({ payments: [idsOf(1).payment] });
    expect(plan.refusals[0]?.reason).toContain('unpaid');
    expect(plan.refusals[0]?.hint).toMatch(
      /--topic \S+:(\d) --reset-offsets --to-offset 5 --execute passes it$/,
    );
  });

  it('a record of nobody', () => {
    const stray = { key: idsOf(9).payment, paymentId: idsOf(9).payment, purchaseId: idsOf(9).purchase };
    const state = withStrayRecord(stoppedWorker(), GROUP, TOPIC, OTHER, stray);
    expect(refused(state)).toContain('foreign');
  });

  it('records that were not looked at', () => {
    const state = withPartition(stoppedWorker(), GROUP, TOPIC, OTHER, { end: 9n, head: null });
    const known = { ...state, records: { ...state.records, waiting: {} } };
    expect(refused(known)).toContain('were not looked at');
  });

  it('payments older than 48 hours, unless they are asked for', () => {
    const old = withContainer(
      withGroup(withPaid(healthyState(), { upTo: 'created-record', ageMs: 3 * DAY }), GROUP, {
        states: ['Empty', 'Empty', 'Empty'],
      }),
      'allocation-worker',
      { ...exited, finishedAtMs: NOW - 3 * DAY - MINUTE },
    );
    const plan = started(old);
    expect(plan.refusals[0]?.hint).toContain('--include-older');
    expect(planOf(old, { ...NAMED, includeOlder: true }).steps).not.toEqual([]);
  });
});
