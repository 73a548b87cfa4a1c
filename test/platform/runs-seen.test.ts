import { describe, expect, it } from 'vitest';
import { type LockSeen, runsSeen, stillStopped, wasLeft } from '../../src/platform/runs-seen.ts';
import type { PlatformState, RunSeen } from '../../src/platform/state.ts';
import { other, runEntries, start, stop } from '../support/run-entries.ts';
import { healthyState, MINUTE, NOW, withContainer, withoutContainer, withUnseen } from '../support/states.ts';

const FREE: LockSeen = { kind: 'free' };
const AT = { run: '7f3a', atMs: NOW - 12 * MINUTE };
const MOVE = [
  stop('purchase-worker'),
  other('move-offsets', { kind: 'commit-offsets' }),
  start('purchase-worker'),
];

type Written = Parameters<typeof runEntries>[1];

function seenOf(written: readonly Written[], lock: LockSeen = FREE): RunSeen {
  const [run] = runsSeen(runEntries(AT, ...written), lock);
  if (run === undefined) throw new Error('no run was seen');
  return run;
}

describe('what a run stopped', () => {
  it.each<readonly [string, readonly Written[], readonly (readonly [string, boolean])[]]>([
    ['nothing was begun', [MOVE], []],
    ['the stop may have been sent', [MOVE, 'step-intended 1'], [['purchase-worker', false]]],
    ['it was stopped', [MOVE, 'step-intended 1', 'step-done 1'], [['purchase-worker', true]]],
    ['the stop failed', [MOVE, 'step-intended 1', 'step-not-done 1'], []],
    ['it was started again', [MOVE, 'step-done 1', 'step-done 3'], []],
    ['its start may have been sent', [MOVE, 'step-done 1', 'step-intended 3'], [['purchase-worker', true]]],
    [
      'taking back stopped it a second time',
      [
        MOVE,
        'step-done 1',
        'step-done 3',
        [stop('purchase-worker'), start('purchase-worker')],
        'step-done 1',
      ],
      [['purchase-worker', true]],
    ],
    [
      'taking back stopped what the run had started',
      [[start('cache-worker')], 'step-done 1', [stop('cache-worker')], 'step-done 1', 'run-undone'],
      [],
    ],
  ])('%s', (_, written, stopped) => {
    expect(seenOf(written).stopped.map(({ service, isCertain }) => [service, isCertain])).toEqual(stopped);
  });

  it('is stopped still only while nobody has started it', () => {
    const run = seenOf([MOVE, 'step-done 1']);
    const exited = (startedAtMs: number) =>
      withContainer(healthyState(), 'purchase-worker', { status: 'exited', startedAtMs });
    const left = (state: PlatformState) => stillStopped(state, run).map(({ service }) => service);
    expect(left(exited(NOW - 60 * MINUTE))).toEqual(['purchase-worker']);
    expect(left(exited(NOW - MINUTE))).toEqual([]);
    expect(left(healthyState())).toEqual([]);
    expect(left(withoutContainer(healthyState(), 'purchase-worker'))).toEqual([]);
    expect(left(withUnseen(healthyState(), 'containers'))).toEqual(['purchase-worker']);
  });
});

describe('who is at work', () => {
  const opened = [MOVE, 'step-done 1'] as const;

  it.each<readonly [LockSeen, RunSeen['lock'], boolean]>([
    [{ kind: 'free' }, 'free', true],
    [{ kind: 'held', run: '7f3a' }, 'held', false],
    [{ kind: 'held', run: 'b2c4' }, 'held-by-other', false],
    [{ kind: 'held', run: null }, 'held-by-other', false],
    [{ kind: 'unseen' }, 'unseen', false],
  ])('lock %j', (lock, said, isLeft) => {
    const run = seenOf(opened, lock);
    expect([run.lock, wasLeft(run)]).toEqual([said, isLeft]);
  });

  it('is nobody once the run has ended, and somebody may be when it was opened again', () => {
    expect(wasLeft(seenOf([...opened, 'run-interrupted']))).toBe(false);
    expect(seenOf([...opened, 'run-interrupted']).end).toEqual({
      kind: 'interrupted',
      atMs: AT.atMs + 2_000,
    });
    expect(seenOf([...opened, 'run-interrupted', 'step-intended 2']).end).toBeNull();
  });
});

it('tells runs newest first, and leaves out one that was never opened', () => {
  const runs = runsSeen(
    [
      ...runEntries({ run: 'old', atMs: NOW - 9 * MINUTE }, MOVE),
      ...runEntries({ run: 'torn', atMs: NOW - 5 * MINUTE }, 'step-done 1'),
      ...runEntries(
        { run: 'new', operator: 'bob', atMs: NOW - MINUTE },
        [start('cache-worker')],
        'run-verified',
      ),
    ],
    FREE,
  );
  expect(runs.map(({ run, operator, title, end }) => [run, operator, title, end?.kind])).toEqual([
    ['new', 'bob', 'start-worker@purchase for 3 payments', 'verified'],
    ['old', 'alice', 'move-offsets@purchase, start-worker@purchase for 3 payments', undefined],
  ]);
});
