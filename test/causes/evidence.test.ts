import { describe, expect, it } from 'vitest';
import type { RankedCause } from '../../src/causes/cause.ts';
import { rankCohorts } from '../../src/causes/rank.ts';
import { seen, unseen } from '../../src/platform/observed.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { cohorts } from '../../src/trace/cohorts.ts';
import { traceUnfinished } from '../../src/trace/trace-payment.ts';
import {
  deadLetter,
  gap,
  HOUR,
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  olderState,
  SECOND,
  withContainer,
  withDeadLetters,
  withGroup,
  withKeyScan,
  withLog,
  withLogLines,
  withMark,
  withOnlyLogLines,
  withPartition,
  withPayment,
  withTopicPartition,
} from '../support/states.ts';

/** What each cause says for and against itself, against the tables of catalogue.md 3. */

function causesOf(state: PlatformState): readonly RankedCause[] {
  const [first] = rankCohorts(state, cohorts(state, traceUnfinished(state))).cohorts;
  if (first === undefined) throw new Error('no cohort was ranked');
  return first.causes;
}

function leading(state: PlatformState): RankedCause {
  const [first] = causesOf(state);
  if (first === undefined) throw new Error('no cause was ranked');
  return first;
}

function evidenceOf(state: PlatformState, id: string, says: boolean): readonly string[] {
  const cause = causesOf(state).find((each) => each.id === id);
  if (cause === undefined) throw new Error(`${id} was not ranked`);
  return cause.evidence.filter((item) => item.for === says).map(({ text }) => text);
}

const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';

/** Passed without a row, and the worker has no line about it. */
function passedInSilence(): PlatformState {
  return withPayment(healthyState(), { upTo: 'purchase-read' });
}

function fromLogStart(state: PlatformState): PlatformState {
  return withPartition(
    withTopicPartition(state, TOPIC, 1, {
      bounds: seen({ start: 4n, end: 5n }, NOW),
    }),
    GROUP,
    TOPIC,
    1,
    { start: 4n, end: 5n, committed: 5n },
  );
}

describe('what tells a reset from a worker that began at the end', () => {
  it('is the records before the lost one: handled, they make it a reset', () => {
    const first = leading(passedInSilence());
    expect(first.id).toBe('forward-reset');
    expect(first.evidence.map(({ text }) => text).join('\n')).toContain(
      'before it in purchase-confirmed[1] 4 records were not lost',
    );
  });

  it('is the log start: losses that reach down to it were never begun', () => {
    const state = fromLogStart(passedInSilence());
    expect(leading(state).id).toBe('no-committed-offset');
    expect(evidenceOf(state, 'forward-reset', false)).toContain(
      'the losses begin at the log start of purchase-confirmed[1]',
    );
  });

  it('is neither where payments older than the window may own what lies before', () => {
    const state = passedInSilence();
    if (state.payments.kind === 'unseen') throw new Error('payments are seen');
    const older = {
      ...state,
      payments: { ...state.payments, value: { ...state.payments.value, olderMissing: 4 } },
    };
    expect(evidenceOf(older, 'forward-reset', false)).toEqual([]);
    expect(evidenceOf(older, 'no-committed-offset', false)).toEqual([]);
  });
});

it('takes a script by its mark of any event, before the fallback that looks alike', () => {
  const bought = withPayment(healthyState(), {
    upTo: 'purchase-row',
    without: ['confirmed-mark', 'confirmed-record', 'purchase-read'],
  });
  const state = withMark(bought, {
    eventId: 'a-script',
    eventType: 'PURCHASE_CONFIRMED',
    correlationId: idsOf(1).payment,
    source: 'fix-script',
    processedAtMs: NOW - HOUR,
  });
  expect(leading(state)).toMatchObject({ id: 'hand-made-rows', stage: 'purchase' });
});

describe('what is said is true as it stands', () => {
  const neverJoined = () => {
    const unread = withPartition(withPayment(healthyState(), { upTo: 'confirmed-record' }), GROUP, TOPIC, 1, {
      committed: 4n,
      end: 5n,
      owned: false,
    });
    const empty = withGroup(unread, GROUP, { states: ['Empty', 'Empty', 'Empty'] });
    return withOnlyLogLines(
      withContainer(empty, 'purchase-worker', {
        status: 'restarting',
        restartCount: 7,
        startedAtMs: NOW - 9 * SECOND,
      }),
      'purchase-worker',
      [
        logLine({
          atMs: NOW - 8 * SECOND,
          kind: 'fatal',
          level: 'error',
          message: 'uncaughtException: boom',
        }),
      ],
    );
  };

  it('of a worker that never joined: no join time, and no return from a crash', () => {
    const said = causesOf(neverJoined()).flatMap(({ evidence }) => evidence.map(({ text }) => text));
    expect(said.filter((text) => /since it joined at|joined again/.test(text))).toEqual([]);
    expect(leading(neverJoined()).id).toBe('worker-crash-loop');
  });

  it('of a worker that is killed for want of memory: it has no last words to miss', () => {
    const killed = withOnlyLogLines(
      withContainer(neverJoined(), 'purchase-worker', { oomKilled: true, exitCode: 137 }),
      'purchase-worker',
      [logLine({ atMs: NOW - 8 * SECOND, kind: 'starting', message: 'Starting purchase worker' })],
    );
    expect(leading(killed)).toMatchObject({ id: 'worker-crash-loop', level: 'confirmed' });
  });

  it('of its last words: an error that it survived is not the one it died of', () => {
    const state = withLogLines(neverJoined(), 'purchase-worker', [
      logLine({
        atMs: NOW - 8.5 * SECOND,
        kind: 'connection-refused',
        level: 'error',
        logger: 'kafkajs',
        message: 'connect ECONNREFUSED 172.18.0.3:9092',
      }),
    ]);
    expect(evidenceOf(state, 'worker-crash-loop', false)).toEqual([]);
    expect(leading(state).id).toBe('worker-crash-loop');
  });

  it('of a record that blocks where no letter can be written', () => {
    const paid = withPartition(withPayment(healthyState(), { upTo: 'confirmed-record' }), GROUP, TOPIC, 1, {
      committed: 4n,
      end: 5n,
    });
    const failing = [50, 40, 30].flatMap((seconds) => [
      logLine({ atMs: NOW - seconds * SECOND, kind: 'received', topic: TOPIC, partition: 1, offset: 4n }),
      logLine({
        atMs: NOW - (seconds - 3) * SECOND,
        kind: 'sent-to-dlq',
        level: 'error',
        topic: TOPIC,
        partition: 1,
        offset: 4n,
      }),
    ]);
    const state = withDeadLetters(withLogLines(paid, 'purchase-worker', failing), []);
    const said = evidenceOf(state, 'poison-record', true).join('\n');
    expect(said).toContain('fails again and again and blocks');
    expect(said).not.toContain('failed 0 times');
  });
});

it('does not say that mark and topic agree while the topic was not read', () => {
  const marked = withPayment(healthyState(), { upTo: 'confirmed-mark' });
  const state = ['purchase-confirmed', 'purchase-created'].reduce(
    (next, topic) => withKeyScan(next, idsOf(1).payment, topic, unseen(gap('kafka'))),
    marked,
  );
  const said = causesOf(state).flatMap(({ evidence }) => evidence.map(({ text }) => text));
  expect(said).not.toContain('the mark and the topic agree');
});

it('weighs only letters of the record that is waited for against a worker that was evicted', () => {
  const unread = withPartition(withPayment(healthyState(), { upTo: 'confirmed-record' }), GROUP, TOPIC, 1, {
    committed: 4n,
    end: 5n,
    owned: false,
  });
  const evicted = withLogLines(
    withGroup(unread, GROUP, { states: ['Empty', 'Empty', 'Empty'] }),
    'purchase-worker',
    [logLine({ atMs: NOW - 16 * SECOND, kind: 'processing', correlationId: idsOf(1).payment })],
  );
  const settled = [1, 2, 3].map((offset) =>
    deadLetter(TOPIC, 1, 2n, { offset: BigInt(offset), atMs: NOW - 8 * HOUR }),
  );
  const state = withDeadLetters(evicted, settled);
  expect(evidenceOf(state, 'evicted-while-working', false)).toEqual([]);
  expect(leading(state).id).toBe('evicted-while-working');
});

describe('admin-service out of reach of the worker', () => {
  const refused = () => {
    const unread = withPartition(
      withPayment(olderState(), { upTo: 'created-record' }),
      'trainer-allocation-workers',
      'purchase-created',
      1,
      { committed: 4n, end: 5n },
    );
    return withLogLines(unread, 'allocation-worker', [
      logLine({
        atMs: NOW - MINUTE,
        kind: 'connection-unresolvable',
        level: 'error',
        message: 'getaddrinfo ENOTFOUND admin-service',
      }),
    ]);
  };

  it('stays the cause although it answers this host', () => {
    expect(leading(refused()).id).toBe('admin-unreachable');
  });

  it('is over once the worker got an answer', () => {
    const state = withLogLines(refused(), 'allocation-worker', [
      logLine({ atMs: NOW - 30 * SECOND, kind: 'api-error', level: 'error', status: 500 }),
    ]);
    expect(leading(state).id).not.toBe('admin-unreachable');
  });
});

it('knows a worker that died between its row and its event by its assignment and its new start', () => {
  const made = withPayment(healthyState(), {
    upTo: 'allocation-row',
    without: ['allocation-mark', 'allocation-call'],
  });
  const created = logLine({
    atMs: NOW - HOUR + SECOND,
    kind: 'auto-assignment-created',
    message: `Auto Assignment: allocation created (studentId ${idsOf(1).student})`,
  });
  const died = withContainer(withLogLines(made, 'allocation-worker', [created]), 'allocation-worker', {
    startedAtMs: NOW - HOUR + 5 * SECOND,
    restartCount: 1,
  });
  expect(leading(died)).toMatchObject({ id: 'emission-lost-after-row', stage: 'allocation' });
  expect(evidenceOf(died, 'emission-lost-after-row', true)).toEqual([
    'the allocation row exists and its record was never sent',
    `the allocation was made: ${created.message}`,
    'kodingcaravan-allocation-worker was started again within a minute of the row',
  ]);
});

it('names the cut of a worker that had joined, not a hang', () => {
  const unread = withPartition(withPayment(healthyState(), { upTo: 'confirmed-record' }), GROUP, TOPIC, 1, {
    committed: 4n,
    end: 5n,
    owned: false,
  });
  const cut = withLogLines(
    withGroup(unread, GROUP, { states: ['Empty', 'Empty', 'Empty'] }),
    'purchase-worker',
    [
      logLine({
        atMs: NOW - 7 * SECOND,
        kind: 'connection-timeout',
        level: 'error',
        logger: 'kafkajs',
        message: 'Connection error: read ETIMEDOUT',
      }),
    ],
  );
  expect(leading(cut)).toMatchObject({ id: 'worker-cannot-reach-kafka', level: 'likely' });
  expect(evidenceOf(cut, 'hung-worker', true)).toEqual([]);
});

it('calls a worker silent only while its whole log is', () => {
  const taken = withPartition(withPayment(healthyState(), { upTo: 'confirmed-record' }), GROUP, TOPIC, 1, {
    committed: 4n,
    end: 5n,
    owned: false,
  });
  const empty = withLogLines(
    withGroup(taken, GROUP, { states: ['Empty', 'Empty', 'Empty'] }),
    'purchase-worker',
    [logLine({ atMs: NOW - 30 * MINUTE, kind: 'processing', correlationId: idsOf(1).payment })],
  );
  const silence = 'it took an event and has been silent since';
  expect(evidenceOf(empty, 'hung-worker', true)).toContain(silence);
  const talking = withLog(empty, 'purchase-worker', { lastLineAtMs: NOW - 5 * MINUTE });
  expect(evidenceOf(talking, 'hung-worker', true)).not.toContain(silence);
});
