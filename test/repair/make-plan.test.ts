import { describe, expect, it } from 'vitest';
import { changeObstacle } from '../../src/repair/make-plan.ts';
import type { PlanDraft } from '../../src/repair/plan.ts';
import { healthyState, idsOf, withContainer, withUnseen } from '../support/states.ts';
import {
  adminServerError,
  deadConsumer,
  firstDeployment,
  markedBeforeVerified,
  markedNotSent,
  missingTopic,
  named,
  notDeployed,
  planOf,
  poisonRecord,
  stoppedWorker,
  withPaid,
} from './support.ts';

const changes = ({ steps }: PlanDraft): readonly string[] =>
  named(steps.filter(({ action }) => action.kind !== 'instruct'));

describe('the plan of a fault', () => {
  it('f02: starts the worker that is stopped, and waits until what waited is read', () => {
    const plan = planOf(stoppedWorker());
    expect(named(plan.steps)).toEqual([
      'start-worker start-container allocation',
      'start-worker wait-member allocation',
      'start-worker wait-drain allocation',
    ]);
    expect(plan.payments).toEqual([idsOf(1).payment]);
    expect(plan.refusals).toEqual([]);
    expect(plan.confirm).toBeNull();
  });

  it('f15: makes the topic while its readers are stopped, and gives their groups offset 0', () => {
    const plan = planOf(missingTopic());
    expect(named(plan.steps)).toEqual([
      'create-topics stop-container allocation',
      'create-topics wait-group-empty allocation',
      'create-topics stop-container cache',
      'create-topics wait-group-empty cache',
      'create-topics create-topic allocation',
      'create-topics commit-offsets allocation',
      'create-topics commit-offsets cache',
      'create-topics start-container cache',
      'create-topics wait-member cache',
      'create-topics start-container allocation',
      'create-topics wait-member allocation',
    ]);
    expect(plan.steps.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(plan.warnings.some((warning) => warning.includes('replayed by name'))).toBe(true);
  });

  it('f19: stops the worker, commits, and starts it, instead of restarting it past its first record', () => {
    expect(named(planOf(firstDeployment()).steps)).toEqual([
      'move-offsets stop-container purchase',
      'move-offsets wait-group-empty purchase',
      'move-offsets commit-offsets purchase',
      'move-offsets start-container purchase',
      'move-offsets wait-member purchase',
      'move-offsets wait-drain purchase',
    ]);
  });

  it('f33: sends what was never sent, and wants the number of payments typed', () => {
    const plan = planOf(markedNotSent());
    expect(named(plan.steps)).toEqual([
      'replay-payment produce-record purchase',
      'replay-payment wait-drain purchase',
    ]);
    expect(plan.confirm).toBe('kodingcaravan:1');
  });

  it.each([
    ['f01', notDeployed, 'worker-not-deployed'],
    ['f26', poisonRecord, 'poison-record'],
    ['f39', markedBeforeVerified, 'marks-before-verify'],
    ['f46', adminServerError, 'admin-server-error'],
    ['f53', deadConsumer, 'consumer-dead-in-running-container'],
  ] as const)('%s: tells a person what to do, with the evidence, and changes nothing', (_, fault, cause) => {
    const plan = planOf(fault());
    expect(changes(plan)).toEqual([]);
    const [first] = plan.steps;
    expect(first?.action).toMatchObject({ kind: 'instruct', cause, payments: [idsOf(1).payment] });
    expect(first?.action.kind === 'instruct' ? first.action.evidence.length : 0).toBeGreaterThan(0);
    expect(plan.confirm).toBeNull();
  });

  it('a healthy platform has nothing to repair', () => {
    const plan = planOf(withPaid(healthyState(), { upTo: 'cache-read' }));
    expect(plan).toMatchObject({ steps: [], refusals: [], payments: [], previews: [], confirm: null });
  });
});

describe('what the evidence supports', () => {
  it('offers words alone where the ranking did not settle', () => {
    const plan = planOf(withUnseen(stoppedWorker(), 'containers'));
    expect(changes(plan)).toEqual([]);
    expect(plan.steps.map(({ action }) => action.kind)).toContain('instruct');
  });

  it('takes only the payments and the stage that were named', () => {
    const state = stoppedWorker(3);
    const [first] = planOf(state, { payments: [idsOf(2).payment] }).steps;
    expect(first?.action.kind).toBe('start-container');
    expect(planOf(state, { stage: 'sessions' }).steps).toEqual([]);
  });

  it('starts the later worker before the earlier one', () => {
    const both = planOf(stoppedAt('allocation-worker', 'session-worker'), { repair: 'start-worker' });
    const started = both.steps.filter(({ action }) => action.kind === 'start-container');
    expect(started.map(({ stage }) => stage)).toEqual(['sessions', 'allocation']);
  });

  it('plans the same from the same state, whatever the time of the look', () => {
    const later = { ...stoppedWorker(), takenAtMs: stoppedWorker().takenAtMs + 5_000 };
    expect(planOf(later)).toEqual(planOf(stoppedWorker()));
  });

  it('refuses an empty selection', () => {
    expect(planOf(healthyState(), { repair: 'replay-payment' }).refusals).toHaveLength(1);
  });
});

describe('what stands against any change', () => {
  it('is a platform whose parts are not proved to belong together, or a read replica', () => {
    const { identity, database } = healthyState();
    expect(changeObstacle(healthyState())).toBeNull();
    const apart = { ...identity, belongsTogether: { verdict: 'not-provable', proofs: [] } } as const;
    expect(changeObstacle({ ...healthyState(), identity: apart })?.reason).toContain('not proved');
    if (database.kind !== 'seen') throw new Error('the healthy database is seen');
    const replica = { ...database, value: { ...database.value, inRecovery: true } };
    expect(changeObstacle({ ...healthyState(), database: replica })?.reason).toContain('read replica');
    expect(changeObstacle(withUnseen(healthyState(), 'database'))?.reason).toContain('not seen');
  });
});

function stoppedAt(...workers: readonly string[]) {
  return workers.reduce(
    (state, worker) => withContainer(state, worker, { status: 'exited', exitCode: 0 }),
    healthyState(),
  );
}
