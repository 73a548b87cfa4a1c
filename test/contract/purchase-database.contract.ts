import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { PaymentId } from '../../src/platform/ids.ts';
import { allocationId, courseId, paymentId, purchaseId, studentId } from '../../src/platform/ids.ts';
import type { PurchaseDatabaseReader } from '../../src/ports/purchase-database.ts';
import {
  allocationRecord,
  DAY,
  HOUR,
  healthyChain,
  joinRows,
  MINUTE,
  type PlatformRows,
  paymentRecord,
  purchaseRecord,
  SECOND,
  sessionRecords,
} from '../support/platform-rows.ts';

export interface OpenedDatabase extends AsyncDisposable {
  readonly reader: PurchaseDatabaseReader;
}

/** The whole behaviour of a PurchaseDatabaseReader, for the simulated and for the live one. */
export function purchaseDatabaseContract(open: (rows: PlatformRows) => Promise<OpenedDatabase>): void {
  const opened: OpenedDatabase[] = [];
  const signal = AbortSignal.timeout(600_000);

  afterEach(async () => {
    for (const database of opened.splice(0)) await database[Symbol.asyncDispose]();
  });

  async function holding(...parts: readonly Partial<PlatformRows>[]): Promise<PurchaseDatabaseReader> {
    const database = await open(joinRows(...parts));
    opened.push(database);
    return database.reader;
  }

  function payments(reader: PurchaseDatabaseReader, asked: readonly PaymentId[] = [], limit = 100) {
    return reader.payments({ windowMs: 7 * DAY, limit, asked }, signal);
  }

  async function unfinishedOf(...parts: readonly Partial<PlatformRows>[]): Promise<readonly string[]> {
    const found = await payments(await holding(...parts));
    expect(found.unfinishedTotal).toBe(found.unfinished.length);
    expect(found.arrived).toBe(found.succeeded - found.unfinishedTotal);
    return found.unfinished.map((payment) => payment.paymentId);
  }

  describe('payments of the window', () => {
    it('counts a payment that went all the way as arrived, at the time of its first session', async () => {
      const chain = healthyChain(wholeSecond(ago(HOUR)));
      const found = await payments(await holding(chain));
      expect(found).toMatchObject({
        succeeded: 1,
        arrived: 1,
        unfinished: [],
        unfinishedTotal: 0,
        asked: [],
        olderMissing: 0,
      });
      expect(found.lastArrivedAtMs).toBe(
        chain.payment.confirmedAtMs === null ? null : chain.payment.confirmedAtMs + 300,
      );
      expect(found.coveredFromMs).toBe(found.windowStartMs);
    });

    it('tells what is known of a payment without a purchase', async () => {
      const paidAtMs = wholeSecond(ago(HOUR));
      const course = randomUUID();
      const payment = paymentRecord(paidAtMs, {
        metadata: {
          courseId: course.toUpperCase(),
          sessionCount: 20,
          purchaseTier: 20,
          startDate: '2026-02-02',
        },
      });
      const found = await payments(await holding({ payments: [payment] }, healthyChain(ago(HOUR))));
      expect(found.unfinished).toEqual([
        {
          paymentId: payment.id,
          studentId: payment.studentId,
          status: 'succeeded',
          amountCents: 100_000,
          currency: 'INR',
          confirmedAtMs: paidAtMs,
          createdAtMs: paidAtMs - 20 * SECOND,
          courseId: course,
          sessionCount: 20,
          purchaseTier: 20,
          startDate: '2026-02-02',
          metadata: expect.any(String),
          earlierUnfinishedOfPair: null,
        },
      ]);
      // Postgres keeps no order of keys.
      expect(JSON.parse(found.unfinished[0]?.metadata ?? '')).toEqual(payment.metadata);
      expect(found).toMatchObject({ succeeded: 2, arrived: 1, unfinishedTotal: 1 });
    });

    it('reads metadata that is a JSON string', async () => {
      const chain = healthyChain(ago(HOUR));
      const metadata = JSON.stringify({ courseId: chain.courseId });
      const course = randomUUID();
      const lost = paymentRecord(ago(HOUR), {
        metadata: JSON.stringify({ courseId: course, sessionCount: 10 }),
      });
      const found = await payments(
        await holding({ ...chain, payments: [{ ...chain.payment, metadata }] }, { payments: [lost] }),
      );
      expect(found.arrived).toBe(1);
      expect(found.unfinished).toMatchObject([{ paymentId: lost.id, courseId: course, sessionCount: 10 }]);
    });

    it('lists a payment that names no course, also where its metadata is no JSON', async () => {
      const without = paymentRecord(ago(2 * HOUR), { courseId: null });
      const nothing = paymentRecord(ago(3 * HOUR), { metadata: null });
      const noJson = paymentRecord(ago(HOUR), { metadata: 'courseId: none of your business {' });
      const found = await payments(await holding({ payments: [without, nothing, noJson] }));
      expect(found.unfinished.map((payment) => [payment.paymentId, payment.courseId])).toEqual([
        [noJson.id, null],
        [without.id, null],
        [nothing.id, null],
      ]);
    });

    it('leaves out payments that did not succeed', async () => {
      const failed = paymentRecord(ago(HOUR), { status: 'failed' });
      expect(await unfinishedOf({ payments: [failed] })).toEqual([]);
    });

    it('takes the time of creation where none of confirmation is set', async () => {
      const payment = paymentRecord(ago(HOUR), { confirmedAtMs: null, createdAtMs: ago(HOUR) });
      const older = paymentRecord(ago(HOUR), { confirmedAtMs: null, createdAtMs: ago(8 * DAY) });
      expect(await unfinishedOf({ payments: [payment, older] })).toEqual([payment.id]);
    });

    it('sees a payment whose confirmation is ahead of the database clock', async () => {
      const payment = paymentRecord(ago(-7 * MINUTE));
      expect(await unfinishedOf({ payments: [payment] })).toEqual([payment.id]);
    });

    it('lists a payment without allocation, with a pending one alone, and with one that has no session', async () => {
      const [none, pending] = [healthyChain(ago(4 * HOUR)), healthyChain(ago(3 * HOUR))];
      const [empty, whole] = [healthyChain(ago(2 * HOUR)), healthyChain(ago(HOUR))];
      const found = await unfinishedOf(
        { ...none, allocations: [], sessions: [] },
        { ...pending, allocations: [{ ...pending.allocation, status: 'pending', trainerId: null }] },
        { ...empty, sessions: [] },
        whole,
      );
      expect(found).toEqual([empty.payment.id, pending.payment.id, none.payment.id]);
    });

    it('counts a completed allocation with sessions as arrived', async () => {
      const chain = healthyChain(ago(6 * DAY));
      expect(
        await unfinishedOf({ ...chain, allocations: [{ ...chain.allocation, status: 'completed' }] }),
      ).toEqual([]);
    });

    it("does not take last term's purchase, allocation and sessions for those of a renewal", async () => {
      const lastTerm = healthyChain(ago(100 * DAY));
      const ended = {
        ...lastTerm,
        purchases: [{ ...lastTerm.purchase, isActive: false, expiresAtMs: ago(10 * DAY) }],
        allocations: [{ ...lastTerm.allocation, status: 'completed' }],
      };
      const pair = { studentId: lastTerm.payment.studentId, courseId: lastTerm.courseId };
      const lost = paymentRecord(ago(HOUR), pair);
      const bought = purchaseRecord(pair, ago(HOUR) + 100);
      expect(await unfinishedOf(ended, { payments: [lost] })).toEqual([lost.id]);
      expect(await unfinishedOf(ended, { payments: [lost], purchases: [bought] })).toEqual([lost.id]);
      expect(await unfinishedOf(ended, healthyChain(ago(HOUR), pair))).toEqual([]);
    });

    it('lists a second payment for a course that is owned, not the first', async () => {
      const first = healthyChain(ago(2 * DAY));
      const second = paymentRecord(ago(HOUR), {
        studentId: first.payment.studentId,
        courseId: first.courseId,
      });
      expect(await unfinishedOf(first, { payments: [second] })).toEqual([second.id]);
    });

    it('lists both payments where dates cannot tell whose the one purchase is', async () => {
      const first = healthyChain(ago(HOUR));
      const pair = { studentId: first.payment.studentId, courseId: first.courseId };
      const doubleClick = paymentRecord(ago(HOUR) + 30 * SECOND, pair);
      expect(await unfinishedOf(first, { payments: [doubleClick] })).toEqual([
        doubleClick.id,
        first.payment.id,
      ]);

      const served = healthyChain(ago(HOUR));
      const lostBefore = paymentRecord(ago(3 * HOUR), {
        studentId: served.payment.studentId,
        courseId: served.courseId,
      });
      expect(await unfinishedOf(served, { payments: [lostBefore] })).toEqual([
        served.payment.id,
        lostBefore.id,
      ]);
    });

    it('keeps another course and another student apart from a pair', async () => {
      const chain = healthyChain(ago(HOUR));
      const otherCourse = paymentRecord(ago(50 * MINUTE), { studentId: chain.payment.studentId });
      const otherStudent = paymentRecord(ago(40 * MINUTE), { courseId: chain.courseId });
      const found = await payments(await holding(chain, { payments: [otherCourse, otherStudent] }));
      expect(found.unfinished).toMatchObject([
        { paymentId: otherStudent.id, earlierUnfinishedOfPair: null },
        { paymentId: otherCourse.id, earlierUnfinishedOfPair: null },
      ]);
    });

    it('names the earliest payment of the pair that is itself unfinished', async () => {
      const pair = { studentId: randomUUID(), courseId: randomUUID() };
      const [first, second] = [paymentRecord(ago(3 * HOUR), pair), paymentRecord(ago(2 * HOUR), pair)];
      const third = paymentRecord(ago(HOUR), pair);
      const found = await payments(await holding({ payments: [first, second, third] }));
      expect(found.unfinished.map((payment) => [payment.paymentId, payment.earlierUnfinishedOfPair])).toEqual(
        [
          [third.id, first.id],
          [second.id, first.id],
          [first.id, null],
        ],
      );
    });

    it('gives the newest up to the limit, and says how many there are', async () => {
      const lost = [1, 2, 3, 4].map((hours) => paymentRecord(ago(hours * HOUR)));
      const found = await payments(await holding({ payments: [...lost].reverse() }), [], 2);
      expect(found.unfinished.map((payment) => payment.paymentId)).toEqual([lost[0]?.id, lost[1]?.id]);
      expect(found.unfinishedTotal).toBe(4);
    });

    it('counts what is older than the window and got nothing', async () => {
      const [lost, delivered] = [healthyChain(ago(10 * DAY)), healthyChain(ago(11 * DAY))];
      const [ended, cancelled] = [healthyChain(ago(12 * DAY)), healthyChain(ago(13 * DAY))];
      const unassigned = healthyChain(ago(14 * DAY));
      const found = await payments(
        await holding(
          { payments: lost.payments },
          delivered,
          { ...ended, purchases: [{ ...ended.purchase, isActive: false }], allocations: [] },
          { ...cancelled, allocations: [{ ...cancelled.allocation, status: 'cancelled' }], sessions: [] },
          { ...unassigned, allocations: [{ ...unassigned.allocation, status: 'pending' }], sessions: [] },
          healthyChain(ago(HOUR)),
        ),
      );
      expect(found).toMatchObject({ succeeded: 1, arrived: 1, olderMissing: 2 });
    });

    it('reads a long window whole', async () => {
      const lost = [1, 6, 8, 40, 89].map((days) => paymentRecord(ago(days * DAY)));
      const found = await (await holding({ payments: lost })).payments(
        { windowMs: 90 * DAY, limit: 4, asked: [] },
        signal,
      );
      expect(found.unfinished.map((payment) => payment.paymentId)).toEqual(
        lost.slice(0, 4).map((payment) => payment.id),
      );
      expect(found).toMatchObject({ succeeded: 5, unfinishedTotal: 5, olderMissing: 0 });
      expect(found.coveredFromMs).toBe(found.windowStartMs);
    });

    it('tells payments that were asked for, whatever their state and age', async () => {
      const arrived = healthyChain(ago(HOUR));
      const old = healthyChain(ago(200 * DAY));
      const failed = paymentRecord(ago(HOUR), { status: 'failed' });
      const reader = await holding(arrived, old, { payments: [failed] });
      const asked = [arrived.payment.id, old.payment.id, failed.id, randomUUID()].map(paymentId);
      const found = await payments(reader, asked);
      expect(found.asked.map((payment) => [payment.paymentId, payment.status])).toEqual(
        [
          [arrived.payment.id, 'succeeded'],
          [failed.id, 'failed'],
          [old.payment.id, 'succeeded'],
        ].sort(byPosition(found.asked.map((payment) => payment.paymentId))),
      );
      expect(found.asked.at(-1)?.paymentId).toBe(old.payment.id);
      expect(found.unfinished).toEqual([]);
    });

    it('tells payments by their ids alone, and leaves out what is no payment', async () => {
      const arrived = healthyChain(ago(HOUR));
      const refunded = paymentRecord(ago(200 * DAY), { status: 'refunded' });
      const reader = await holding(arrived, healthyChain(ago(HOUR)), { payments: [refunded] });
      const asked = [refunded.id, arrived.payment.id, arrived.purchase.id, 'no-uuid'].map(paymentId);
      const found = await reader.paymentsOf(asked, signal);
      expect(found.map(({ paymentId: id, status }) => [id, status])).toEqual([
        [arrived.payment.id, 'succeeded'],
        [refunded.id, 'refunded'],
      ]);
      expect(await reader.paymentsOf([], signal)).toEqual([]);
    });
  });

  describe('rows of pairs', () => {
    it('gives the purchases of the pairs and of nobody else', async () => {
      const [mine, other] = [healthyChain(wholeSecond(ago(HOUR))), healthyChain(ago(HOUR))];
      const named = purchaseRecord(
        { studentId: mine.payment.studentId, courseId: randomUUID() },
        ago(2 * HOUR),
        {
          metadata: JSON.stringify({ payment_id: mine.payment.id }),
          expiresAtMs: null,
          isActive: false,
        },
      );
      const reader = await holding(mine, other, { purchases: [named] });
      const pairs = [pairOf(mine.purchase), pairOf(named)];
      expect(await reader.purchasesOf(pairs, signal)).toMatchObject([
        { purchaseId: named.id, isActive: false, expiresAtMs: null, paymentId: mine.payment.id },
        {
          purchaseId: mine.purchase.id,
          studentId: mine.payment.studentId,
          courseId: mine.courseId,
          isActive: true,
          createdAtMs: mine.purchase.createdAtMs,
          expiresAtMs: mine.purchase.expiresAtMs,
          paymentId: null,
        },
      ]);
      expect(
        await reader.purchasesOf(
          [{ studentId: studentId(mine.payment.studentId), courseId: courseId('x') }],
          signal,
        ),
      ).toEqual([]);
      expect(await reader.purchasesOf([], signal)).toEqual([]);
    });

    it('gives the allocations of the pairs, and those of their students that name no course', async () => {
      const [mine, other] = [healthyChain(wholeSecond(ago(HOUR))), healthyChain(ago(HOUR))];
      const courseless = allocationRecord({ ...pairOf(mine.purchase) }, ago(2 * HOUR), {
        courseId: null,
        requestedAtMs: null,
      });
      const reader = await holding(mine, other, { allocations: [courseless] });
      expect(await reader.allocationsOf([pairOf(mine.purchase)], signal)).toMatchObject([
        { allocationId: courseless.id, courseId: null, requestedAtMs: null },
        {
          allocationId: mine.allocation.id,
          studentId: mine.payment.studentId,
          courseId: mine.courseId,
          trainerId: mine.allocation.trainerId,
          status: 'approved',
          requestedAtMs: mine.allocation.requestedAtMs,
          createdAtMs: mine.allocation.createdAtMs,
          updatedAtMs: mine.allocation.updatedAtMs,
        },
      ]);
      expect(await reader.allocationsOf([], signal)).toEqual([]);
    });

    it('tells only the first and the last of many pending rows', async () => {
      const pair = { studentId: randomUUID(), courseId: randomUUID() };
      const pending = Array.from({ length: 60 }, (_, index) =>
        allocationRecord(pair, ago(HOUR) + index * SECOND, { status: 'pending', trainerId: null }),
      );
      const found = await (await holding({ allocations: pending })).allocationsOf([branded(pair)], signal);
      const ids = pending.map((row) => row.id);
      expect(found.map((row) => row.allocationId)).toEqual([...ids.slice(0, 5), ...ids.slice(-15)]);
    });

    it('counts sessions by allocation id alone', async () => {
      const mine = healthyChain(wholeSecond(ago(HOUR)));
      const bare = allocationRecord({ studentId: randomUUID(), courseId: randomUUID() }, ago(HOUR));
      const past = sessionRecords(mine.allocation.id, ago(9 * DAY), [-5, -4]);
      const cancelled = sessionRecords(mine.allocation.id, ago(HOUR), [20]).map((row) => ({
        ...row,
        status: 'cancelled',
      }));
      const reader = await holding(
        mine,
        { allocations: [bare], sessions: [...past, ...cancelled] },
        healthyChain(ago(HOUR)),
      );
      expect(await reader.sessionsOf([mine.allocation.id, bare.id].map(allocationId), signal)).toEqual([
        {
          allocationId: mine.allocation.id,
          total: 10,
          future: 7,
          firstCreatedAtMs: past[0]?.createdAtMs,
          courseIdSet: false,
        },
      ]);
    });

    it('says whether the newest session names its course', async () => {
      const mine = healthyChain(ago(HOUR));
      const older = mine.sessions.map((session) => ({ ...session, courseId: mine.courseId }));
      const reader = await holding({ ...mine, sessions: older });
      expect(await reader.sessionsOf([allocationId(mine.allocation.id)], signal)).toMatchObject([
        { courseIdSet: true },
      ]);
    });
  });

  describe('marks', () => {
    it('finds them under correlation ids and event ids, with ids that are no uuids among them', async () => {
      const [mine, other] = [healthyChain(wholeSecond(ago(HOUR))), healthyChain(ago(HOUR))];
      const reader = await holding(mine, other);
      const [confirmed, created, allocated] = mine.marks;
      expect(await reader.marksOf([mine.payment.id], signal)).toEqual([confirmed, created]);
      expect(
        await reader.marksOf([`trainer-allocated-${mine.allocation.id}`, 'no such thing'], signal),
      ).toEqual([allocated]);
      expect(await reader.marksOf([mine.purchase.id, mine.allocation.id], signal)).toEqual([
        created,
        allocated,
      ]);
      expect(await reader.marksOf([], signal)).toEqual([]);
    });

    it('finds what scripts marked in the window, newest first', async () => {
      const markBy = (source: string, processedAtMs: number) => ({
        eventId: randomUUID(),
        eventType: 'PURCHASE_CREATED',
        correlationId: randomUUID(),
        source,
        processedAtMs: wholeSecond(processedAtMs),
      });
      const marks = [
        markBy('fix-script', ago(HOUR)),
        markBy('manual-script', ago(2 * HOUR)),
        markBy('fix-script', ago(3 * HOUR)),
        markBy('purchase-worker', ago(HOUR)),
        markBy('fix-script', ago(9 * DAY)),
      ];
      const reader = await holding({ marks });
      expect(await reader.scriptMarks(7 * DAY, 10, signal)).toEqual(marks.slice(0, 3));
      expect(await reader.scriptMarks(7 * DAY, 1, signal)).toEqual(marks.slice(0, 1));
    });
  });

  describe('anomalies', () => {
    it('finds none on a healthy platform', async () => {
      const reader = await holding(healthyChain(ago(HOUR)), healthyChain(ago(3 * DAY)));
      expect(await reader.anomalies(7 * DAY, signal)).toEqual({
        liveAllocationsWithoutSessions: [],
        pairsWithTwoLiveAllocations: 0,
        pairsWithTwoPendingAllocations: 0,
        pendingWithoutTrainer: [],
      });
    });

    it('finds live allocations of the window without any session', async () => {
      const [recent, approvedLate, old] = [
        allocationRecord(randomPair(), ago(HOUR)),
        allocationRecord(randomPair(), ago(20 * DAY), { updatedAtMs: ago(DAY), status: 'active' }),
        allocationRecord(randomPair(), ago(20 * DAY)),
      ];
      const reader = await holding(healthyChain(ago(HOUR)), { allocations: [recent, approvedLate, old] });
      const found = await reader.anomalies(7 * DAY, signal);
      expect(found.liveAllocationsWithoutSessions.map((row) => row.allocationId)).toEqual([
        recent.id,
        approvedLate.id,
      ]);
    });

    it('counts pairs with several live or several pending rows, and names who waits for a trainer once', async () => {
      const [twice, waiting, served] = [randomPair(), randomPair(), healthyChain(ago(HOUR))];
      const pendingOf = (pair: { readonly studentId: string; readonly courseId: string }) =>
        [3, 2, 1].map((hours) =>
          allocationRecord(pair, ago(hours * HOUR), { status: 'pending', trainerId: null }),
        );
      const rows = pendingOf(waiting);
      const live = [
        allocationRecord(twice, ago(HOUR)),
        allocationRecord(twice, ago(2 * HOUR), { status: 'completed' }),
      ];
      const reader = await holding(served, {
        allocations: [...rows, ...live, ...pendingOf(pairOf(served.purchase))],
      });
      const found = await reader.anomalies(7 * DAY, signal);
      expect(found).toMatchObject({ pairsWithTwoLiveAllocations: 0, pairsWithTwoPendingAllocations: 2 });
      expect(found.pendingWithoutTrainer.map((row) => row.allocationId)).toEqual([rows[0]?.id]);
    });

    it('keeps an old pending allocation in sight as long as its purchase runs', async () => {
      const [owner, stranger] = [randomPair(), randomPair()];
      const pending = [owner, stranger].map((pair) =>
        allocationRecord(pair, ago(20 * DAY), { status: 'pending', trainerId: null }),
      );
      const reader = await holding({
        allocations: pending,
        purchases: [purchaseRecord(owner, ago(20 * DAY))],
      });
      const found = await reader.anomalies(7 * DAY, signal);
      expect(found.pendingWithoutTrainer.map((row) => row.allocationId)).toEqual([pending[0]?.id]);
    });
  });

  describe('payments by another name', () => {
    it('knows which ids are payments', async () => {
      const chain = healthyChain(ago(HOUR));
      const reader = await holding(chain);
      const ids = [chain.allocation.id, chain.payment.id, 'manual-1', randomUUID()];
      expect(await reader.knownPayments(ids, signal)).toEqual([chain.payment.id]);
      expect(await reader.knownPayments([], signal)).toEqual([]);
    });

    it('finds the payments of a student and of a course', async () => {
      const [mine, other] = [healthyChain(ago(HOUR)), healthyChain(ago(HOUR))];
      const failed = paymentRecord(ago(2 * HOUR), {
        studentId: mine.payment.studentId,
        courseId: mine.courseId,
        status: 'failed',
      });
      const reader = await holding(mine, other, { payments: [failed] });
      const ofStudent = await reader.paymentsBehind(
        { kind: 'student', id: studentId(mine.payment.studentId) },
        signal,
      );
      expect(ofStudent.map((payment) => payment.paymentId)).toEqual([mine.payment.id, failed.id]);
      const ofCourse = await reader.paymentsBehind({ kind: 'course', id: courseId(mine.courseId) }, signal);
      expect(ofCourse.map((payment) => payment.paymentId)).toEqual([mine.payment.id]);
    });

    it('finds the payment behind a purchase and an allocation, not the one of another term', async () => {
      const lastTerm = healthyChain(ago(100 * DAY));
      const thisTerm = healthyChain(ago(HOUR), pairOf(lastTerm.purchase));
      const reader = await holding(
        {
          ...lastTerm,
          purchases: [{ ...lastTerm.purchase, isActive: false }],
          allocations: [{ ...lastTerm.allocation, status: 'completed' }],
        },
        thisTerm,
      );
      for (const term of [lastTerm, thisTerm]) {
        const ofPurchase = await reader.paymentsBehind(
          { kind: 'purchase', id: purchaseId(term.purchase.id) },
          signal,
        );
        expect(ofPurchase.map((payment) => payment.paymentId)).toEqual([term.payment.id]);
        const ofAllocation = await reader.paymentsBehind(
          { kind: 'allocation', id: allocationId(term.allocation.id) },
          signal,
        );
        expect(ofAllocation.map((payment) => payment.paymentId)).toEqual([term.payment.id]);
      }
      expect(await reader.paymentsBehind({ kind: 'purchase', id: purchaseId(randomUUID()) }, signal)).toEqual(
        [],
      );
    });

    it('believes a purchase that names its payment', async () => {
      const chain = healthyChain(ago(HOUR));
      const real = paymentRecord(ago(DAY), pairOf(chain.purchase));
      const purchases = [{ ...chain.purchase, metadata: { paymentId: real.id } }];
      const reader = await holding({ ...chain, purchases }, { payments: [real] });
      const found = await reader.paymentsBehind(
        { kind: 'purchase', id: purchaseId(chain.purchase.id) },
        signal,
      );
      expect(found.map((payment) => payment.paymentId)).toEqual([real.id]);
    });
  });

  describe('the database itself', () => {
    it('says who and what it is', async () => {
      const found = await (await holding()).facts(signal);
      expect(found).toMatchObject({
        oid: expect.any(Number),
        name: expect.stringMatching(/./),
        inRecovery: false,
        replayLagMs: null,
      });
      expect(found.serverVersion).toMatch(/^\d+/);
      expect(Math.abs(found.serverTimeMs - Date.now())).toBeLessThan(MINUTE);
    });

    it('shows the five tables, and that the four guards are valid', async () => {
      const found = await (await holding()).schema(signal);
      expect(found.tables.map((table) => table.name)).toEqual([
        'payments',
        'student_course_purchases',
        'trainer_allocations',
        'tutoring_sessions',
        'processed_events',
      ]);
      expect(found.tables.at(-1)?.columns).toContainEqual({ name: 'event_id', type: 'text' });
      expect(found.guards.map((guard) => [guard.name, guard.state, guard.duplicates])).toEqual([
        ['unique_active_purchase', 'valid', null],
        ['unique_active_allocation', 'valid', null],
        ['unique_session_slot', 'valid', null],
        ['idx_processed_events_idempotency', 'valid', null],
      ]);
      expect(found.guards[0]?.definition).toContain('WHERE is_active');
    });
  });

  describe('giving up', () => {
    it('is a timeout of postgres when the signal is aborted, and answers the next call', async () => {
      const reader = await holding(healthyChain(ago(HOUR)));
      await expect(reader.facts(AbortSignal.abort())).rejects.toMatchObject({
        name: 'DependencyError',
        code: 'KC_POSTGRES_TIMEOUT',
        system: 'postgres',
        operation: 'facts of the database',
        gapCode: 'timeout',
      });
      expect((await payments(reader)).arrived).toBe(1);
    });
  });
}

function ago(ms: number): number {
  return Date.now() - ms;
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / SECOND) * SECOND;
}

function randomPair() {
  return { studentId: randomUUID(), courseId: randomUUID() };
}

function branded(pair: { readonly studentId: string; readonly courseId: string }) {
  return { studentId: studentId(pair.studentId), courseId: courseId(pair.courseId) };
}

function pairOf(purchase: { readonly studentId: string; readonly courseId: string }) {
  return branded({ studentId: purchase.studentId, courseId: purchase.courseId });
}

/** Two payments of the same instant may come in either order. */
function byPosition(ids: readonly string[]) {
  return (a: readonly string[], b: readonly string[]) => ids.indexOf(a[0] ?? '') - ids.indexOf(b[0] ?? '');
}
