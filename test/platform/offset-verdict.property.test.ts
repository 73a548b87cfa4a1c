import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/platform/log-line.ts';
import { offsetVerdict } from '../../src/platform/offset-verdict.ts';
import type { GroupStateName, PlatformState } from '../../src/platform/state.ts';
import type { OffsetVerdict } from '../../src/platform/verdict.ts';
import {
  crashForGood,
  deadLetter,
  HOUR,
  healthyState,
  logLine,
  NOW,
  PARTS,
  SECOND,
  withContainer,
  withDeadLetters,
  withGroup,
  withOnlyLogLines,
  withPartition,
  withUnseen,
} from '../support/states.ts';

const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const WORKER = 'purchase-worker';
const HEALTHY: readonly OffsetVerdict[] = ['caught-up', 'in-flight', 'never-committed-idle'];

interface Situation {
  readonly start: bigint;
  readonly records: bigint;
  readonly commits: readonly [bigint | null, bigint | null, bigint | null];
  readonly states: readonly [GroupStateName, GroupStateName, GroupStateName];
  readonly headAgeMs: number;
  readonly owned: boolean;
  readonly deliveries: number;
  readonly joinAgeMs: number;
  readonly finished: boolean;
  readonly isDead: boolean;
  readonly isRunning: boolean;
}

const commit = fc.option(fc.bigInt({ min: -2n, max: 30n }), { nil: null });
const groupState = fc.constantFrom<GroupStateName>('Stable', 'Empty', 'PreparingRebalance', 'Dead');

const situations: fc.Arbitrary<Situation> = fc.record({
  start: fc.bigInt({ min: 0n, max: 10n }),
  records: fc.bigInt({ min: 0n, max: 15n }),
  commits: fc.oneof(
    commit.map((one) => [one, one, one] as const),
    fc.tuple(commit, commit, commit),
  ),
  states: fc.oneof(
    groupState.map((one) => [one, one, one] as const),
    fc.tuple(groupState, groupState, groupState),
  ),
  headAgeMs: fc.integer({ min: 5, max: 200 }).map((ageSeconds) => ageSeconds * SECOND),
  owned: fc.boolean(),
  deliveries: fc.integer({ min: 0, max: 3 }),
  joinAgeMs: fc.constantFrom(3 * SECOND, 60 * SECOND, HOUR),
  finished: fc.boolean(),
  isDead: fc.boolean(),
  isRunning: fc.boolean(),
});

/** As the platform would leave it: each failed delivery makes a letter and its lines, and a dead consumer leaves its group. */
function stateOf(situation: Situation): PlatformState {
  const { start, records, commits, headAgeMs, owned } = situation;
  const end = start + records;
  const grouped = withGroup(
    withPartition(healthyState(), GROUP, TOPIC, 0, { start, end, committed: commits, headAgeMs, owned }),
    GROUP,
    { states: situation.isDead ? ['Empty', 'Empty', 'Empty'] : situation.states },
  );
  const committed = commits[2];
  const position = committed === null || committed < start ? start : committed;
  const place = { topic: TOPIC, partition: 0, offset: position };
  const failures = Array.from({ length: situation.deliveries }, (_, index) => NOW - (4 - index) * SECOND);
  const lines: readonly LogLine[] = [
    logLine({ kind: 'joined', logger: 'kafkajs', atMs: NOW - situation.joinAgeMs }),
    ...(situation.finished ? [logLine({ ...place, kind: 'purchase-created', atMs: NOW - HOUR / 2 })] : []),
    ...failures.flatMap((atMs) => [
      logLine({ ...place, kind: 'received', atMs }),
      logLine({ ...place, kind: 'attempt-failed', level: 'error', atMs }),
      logLine({ ...place, kind: 'sent-to-dlq', level: 'warn', atMs }),
    ]),
    ...(situation.isDead ? crashForGood(NOW - SECOND) : []),
  ].toSorted((a, b) => a.atMs - b.atMs);
  const letters = failures.map((atMs) => deadLetter(TOPIC, 0, position, { atMs }));
  const logged = withDeadLetters(withOnlyLogLines(grouped, WORKER, lines), letters);
  return situation.isRunning ? logged : withContainer(logged, WORKER, { status: 'exited', exitCode: 1 });
}

const judge = (state: PlatformState) => offsetVerdict(state, GROUP, TOPIC, 0);

describe('offset verdicts, whatever the situation', () => {
  it('keep what was stored, and never call a lag what is none', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { verdict, committed, start, end, because } = judge(stateOf(situation));
        expect(committed).toBe(situation.commits[2] === -1n ? null : situation.commits[2]);
        expect([start, end]).toEqual([situation.start, situation.start + situation.records]);
        if (verdict === 'caught-up') expect(committed).toBe(end);
        if (committed === end) expect(verdict).toBe('caught-up');
        expect(because).not.toMatch(/-\d+ (?:unread|records|left)/);
      }),
    );
  });

  it('carry a gap exactly where they are unknown', () => {
    fc.assert(
      fc.property(situations, fc.option(fc.constantFrom(...PARTS)), (situation, hidden) => {
        const state = stateOf(situation);
        const { verdict, gap } = judge(hidden === null ? state : withUnseen(state, hidden));
        expect(gap !== null).toBe(verdict === 'unknown');
      }),
    );
  });

  it('do not turn healthy when a part is hidden', () => {
    fc.assert(
      fc.property(situations, fc.constantFrom(...PARTS), (situation, part) => {
        const state = stateOf(situation);
        const before = judge(state).verdict;
        const after = judge(withUnseen(state, part)).verdict;
        if (HEALTHY.includes(after)) expect(before).toBe(after);
        else expect(HEALTHY).not.toContain(after);
      }),
      { numRuns: 1000 },
    );
  });

  it('do not depend on other groups and partitions', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const state = stateOf(situation);
        const elsewhere = withPartition(
          withPartition(state, 'trainer-allocation-workers', 'purchase-created', 0, {
            end: 9n,
            committed: 4n,
          }),
          'session-scheduling-workers',
          'trainer-allocated',
          0,
          { end: 9n, committed: null },
        );
        expect(judge(elsewhere)).toEqual(judge(state));
      }),
    );
  });
});
