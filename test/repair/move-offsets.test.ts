import { describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import type { OffsetMove, PlanDraft } from '../../src/repair/plan.ts';
import { withGuard } from '../support/schema-states.ts';
import {
  HOUR,
  healthyState,
  idsOf,
  logLine,
  NOW,
  SECOND,
  seenValue,
  withContainer,
  withGroup,
  withLogLines,
  withoutContainer,
  withPartition,
  withPurchase,
  withUnseen,
  withUnseenLog,
} from '../support/states.ts';
import { firstDeployment, GROUP, named, partitionOfPayment, planOf, TOPIC, withPaid } from './support.ts';

const PARTITION = partitionOfPayment(1);
const OTHER = (PARTITION + 1) % 3;
const NAMED = { repair: 'move-offsets', stage: 'purchase' } as const;

const moved = (state: PlatformState): PlanDraft => planOf(state, NAMED);

function movesOf({ steps }: PlanDraft): readonly OffsetMove[] {
  return steps.flatMap(({ action }) => (action.kind === 'commit-offsets' ? action.moves : []));
}

const moveAt = (plan: PlanDraft, partition: number) =>
  movesOf(plan).find((move) => move.partition === partition);

/** One payment waits in a log of many records; the rest have left their effects. */
function inLongLog(before: bigint, behind: bigint, committed: bigint | null): PlatformState {
  const paid = withPaid(healthyState(), { upTo: 'confirmed-record' });
  return withPartition(paid, GROUP, TOPIC, PARTITION, {
    committed,
    start: 4n - before,
    end: 5n + behind,
    headAgeMs: HOUR,
  });
}

describe('move-offsets', () => {
  it('gives every partition a number, so that the first record is read and none is skipped later', () => {
    const { steps } = planOf(firstDeployment());
    expect(steps[0]).toMatchObject({
      action: { kind: 'stop-container', graceSeconds: 120, name: 'kodingcaravan-purchase-worker' },
      reversibility: 'compensating',
      precondition: {
        kind: 'container',
        containerId: 'id-purchase-worker',
        startedAtMs: NOW - 30 * 60 * SECOND - 4 * SECOND,
      },
    });
    expect(steps[1]?.action).toEqual({ kind: 'wait-group-empty', group: GROUP, withinMs: 60_000 });
    const moves = [0, 1, 2].map((partition) => ({ topic: TOPIC, partition, from: null, to: 4n }));
    expect(steps[2]).toMatchObject({
      action: { kind: 'commit-offsets', group: GROUP, moves },
      reversibility: 'compensating',
      risk: 'disruptive',
      precondition: { kind: 'group-empty', group: GROUP, containers: ['id-purchase-worker'], moves },
    });
    expect(steps[2]?.byHand).toContain(
      `--topic ${TOPIC}:${PARTITION} --reset-offsets --to-offset 4 --execute`,
    );
    expect(steps[5]?.action).toMatchObject({
      kind: 'wait-drain',
      positions: [{ topic: TOPIC, partition: PARTITION, offset: 4n }],
      payments: [idsOf(1).payment],
    });
  });

  it('has nothing to do where every partition has a usable number', () => {
    expect(moved(healthyState())).toMatchObject({ steps: [], refusals: [] });
  });

  it('puts a number back over one that lies outside the log', () => {
    const plan = moved(
      withPartition(healthyState(), GROUP, TOPIC, OTHER, { committed: 57n, end: 4n, start: 4n }),
    );
    expect(movesOf(plan)).toEqual([{ topic: TOPIC, partition: OTHER, from: 57n, to: 4n }]);
    const commit = plan.steps.find(({ action }) => action.kind === 'commit-offsets');
    expect(commit).toMatchObject({ reversibility: 'compensating', risk: 'disruptive' });
    expect(plan.confirm).toBeNull();
  });

  it.each([
    ['a stored code', -2n],
    ['an offset below the log', 1n],
    ['none', null],
  ])('goes to the oldest payment without a purchase from %s', (_, committed) => {
    expect(moveAt(moved(inLongLog(0n, 0n, committed)), PARTITION)).toMatchObject({ from: committed, to: 4n });
  });

  it('starts a worker that was stopped, as its own part of the repair', () => {
    const stopped = withContainer(
      withGroup(firstDeployment(), GROUP, { states: ['Empty', 'Empty', 'Empty'] }),
      'purchase-worker',
      { status: 'exited', exitCode: 0, finishedAtMs: NOW - 20 * 60 * SECOND },
    );
    expect(named(moved(stopped).steps)).toEqual([
      'move-offsets wait-group-empty purchase',
      'move-offsets commit-offsets purchase',
      'start-worker start-container purchase',
      'move-offsets wait-member purchase',
      'move-offsets wait-drain purchase',
    ]);
  });

  it('gives an empty partition a number before a stopped worker starts, and leaves a running one alone', () => {
    const idle = withPartition(healthyState(), GROUP, TOPIC, OTHER, { committed: null, start: 4n, end: 4n });
    expect(moved(idle)).toMatchObject({ steps: [], refusals: [] });
    const stopped = withContainer(
      withGroup(idle, GROUP, { states: ['Empty', 'Empty', 'Empty'] }),
      'purchase-worker',
      { status: 'exited', exitCode: 0, finishedAtMs: NOW - 20 * 60 * SECOND },
    );
    expect(movesOf(planOf(stopped))).toEqual([{ topic: TOPIC, partition: OTHER, from: null, to: 4n }]);
    const named = planOf(stopped, { repair: 'start-worker', stage: 'purchase' });
    expect(named.warnings.join()).toContain(`no committed offset on ${TOPIC}[${OTHER}]`);
  });

  it('commits the log end where more than 50 records would be read again, and names who is passed', () => {
    const plan = moved(
      withPartition(inLongLog(0n, 60n, null), GROUP, TOPIC, PARTITION, {
        committed: null,
        start: 4n,
        end: 65n,
        headAgeMs: HOUR,
      }),
    );
    expect(moveAt(plan, PARTITION)).toMatchObject({ from: null, to: 65n });
    expect(plan.previews).toContainEqual(
      expect.objectContaining({ payment: idsOf(1).payment, effect: 'skipped', offset: 4n, refuses: false }),
    );
    expect(plan.steps.find(({ action }) => action.kind === 'commit-offsets')?.risk).toBe('destructive');
    expect(plan.confirm).toBe('kodingcaravan:1');
    expect(plan.payments).toEqual([]);
  });

  it('passes an ended purchase by rather than revive it', () => {
    const first = withPaid(healthyState(), { upTo: 'confirmed-record' });
    const second = withPaid(first, { n: 4, upTo: 'confirmed-record', partition: PARTITION });
    const ended = withPurchase(second, {
      purchaseId: idsOf(4).purchase,
      studentId: idsOf(4).student,
      courseId: idsOf(4).course,
      isActive: false,
      createdAtMs: NOW - HOUR + SECOND,
      expiresAtMs: null,
      paymentId: null,
    });
    const plan = moved(
      withPartition(ended, GROUP, TOPIC, PARTITION, { committed: null, start: 4n, end: 6n, headAgeMs: HOUR }),
    );
    expect(moveAt(plan, PARTITION)?.to).toBe(6n);
    expect(plan.previews.filter(({ effect }) => effect === 'skipped').map(({ payment }) => payment)).toEqual([
      idsOf(1).payment,
    ]);
  });

  it('stays clear of partitions whose number is usable', () => {
    const plan = moved(
      withPartition(firstDeployment(), GROUP, TOPIC, OTHER, { committed: 2n, start: 0n, end: 2n }),
    );
    expect(movesOf(plan).map(({ partition }) => partition)).not.toContain(OTHER);
  });
});

describe('move-offsets refuses', () => {
  function refused(state: PlatformState): string {
    const plan = moved(state);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals[0]?.hint).toMatch(/\S/);
    return plan.refusals[0]?.reason ?? '';
  }

  it('a worker in the middle of a record, until it has finished or been silent for long', () => {
    const line = (ageMs: number) => [
      logLine({ atMs: NOW - ageMs, kind: 'received', eventType: 'PURCHASE_CONFIRMED' }),
    ];
    expect(refused(withLogLines(firstDeployment(), 'purchase-worker', line(5 * SECOND)))).toContain(
      'in the middle',
    );
    const finished = withLogLines(firstDeployment(), 'purchase-worker', [
      ...line(5 * SECOND),
      logLine({ atMs: NOW - 4 * SECOND, kind: 'purchase-created' }),
    ]);
    expect(moved(finished).refusals).toEqual([]);
    expect(
      moved(withLogLines(firstDeployment(), 'purchase-worker', line(10 * 60 * SECOND))).refusals,
    ).toEqual([]);
    expect(refused(withUnseenLog(firstDeployment(), 'purchase-worker'))).toContain('was not seen');
  });

  it('a worker without container, and containers that were not seen', () => {
    expect(refused(withoutContainer(firstDeployment(), 'purchase-worker'))).toContain('no container');
    expect(refused(withUnseen(firstDeployment(), 'containers'))).toContain('not seen');
  });

  it('a group with a member that is not ours', () => {
    const state = withGroup(firstDeployment(), GROUP, {
      poll: (poll) => ({
        ...poll,
        members: [
          ...poll.members,
          { memberId: 'x', clientId: 'laptop', clientHost: '/10.0.0.7', assignment: [] },
        ],
      }),
    });
    expect(refused(state)).toContain('laptop at /10.0.0.7');
  });

  it('a platform whose unique index is missing, or whose schema was not seen', () => {
    expect(refused(withGuard(firstDeployment(), 'unique_active_purchase', { state: 'absent' }))).toContain(
      'unique_active_purchase',
    );
    expect(refused(withUnseen(firstDeployment(), 'schema'))).toContain('not seen');
  });

  it('to pass records while not every unfinished payment was followed', () => {
    const state = firstDeployment();
    const payments = seenValue(state.payments);
    const cut = {
      kind: 'seen',
      value: { ...payments, unfinished: [], unfinishedTotal: 900 },
      seenAtMs: NOW,
    } as const;
    expect(refused({ ...state, payments: cut })).toContain('not every unfinished payment');
    const older = {
      kind: 'seen',
      value: { ...payments, unfinished: [], unfinishedTotal: 0, olderMissing: 3 },
      seenAtMs: NOW,
    } as const;
    expect(refused({ ...state, payments: older })).toContain('not every unfinished payment');
  });

  it('to have read what nobody looked at', () => {
    const state = firstDeployment();
    const longer = withPartition(state, GROUP, TOPIC, PARTITION, {
      committed: null,
      start: 4n,
      end: 8n,
      headAgeMs: HOUR,
    });
    expect(refused({ ...longer, records: { ...longer.records, waiting: {} } })).toContain('not looked at');
  });

  it('no group at all', () => {
    expect(planOf(healthyState(), { repair: 'move-offsets' }).steps).toEqual([]);
  });
});
