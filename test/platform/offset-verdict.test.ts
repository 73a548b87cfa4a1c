import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import { offsetVerdict } from '../../src/platform/offset-verdict.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import type { OffsetVerdict } from '../../src/platform/verdict.ts';
import {
  crashForGood,
  DAY,
  deadLetter,
  type GroupChange,
  HOUR,
  healthyState,
  LAST_HANDLED,
  logLine,
  MINUTE,
  NOW,
  type PartitionChange,
  SECOND,
  STARTED,
  withContainer,
  withDeadLetters,
  withGroup,
  withLogLines,
  withOnlyLogLines,
  withPartition,
  withPolls,
  withTopicAbsent,
  withTopicPartition,
  withUnseen,
  withUnseenLog,
} from '../support/states.ts';

const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const WORKER = 'purchase-worker';

type Fact = (state: PlatformState) => PlatformState;

const partition =
  (change: PartitionChange): Fact =>
  (state) =>
    withPartition(state, GROUP, TOPIC, 0, change);
const group =
  (...states: NonNullable<GroupChange['states']>): Fact =>
  (state) =>
    withGroup(state, GROUP, { states });
const letters =
  (count: number, offset: bigint, atMs = NOW - 5 * SECOND): Fact =>
  (state) =>
    withDeadLetters(
      state,
      Array.from({ length: count }, () => deadLetter(TOPIC, 0, offset, { atMs })),
    );
const lines =
  (...added: Parameters<typeof logLine>[0][]): Fact =>
  (state) =>
    withLogLines(state, WORKER, added.map(logLine));
const joinedAt =
  (atMs: number): Fact =>
  (state) =>
    withOnlyLogLines(state, WORKER, [
      logLine({ atMs, kind: 'joined', logger: 'kafkajs' }),
      ...(atMs < LAST_HANDLED ? [logLine({ kind: 'received', atMs: LAST_HANDLED })] : []),
    ]);
const crash: Fact = (state) => withLogLines(state, WORKER, crashForGood(LAST_HANDLED));
const attempted = lines({ kind: 'attempt-failed', level: 'error', atMs: NOW - 16 * SECOND });
const finishedYesterday = lines({
  kind: 'purchase-created',
  atMs: NOW - DAY,
  topic: TOPIC,
  partition: 0,
  offset: 3n,
});
const handling = (offset: bigint, ageMs: number): Fact =>
  lines({ kind: 'received', atMs: NOW - ageMs, topic: TOPIC, partition: 0, offset });
const logUnseen: Fact = (state) => withUnseenLog(state, WORKER);

interface Vector {
  readonly n: number;
  readonly facts: readonly Fact[];
  readonly verdict: OffsetVerdict;
  readonly also?: readonly OffsetVerdict[];
}

const at4 = partition({ end: 9n, committed: 4n });
const ELEVEN = HOUR;

/** Catalogue 1.7, number by number. */
const VECTORS: readonly Vector[] = [
  { n: 1, facts: [(state) => withTopicAbsent(state, TOPIC)], verdict: 'topic-absent' },
  {
    n: 2,
    facts: [at4, (state) => withTopicPartition(state, TOPIC, 0, { leader: null })],
    verdict: 'no-leader',
  },
  { n: 3, facts: [partition({ end: 40n, committed: 57n })], verdict: 'ahead-of-log' },
  { n: 4, facts: [partition({ start: 30n, end: 40n, committed: 12n })], verdict: 'data-lost' },
  {
    n: 5,
    facts: [partition({ start: 40n, end: 40n, committed: 12n }), group('Empty')],
    verdict: 'data-lost',
  },
  { n: 6, facts: [partition({ end: 1n, committed: -2n })], verdict: 'sentinel' },
  { n: 7, facts: [partition({ end: 0n, committed: null })], verdict: 'never-committed-idle' },
  {
    n: 8,
    facts: [partition({ start: 5n, end: 5n, committed: null }), group('Empty'), finishedYesterday],
    verdict: 'never-committed-idle',
  },
  {
    n: 9,
    facts: [partition({ end: 9n, committed: null }), group('Empty'), finishedYesterday],
    verdict: 'commit-vanished',
  },
  {
    n: 10,
    facts: [partition({ end: 1n, committed: null }), group('Dead')],
    verdict: 'never-committed-unowned',
  },
  {
    n: 11,
    facts: [partition({ end: 1n, committed: null, headAgeMs: ELEVEN }), joinedAt(NOW - 50 * MINUTE)],
    verdict: 'never-committed-skipped',
  },
  {
    n: 12,
    facts: [
      partition({ end: 1n, committed: null, headAgeMs: ELEVEN }),
      joinedAt(NOW - 70 * MINUTE),
      letters(2, 0n),
    ],
    verdict: 'blocked-on-record',
  },
  {
    n: 13,
    facts: [partition({ end: 1n, committed: null, headAgeMs: ELEVEN }), joinedAt(NOW - 70 * MINUTE)],
    verdict: 'never-committed-pending',
  },
  {
    n: 14,
    facts: [partition({ end: 3n, committed: null }), joinedAt(NOW - 50 * MINUTE), letters(2, 2n)],
    verdict: 'never-committed-skipped',
    also: ['blocked-on-record'],
  },
  { n: 15, facts: [partition({ end: 9n, committed: 9n }), group('Empty')], verdict: 'caught-up' },
  { n: 16, facts: [partition({ end: 9n, committed: 8n, headAgeMs: 40 * SECOND })], verdict: 'in-flight' },
  {
    n: 17,
    facts: [partition({ end: 9n, committed: 8n, headAgeMs: 40 * SECOND }), letters(2, 8n)],
    verdict: 'blocked-on-record',
  },
  { n: 18, facts: [at4, group('Empty'), letters(2, 4n)], verdict: 'blocked-on-record' },
  { n: 19, facts: [at4, group('Empty')], verdict: 'unowned' },
  {
    n: 20,
    facts: [at4, group('PreparingRebalance', 'Stable', 'Stable', 'PreparingRebalance')],
    verdict: 'rebalancing',
  },
  { n: 21, facts: [partition({ end: 9n, committed: 4n, owned: false })], verdict: 'unassigned' },
  { n: 22, facts: [partition({ end: 9n, committed: [6n, 4n, 4n] })], verdict: 'rewound' },
  { n: 23, facts: [at4], verdict: 'hung' },
  { n: 24, facts: [partition({ end: 9n, committed: 5n }), letters(2, 3n)], verdict: 'hung' },
  { n: 25, facts: [partition({ end: 90n, committed: [10n, 14n, 19n] })], verdict: 'catching-up' },
  { n: 26, facts: [partition({ end: [90n, 93n, 95n], committed: [10n, 11n, 12n] })], verdict: 'slow' },
  {
    n: 27,
    facts: [
      partition({ end: 90n, committed: 10n }),
      lines({ kind: 'purchase-created', atMs: NOW - 20 * SECOND }),
    ],
    verdict: 'slow',
  },
  { n: 28, facts: [at4, (state) => withPolls(state, GROUP, 1)], verdict: 'unknown' },
  { n: 29, facts: [at4, logUnseen], verdict: 'unknown' },
  {
    n: 30,
    facts: [at4, group('Empty'), crash, letters(6, 4n)],
    verdict: 'consumer-stopped',
    also: ['blocked-on-record'],
  },
  { n: 31, facts: [partition({ end: 9n, committed: 9n }), group('Empty'), crash], verdict: 'caught-up' },
  {
    n: 32,
    facts: [partition({ end: 9n, committed: null }), group('Empty'), crash],
    verdict: 'never-committed-unowned',
    also: ['consumer-stopped'],
  },
  { n: 33, facts: [at4, group('Empty'), attempted, letters(1, 4n)], verdict: 'evicted' },
  { n: 34, facts: [at4, group('Empty'), attempted, letters(2, 4n)], verdict: 'blocked-on-record' },
  {
    n: 35,
    facts: [
      at4,
      group('Empty'),
      (state) =>
        withOnlyLogLines(state, WORKER, [
          logLine({ atMs: STARTED, kind: 'starting' }),
          logLine({ atMs: NOW - 4 * SECOND, kind: 'connection-refused', logger: 'kafkajs', level: 'error' }),
        ]),
    ],
    verdict: 'unowned',
  },
  { n: 36, facts: [at4, group('Empty'), logUnseen], verdict: 'unowned' },
  {
    n: 37,
    facts: [
      at4,
      group('Empty', 'Empty', 'Empty', 'PreparingRebalance'),
      letters(6, 4n),
      (state) => withContainer(state, WORKER, { status: 'restarting' }),
    ],
    verdict: 'blocked-on-record',
  },
  {
    n: 38,
    facts: [
      at4,
      group('PreparingRebalance', 'PreparingRebalance', 'Stable'),
      lines({ kind: 'joined', logger: 'kafkajs', atMs: NOW - 2 * SECOND }),
    ],
    verdict: 'unknown',
  },
  { n: 39, facts: [at4, letters(1, 4n)], verdict: 'hung' },
  { n: 40, facts: [partition({ end: 9n, committed: 9n }), handling(2n, HOUR)], verdict: 'caught-up' },
  { n: 41, facts: [partition({ end: 9n, committed: 8n, headAgeMs: 50 * SECOND })], verdict: 'unknown' },
  {
    n: 42,
    facts: [partition({ end: 9n, committed: 8n, headAgeMs: 50 * SECOND }), handling(8n, 49 * SECOND)],
    verdict: 'in-flight',
  },
  {
    n: 43,
    facts: [
      at4,
      (state) => withOnlyLogLines(state, WORKER, [logLine({ kind: 'joined', atMs: LAST_HANDLED })]),
    ],
    verdict: 'unknown',
  },
];

const judged = (facts: readonly Fact[]) =>
  offsetVerdict(
    facts.reduce((state, fact) => fact(state), healthyState()),
    GROUP,
    TOPIC,
    0,
  );

describe('offset verdicts of the catalogue', () => {
  it('has all 43 vectors', () => {
    expect(VECTORS.map(({ n }) => n)).toEqual(Array.from({ length: 43 }, (_, index) => index + 1));
  });

  it.each(VECTORS)('$n is $verdict', ({ facts, verdict, also = [] }) => {
    expect(judged(facts)).toMatchObject({ verdict, also });
  });
});

describe('offset verdicts beyond the vectors', () => {
  it('says what was not seen', () => {
    expect(judged([at4, logUnseen]).gap).toMatchObject({ system: 'docker', code: 'timeout' });
    expect(judged([at4, group('Empty'), logUnseen]).because).toContain('was not seen');
  });

  it('is unknown when group, bounds or the oldest unread record are unseen', () => {
    const hidden = gapOf('groups');
    expect(judged([at4, hidden]).verdict).toBe('unknown');
    expect(judged([at4, gapOf('records')]).verdict).toBe('unknown');
    expect(judged([at4, gapOf('topics')]).verdict).toBe('unknown');
  });

  it('does not count the lines of one delivery as two', () => {
    const one = { topic: TOPIC, partition: 0, offset: 4n } as const;
    const delivery = (atMs: number): readonly Parameters<typeof logLine>[0][] => [
      { ...one, kind: 'received', atMs },
      { ...one, kind: 'attempt-failed', level: 'error', atMs: atMs + SECOND },
      { ...one, kind: 'attempt-failed', level: 'error', atMs: atMs + 2 * SECOND },
      { ...one, kind: 'sent-to-dlq', level: 'error', atMs: atMs + 3 * SECOND },
      { ...one, kind: 'sent-to-dlq', level: 'warn', atMs: atMs + 3 * SECOND },
      { ...one, kind: 'error', level: 'error', logger: 'kafkajs', atMs: atMs + 3 * SECOND },
    ];
    const first = delivery(LAST_HANDLED);
    expect(judged([at4, lines(...first)]).verdict).toBe('hung');
    expect(judged([at4, lines(...first, ...delivery(LAST_HANDLED + 5 * SECOND))]).verdict).toBe(
      'blocked-on-record',
    );
  });

  it('does not take letters of another partition or of an older record at this offset', () => {
    const elsewhere: Fact = (state) =>
      withDeadLetters(state, [deadLetter(TOPIC, 1, 4n), deadLetter('purchase-created', 0, 4n)]);
    expect(judged([at4, elsewhere]).verdict).toBe('hung');
    expect(judged([at4, letters(2, 4n, NOW - 2 * HOUR)]).verdict).toBe('hung');
  });

  it('does not take a polite restart between the looks for a rebalancing loop', () => {
    const restart: Fact = (state) =>
      withGroup(state, GROUP, {
        states: ['Stable', 'Empty', 'Stable'],
        poll: (poll, index) => ({
          ...poll,
          members: poll.members.map((member) => ({ ...member, memberId: `member-${index}` })),
        }),
      });
    expect(judged([at4, restart]).verdict).toBe('unknown');
  });

  it('takes other members at every look for a rebalancing loop', () => {
    const churn: Fact = (state) =>
      withGroup(state, GROUP, {
        states: ['Stable', 'Stable', 'Stable'],
        poll: (poll, index) => ({
          ...poll,
          members: poll.members.map((member) => ({ ...member, memberId: `member-${index}` })),
        }),
      });
    expect(judged([at4, churn]).verdict).toBe('rebalancing');
  });

  it('forgets a crash that a restart or a join followed', () => {
    for (const kind of ['consumer-restarting', 'joined'] as const) {
      const back = lines({ kind, logger: 'kafkajs', atMs: LAST_HANDLED + SECOND });
      expect(judged([at4, group('Empty'), crash, back]).verdict).toBe('unowned');
    }
  });

  it('believes a position in the line before an offset that the log does not hold', () => {
    const other = lines({
      kind: 'purchase-created',
      atMs: NOW - DAY,
      topic: TOPIC,
      partition: 0,
      offset: 30n,
    });
    expect(judged([partition({ end: 9n, committed: null }), group('Empty'), other]).verdict).toBe(
      'never-committed-unowned',
    );
  });

  it('does not take a young record for one in flight where only the log could tell a dead consumer', () => {
    const young = partition({ end: 9n, committed: 8n, headAgeMs: 5 * SECOND });
    expect(judged([young, group('Empty'), crash]).verdict).toBe('consumer-stopped');
    expect(judged([young, group('Empty')]).verdict).toBe('in-flight');
    expect(judged([young, group('Empty'), logUnseen]).verdict).toBe('unknown');
    expect(judged([young, logUnseen]).verdict).toBe('in-flight');
  });

  it('needs letters or a log that reaches back to say that nothing blocks', () => {
    const young = partition({ end: 9n, committed: 8n, headAgeMs: 40 * SECOND });
    const noLetters = gapOf('deadLetters');
    const shortLog: Fact = (state) => {
      const name = `kodingcaravan-${WORKER}`;
      const log = state.logs[name];
      if (log?.kind !== 'seen') return state;
      const cut = { ...log.value, fromMs: NOW - SECOND, reachesStart: false };
      return { ...state, logs: { ...state.logs, [name]: seen(cut, NOW) } };
    };
    expect(judged([young, noLetters]).verdict).toBe('in-flight');
    expect(judged([young, shortLog]).verdict).toBe('in-flight');
    expect(judged([young, noLetters, shortLog]).verdict).toBe('unknown');
  });
});

function gapOf(part: Parameters<typeof withUnseen>[1]): Fact {
  return (state) => withUnseen(state, part);
}
