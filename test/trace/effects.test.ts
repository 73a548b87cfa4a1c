import { describe, expect, it } from 'vitest';
import { type Gap, seen } from '../../src/platform/observed.ts';
import type { KeyScan, PlatformState } from '../../src/platform/state.ts';
import {
  deadLetter,
  gap,
  healthyState,
  idsOf,
  JOINED,
  logLine,
  NOW,
  type PaymentChange,
  SECOND,
  seenValue,
  withAllocation,
  withDeadLetters,
  withGroup,
  withKeyScan,
  withLogLines,
  withPartition,
  withPayment,
  withPurchase,
  withSessions,
  withTopicAbsent,
  withUnseen,
  withUnseenGroup,
} from '../support/states.ts';
import { hopOf, statusOf, traceOf } from './support.ts';

const ids = idsOf(1);
const paid = (change: PaymentChange): PlatformState => withPayment(healthyState(), change);

function rescanned(state: PlatformState, topic: string, patch: Partial<KeyScan>): PlatformState {
  const scan = seenValue(state.records.byPayment[ids.payment]?.[topic]);
  return withKeyScan(state, ids.payment, topic, seen({ ...scan, ...patch }, NOW));
}

describe('payment-row', () => {
  it('is done for a succeeded payment', () => {
    expect(hopOf(paid({ upTo: 'payment-row' }), 'payment-row')).toMatchObject({
      status: 'done',
      kind: 'effect',
    });
  });

  it('expects nothing of a payment that did not succeed', () => {
    const trace = traceOf(paid({ upTo: 'payment-row', row: { status: 'failed' } }));
    expect(trace).toMatchObject({ class: 'not-succeeded', kind: 'complete' });
    expect(new Set(trace.hops.map(({ status }) => status))).toEqual(new Set(['not-applicable']));
  });

  it('is undetermined, not missing, for an id that was merely not read', () => {
    expect(traceOf(healthyState())).toMatchObject({
      kind: 'undetermined',
      firstMissing: { state: 'undetermined', hop: 'payment-row' },
    });
  });

  it('is undetermined with the gap where payments were not seen', () => {
    const why: Gap = gap('postgres');
    const trace = traceOf(withUnseen(paid({ upTo: 'confirmed-record' }), 'payments', why));
    expect(trace.firstMissing).toEqual({
      state: 'undetermined',
      hop: 'payment-row',
      untilHop: null,
      gap: why,
    });
  });
});

describe.each([
  { hop: 'confirmed-record', before: 'confirmed-mark', topic: 'purchase-confirmed' },
  { hop: 'created-record', before: 'purchase-row', topic: 'purchase-created' },
  { hop: 'allocated-record', before: 'allocation-mark', topic: 'trainer-allocated' },
] as const)('$hop', ({ hop, before, topic }) => {
  it('is done with its position', () => {
    const record = hopOf(paid({ upTo: hop }), hop);
    expect(record.status).toBe('done');
    expect(record.detail).toContain(`${topic}[`);
  });

  it('is waiting within its grace', () => {
    expect(statusOf(paid({ upTo: before, ageMs: 10 * SECOND }), hop)).toBe('waiting');
  });

  it('waits longer by what the clocks disagree', () => {
    const state = paid({ upTo: before, ageMs: 30 * SECOND });
    expect(statusOf(state, hop)).toBe('missing');
    const clocks = seen({ databaseAheadMs: -20 * SECOND, newestRecordAheadMs: 0 }, NOW);
    expect(statusOf({ ...state, clocks }, hop)).toBe('waiting');
  });

  it("waits longer by a replica's lag", () => {
    const state = paid({ upTo: before, ageMs: 30 * SECOND });
    const database = seen({ ...seenValue(state.database), inRecovery: true, replayLagMs: 20 * SECOND }, NOW);
    expect(statusOf({ ...state, database }, hop)).toBe('waiting');
  });

  it('is missing after a complete scan of all partitions', () => {
    expect(statusOf(paid({ upTo: before }), hop)).toBe('missing');
  });

  it('is unknown where the log starts later', () => {
    const record = hopOf(rescanned(paid({ upTo: before }), topic, { logReachesBack: false }), hop);
    expect(record.status).toBe('unknown');
    expect(record.gap?.reason).toContain('starts later');
  });

  it('is unknown where only its own partition was read', () => {
    expect(statusOf(rescanned(paid({ upTo: before }), topic, { allPartitions: false }), hop)).toBe('unknown');
  });

  it('is unknown where the scan was cut', () => {
    const state = paid({ upTo: before });
    const { ranges } = seenValue(state.records.byPayment[ids.payment]?.[topic]);
    const cut = ranges.map((range) => ({ ...range, complete: false }));
    expect(statusOf(rescanned(state, topic, { ranges: cut }), hop)).toBe('unknown');
  });

  it('is unknown, not waiting, for a young payment that was not followed up', () => {
    const state = paid({ upTo: before, ageMs: SECOND });
    expect(statusOf({ ...state, records: { ...state.records, byPayment: {} } }, hop)).toBe('unknown');
  });

  it('is missing where its topic does not exist', () => {
    expect(hopOf(withTopicAbsent(paid({ upTo: before }), topic), hop)).toMatchObject({
      status: 'missing',
      detail: `the topic ${topic} does not exist`,
    });
  });
});

const READS = [
  {
    hop: 'purchase-read',
    record: 'confirmed-record',
    group: 'purchase-creation-workers',
    worker: 'purchase-worker',
    topic: 'purchase-confirmed',
    eventType: 'PURCHASE_CONFIRMED',
  },
  {
    hop: 'allocation-read',
    record: 'created-record',
    group: 'trainer-allocation-workers',
    worker: 'allocation-worker',
    topic: 'purchase-created',
    eventType: 'PURCHASE_CREATED',
  },
] as const;

describe.each(READS)('$hop', ({ hop, record, group, worker, topic, eventType }) => {
  it('is done behind the record', () => {
    expect(statusOf(paid({ upTo: hop }), hop)).toBe('done');
  });

  it('is blocked behind a record that fails again and again, its own or an earlier one', () => {
    const state = paid({ upTo: record });
    const letters = [NOW - 60 * SECOND, NOW - 30 * SECOND].map((atMs) => deadLetter(topic, 1, 4n, { atMs }));
    expect(statusOf(withDeadLetters(state, letters), hop)).toBe('blocked');
    const behind = withDeadLetters(withPayment(state, { n: 2, upTo: record }), letters);
    expect(statusOf(behind, hop, 2)).toBe('blocked');
  });

  it('is skipped where nothing is committed and the record is older than the join', () => {
    const ageMs = NOW - JOINED + 60 * SECOND;
    const state = withPartition(paid({ upTo: record, ageMs }), group, topic, 1, {
      committed: null,
      end: 5n,
      head: { timestampMs: NOW - ageMs },
    });
    expect(statusOf(state, hop)).toBe('skipped');
  });

  it('is missing, not skipped, where nothing is committed and nobody joined', () => {
    const state = withGroup(
      withPartition(paid({ upTo: record }), group, topic, 1, { committed: null, end: 5n }),
      group,
      { states: ['Empty'] },
    );
    expect(traceOf(state)).toMatchObject({ kind: 'stuck', verdict: 'never-committed-unowned' });
    expect(statusOf(state, hop)).toBe('missing');
  });

  it('is missing, not skipped, while nobody has joined again: a start would still skip it', () => {
    const ageMs = NOW - JOINED + 60 * SECOND;
    const change = { committed: null, end: 5n, head: { timestampMs: NOW - ageMs } } as const;
    const state = withPartition(paid({ upTo: record, ageMs }), group, topic, 1, change);
    expect(statusOf(withGroup(state, group, { states: ['Empty'] }), hop)).toBe('missing');
  });

  it('is waiting within the grace, longer once a line says that it is being handled', () => {
    expect(statusOf(paid({ upTo: record, ageMs: 30 * SECOND }), hop)).toBe('waiting');
    const state = paid({ upTo: record, ageMs: 50 * SECOND });
    expect(statusOf(state, hop)).not.toBe('waiting');
    const line = logLine({
      kind: 'received',
      atMs: NOW - 48 * SECOND,
      correlationId: ids.payment,
      eventType,
    });
    expect(statusOf(withLogLines(state, worker, [line]), hop)).toBe('waiting');
  });

  it('is waiting however late while the group catches up', () => {
    const state = withPartition(paid({ upTo: record }), group, topic, 1, {
      start: 0n,
      end: 5n,
      committed: [1n, 2n, 3n],
    });
    expect(traceOf(state)).toMatchObject({ kind: 'in-progress', verdict: 'catching-up' });
    expect(statusOf(state, hop === 'purchase-read' ? 'purchase-row' : 'allocation-row')).toBe('waiting');
  });

  it('is missing where nobody owns the partition', () => {
    const state = withGroup(paid({ upTo: record }), group, { states: ['Empty', 'Empty', 'Empty'] });
    expect(traceOf(state)).toMatchObject({
      kind: 'stuck',
      firstMissing: { hop },
      position: { group, topic, partition: 1, offset: 4n },
    });
  });

  it('is missing where the commit lies beyond the end of the log', () => {
    const state = withPartition(paid({ upTo: record }), group, topic, 1, {
      start: 0n,
      end: 5n,
      committed: 57n,
    });
    expect(traceOf(state)).toMatchObject({ firstMissing: { hop }, verdict: 'ahead-of-log' });
  });

  it('is unknown where the group was not seen, even for a young payment', () => {
    expect(statusOf(withUnseenGroup(paid({ upTo: record }), group), hop)).toBe('unknown');
    const young = withUnseenGroup(paid({ upTo: record, ageMs: SECOND }), group);
    expect(traceOf(young)).toMatchObject({ kind: 'undetermined', firstMissing: { hop } });
  });
});

describe('sessions-read', () => {
  const group = 'session-scheduling-workers';
  const both = (committed: { readonly own: bigint; readonly copy: bigint }): PlatformState => {
    const state = paid({ upTo: 'sessions-read' });
    const own = withPartition(state, group, 'trainer-allocated', 2, { end: 5n, committed: committed.own });
    return withPartition(own, group, 'trainer-allocated', 1, { end: 5n, committed: committed.copy });
  };

  it('is done when either copy is read', () => {
    expect(statusOf(both({ own: 5n, copy: 4n }), 'sessions-read')).toBe('done');
    expect(statusOf(both({ own: 4n, copy: 5n }), 'sessions-read')).toBe('done');
  });

  it('is missing when neither is', () => {
    expect(statusOf(both({ own: 4n, copy: 4n }), 'sessions-read')).toBe('missing');
  });

  it('is waiting while the second copy is young, although the first one left nothing', () => {
    const state = withPayment(healthyState(), { upTo: 'sessions-read', ageMs: 20 * SECOND });
    const half = withPartition(state, group, 'trainer-allocated', 1, {
      end: 5n,
      committed: 4n,
      headAgeMs: 20 * SECOND,
    });
    expect(statusOf(half, 'sessions-read')).toBe('waiting');
    const served = withSessions(half, {
      allocationId: ids.allocation,
      total: 7,
      future: 7,
      firstCreatedAtMs: NOW - 10 * SECOND,
      courseIdSet: false,
    });
    expect(statusOf(served, 'sessions-read')).toBe('done');
  });
});

describe('purchase-row', () => {
  it.each([
    { ageMs: 30 * SECOND, status: 'waiting' },
    { ageMs: 90 * SECOND, status: 'missing' },
  ])('is $status after $ageMs ms', ({ ageMs, status }) => {
    expect(statusOf(paid({ upTo: 'purchase-read', ageMs }), 'purchase-row')).toBe(status);
  });

  it('counts from the poll that saw the record pass', () => {
    const state = withPartition(
      paid({ upTo: 'purchase-read' }),
      'purchase-creation-workers',
      'purchase-confirmed',
      1,
      { end: 5n, committed: [4n, 4n, 5n] },
    );
    expect(statusOf(state, 'purchase-row')).toBe('waiting');
  });

  it('is unknown where purchases were not seen', () => {
    expect(statusOf(withUnseen(paid({ upTo: 'purchase-row' }), 'purchases'), 'purchase-row')).toBe('unknown');
  });
});

describe('allocation-row', () => {
  const pending = {
    allocationId: ids.allocation,
    studentId: ids.student,
    courseId: ids.course,
    trainerId: null,
    status: 'pending',
    requestedAtMs: NOW - 59 * 60 * SECOND,
    createdAtMs: NOW - 59 * 60 * SECOND,
    updatedAtMs: NOW - 59 * 60 * SECOND,
  };

  it.each(['approved', 'active', 'completed'])('is done when %s', (status) => {
    const state = withAllocation(paid({ upTo: 'allocation-read' }), { ...pending, trainerId: 't', status });
    expect(statusOf(state, 'allocation-row')).toBe('done');
  });

  it('is done with a result, and nothing later is expected, when pending and its record is passed', () => {
    const state = withAllocation(paid({ upTo: 'allocation-read' }), pending);
    expect(statusOf(state, 'allocation-row')).toBe('done');
    expect(statusOf(state, 'sessions-rows')).toBe('not-applicable');
    expect(traceOf(state)).toMatchObject({ kind: 'needs-decision', firstMissing: { hop: 'allocation-row' } });
  });

  it('is done with a result when a person asked for it and no record is there to be retried', () => {
    const state = withAllocation(paid({ upTo: 'purchase-row' }), pending);
    expect(traceOf(state)).toMatchObject({ kind: 'needs-decision', firstMissing: { hop: 'allocation-row' } });
  });

  it('is blocked when pending and its record is retried', () => {
    const letters = [120, 60].map((s) => deadLetter('purchase-created', 1, 4n, { atMs: NOW - s * SECOND }));
    const state = withDeadLetters(withAllocation(paid({ upTo: 'created-record' }), pending), letters);
    expect(statusOf(state, 'allocation-row')).toBe('blocked');
    expect(traceOf(state)).toMatchObject({ kind: 'stuck', firstMissing: { hop: 'allocation-read' } });
  });

  it('takes a rejected one without sessions for a decision that is due, one with sessions for over', () => {
    const state = withAllocation(paid({ upTo: 'allocation-read' }), { ...pending, status: 'cancelled' });
    expect(traceOf(state).kind).toBe('needs-decision');
    const served = withSessions(state, {
      allocationId: ids.allocation,
      total: 7,
      future: 0,
      firstCreatedAtMs: NOW - 50 * 60 * SECOND,
      courseIdSet: false,
    });
    expect(traceOf(served).kind).not.toBe('needs-decision');
  });

  it("does not count last term's row", () => {
    const old = NOW - 100 * 24 * 3600 * SECOND;
    const state = withAllocation(paid({ upTo: 'allocation-read' }), {
      ...pending,
      trainerId: 't',
      status: 'completed',
      requestedAtMs: old,
      createdAtMs: old,
    });
    expect(statusOf(state, 'allocation-row')).toBe('missing');
  });

  it('is waiting within its grace and unknown where allocations were not seen', () => {
    const state = paid({ upTo: 'allocation-read', ageMs: 100 * SECOND });
    expect(statusOf(state, 'allocation-row')).toBe('waiting');
    expect(statusOf(withUnseen(state, 'allocations'), 'allocation-row')).toBe('unknown');
  });
});

describe('sessions-rows', () => {
  it('is done, and short, with fewer than three to come', () => {
    const state = withSessions(paid({ upTo: 'sessions-read' }), {
      allocationId: ids.allocation,
      total: 7,
      future: 2,
      firstCreatedAtMs: NOW - 50 * 60 * SECOND,
      courseIdSet: false,
    });
    expect(hopOf(state, 'sessions-rows')).toMatchObject({
      status: 'done',
      detail: '7 sessions, short: 2 to come',
    });
  });

  it('is waiting, then missing', () => {
    expect(statusOf(paid({ upTo: 'sessions-read', ageMs: 30 * SECOND }), 'sessions-rows')).toBe('waiting');
    expect(statusOf(paid({ upTo: 'sessions-read' }), 'sessions-rows')).toBe('missing');
  });

  it('is unknown where sessions or allocations were not seen', () => {
    const state = paid({ upTo: 'sessions-read' });
    expect(statusOf(withUnseen(state, 'sessions'), 'sessions-rows')).toBe('unknown');
    expect(statusOf(withUnseen(state, 'allocations'), 'sessions-rows')).toBe('unknown');
  });

  it('joins by allocation id: sessions of another allocation do not count', () => {
    const state = withSessions(paid({ upTo: 'sessions-read' }), {
      allocationId: idsOf(2).allocation,
      total: 7,
      future: 7,
      firstCreatedAtMs: NOW,
      courseIdSet: false,
    });
    expect(statusOf(state, 'sessions-rows')).toBe('missing');
  });
});

describe('whose purchase', () => {
  const row = (patch: object) => ({
    purchaseId: idsOf(3).purchase,
    studentId: ids.student,
    courseId: ids.course,
    isActive: true,
    createdAtMs: NOW - 59 * 60 * SECOND,
    expiresAtMs: null,
    paymentId: null,
    ...patch,
  });

  it('is the one that its event names, not an earlier one of the pair', () => {
    const state = withPurchase(paid({ upTo: 'created-record' }), row({ createdAtMs: NOW - 3600 * SECOND }));
    expect(traceOf(state).ids.purchase).toBe(ids.purchase);
    expect(hopOf(state, 'purchase-row').detail).toContain('named by its event');
  });

  it('is the one that names the payment in its metadata', () => {
    const first = withPurchase(paid({ upTo: 'purchase-row' }), row({ paymentId: ids.payment }));
    expect(traceOf(first).ids.purchase).toBe(idsOf(3).purchase);
  });

  it("is not one that another payment's event names", () => {
    const second = { n: 2, row: { studentId: ids.student, courseId: ids.course } } as const;
    const other = withPayment(paid({ upTo: 'purchase-read' }), { ...second, upTo: 'payment-row' });
    const named = withPurchase(other, row({ purchaseId: idsOf(2).purchase }));
    const state = withKeyScan(
      named,
      idsOf(2).payment,
      'purchase-created',
      seen(
        {
          ...seenValue(named.records.byPayment[ids.payment]?.['purchase-created']),
          hits: [
            {
              ...seenValue(
                paid({ upTo: 'created-record' }).records.byPayment[ids.payment]?.['purchase-created'],
              ).hits[0],
              key: idsOf(2).payment,
              correlationId: idsOf(2).payment,
              purchaseId: idsOf(2).purchase,
            } as KeyScan['hits'][number],
          ],
        },
        NOW,
      ),
    );
    expect(traceOf(state, 2).ids.purchase).toBe(idsOf(2).purchase);
    expect(traceOf(state).ids.purchase).toBeNull();
  });

  it('goes to the older of two payments that nothing tells apart', () => {
    const pair = { studentId: ids.student, courseId: ids.course };
    const state = withPurchase(
      withPayment(paid({ upTo: 'purchase-read', ageMs: 3600 * SECOND }), {
        n: 2,
        upTo: 'confirmed-record',
        ageMs: 3590 * SECOND,
        row: { ...pair, earlierUnfinishedOfPair: ids.payment },
      }),
      row({ createdAtMs: NOW - 3580 * SECOND }),
    );
    expect(traceOf(state).ids.purchase).toBe(idsOf(3).purchase);
    expect(traceOf(state, 2)).toMatchObject({ class: 'repeat', kind: 'needs-decision' });
  });

  it('is none from before the payment', () => {
    const state = withPurchase(
      paid({ upTo: 'purchase-read' }),
      row({ createdAtMs: NOW - 3700 * SECOND, isActive: false }),
    );
    expect(traceOf(state).ids.purchase).toBeNull();
  });
});
