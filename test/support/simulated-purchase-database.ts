import { setTimeout as delay } from 'node:timers/promises';
import { DependencyError } from '../../src/errors.ts';
import {
  allocationId,
  courseId,
  isUuid,
  type PaymentId,
  paymentId,
  purchaseId,
  studentId,
} from '../../src/platform/ids.ts';
import { runsSeen } from '../../src/platform/runs-seen.ts';
import type {
  AllocationRow,
  DatabaseAnomalies,
  DatabaseFacts,
  MarkRow,
  PaymentRow,
  PaymentsOfWindow,
  PurchaseRow,
  RunSeen,
  SchemaFacts,
  SessionCount,
} from '../../src/platform/state.ts';
import type { Pair, PurchaseDatabaseReader } from '../../src/ports/purchase-database.ts';
import type {
  AllocationRecord,
  MarkRecord,
  PaymentRecord,
  PlatformRows,
  PurchaseRecord,
} from './platform-rows.ts';
import { DAY, MINUTE, NO_ROWS } from './platform-rows.ts';
import {
  allocatedAt,
  courseOf,
  isLive,
  objectOf,
  ownPurchases,
  paidAt,
  type Standing,
  standings,
} from './simulated-arrival.ts';
import { SimulatedLedgerDatabase } from './simulated-run-ledger.ts';
import { HEALTHY_FACTS, HEALTHY_SCHEMA } from './simulated-schema.ts';

export interface SimulatedDatabaseOptions {
  readonly rows?: PlatformRows;
  readonly facts?: Partial<DatabaseFacts>;
  readonly schema?: SchemaFacts;
  readonly nowMs?: () => number;
  readonly address?: string;
  /** The journal and the lock of kc-doctor's own runs, in the same database. */
  readonly ledger?: SimulatedLedgerDatabase;
}

/** What a database does to whoever asks. */
export type Mood =
  | { readonly kind: 'answers' }
  | { readonly kind: 'fails'; readonly error: DependencyError }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'slow'; readonly ms: number };

type Method = Exclude<keyof PurchaseDatabaseReader, 'address' | typeof Symbol.asyncDispose>;

/**
 * The platform's database as arrays of rows, which a test may change while it runs. Answers are worked out from the rows as the
 * real adapter does in SQL; the contract suite holds the two together.
 */
export class SimulatedPurchaseDatabase implements PurchaseDatabaseReader {
  readonly address: string;
  rows: PlatformRows;
  databaseFacts: Partial<DatabaseFacts>;
  schemaFacts: SchemaFacts;
  /** Mood of all methods, or of one. */
  mood: Mood = { kind: 'answers' };
  readonly moods: Partial<Record<Method, Mood>> = {};
  isDisposed = false;
  mayReadJournal = true;
  readonly #ledger: SimulatedLedgerDatabase;
  readonly #nowMs: () => number;

  constructor(options: SimulatedDatabaseOptions = {}) {
    this.address = options.address ?? 'kc@db.example/kc';
    this.rows = options.rows ?? NO_ROWS;
    this.databaseFacts = options.facts ?? {};
    this.schemaFacts = options.schema ?? HEALTHY_SCHEMA;
    this.#ledger = options.ledger ?? new SimulatedLedgerDatabase();
    this.#nowMs = options.nowMs ?? Date.now;
  }

  async facts(signal: AbortSignal): Promise<DatabaseFacts> {
    await this.#answer('facts', 'facts of the database', signal);
    return { ...HEALTHY_FACTS, serverTimeMs: this.#nowMs(), ...this.databaseFacts };
  }

  async schema(signal: AbortSignal): Promise<SchemaFacts> {
    await this.#answer('schema', 'schema of the platform', signal);
    return this.schemaFacts;
  }

  async payments(
    question: { readonly windowMs: number; readonly limit: number; readonly asked: readonly PaymentId[] },
    signal: AbortSignal,
  ): Promise<PaymentsOfWindow> {
    await this.#answer('payments', 'payments of the window', signal);
    const windowStartMs = this.#nowMs() - question.windowMs;
    const succeeded = this.rows.payments.filter((payment) => payment.status === 'succeeded');
    const ofWindow = this.#standings(succeeded.filter((payment) => paidAt(payment) >= windowStartMs));
    const arrived = ofWindow.filter((standing) => standing.hasArrived);
    const unfinished = ofWindow.filter((standing) => !standing.hasArrived);
    return {
      windowStartMs,
      coveredFromMs: windowStartMs,
      succeeded: ofWindow.length,
      arrived: arrived.length,
      lastArrivedAtMs: newest(arrived.map((standing) => standing.arrivedAtMs)),
      olderMissing: succeeded.filter(
        (payment) => paidAt(payment) < windowStartMs && !this.#isSettled(payment),
      ).length,
      unfinished: unfinished.slice(0, question.limit).map(paymentRow),
      unfinishedTotal: unfinished.length,
      asked: this.#standings(
        this.rows.payments.filter((payment) => question.asked.some((id) => id === payment.id)),
      ).map(paymentRow),
    };
  }

  async paymentsOf(payments: readonly PaymentId[], signal: AbortSignal): Promise<readonly PaymentRow[]> {
    await this.#answer('paymentsOf', 'payments asked for', signal);
    const wanted = this.rows.payments.filter((payment) => payments.some((id) => id === payment.id));
    return this.#standings(wanted).map(paymentRow);
  }

  async purchasesOf(pairs: readonly Pair[], signal: AbortSignal): Promise<readonly PurchaseRow[]> {
    await this.#answer('purchasesOf', 'purchases of the payments', signal);
    return this.rows.purchases
      .filter((purchase) => pairs.some((pair) => isOf(purchase, pair)))
      .sort((a, b) => a.createdAtMs - b.createdAtMs || compare(a.id, b.id))
      .map(purchaseRow);
  }

  async allocationsOf(pairs: readonly Pair[], signal: AbortSignal): Promise<readonly AllocationRow[]> {
    await this.#answer('allocationsOf', 'allocations of the payments', signal);
    const found = this.rows.allocations
      .filter((row) =>
        pairs.some((pair) => isOf(row, pair) || (row.courseId === null && row.studentId === pair.studentId)),
      )
      .sort((a, b) => a.createdAtMs - b.createdAtMs || compare(a.id, b.id));
    return found.filter((row) => row.status !== 'pending' || isAtAnEnd(row, found)).map(allocationRow);
  }

  async sessionsOf(allocations: readonly string[], signal: AbortSignal): Promise<readonly SessionCount[]> {
    await this.#answer('sessionsOf', 'sessions of the allocations', signal);
    const today = Math.floor(this.#nowMs() / DAY) * DAY;
    return [...new Set(allocations)].flatMap((id) => {
      const sessions = this.rows.sessions
        .filter((session) => session.allocationId === id)
        .sort((a, b) => a.createdAtMs - b.createdAtMs);
      const [first, last] = [sessions[0], sessions.at(-1)];
      if (first === undefined || last === undefined) return [];
      return {
        allocationId: allocationId(id),
        total: sessions.length,
        future: sessions.filter((session) => session.scheduledAtMs >= today && session.status !== 'cancelled')
          .length,
        firstCreatedAtMs: first.createdAtMs,
        courseIdSet: last.courseId !== null,
      };
    });
  }

  async marksOf(ids: readonly string[], signal: AbortSignal): Promise<readonly MarkRow[]> {
    await this.#answer('marksOf', 'marks of the payments', signal);
    return this.rows.marks
      .filter((mark) => ids.includes(mark.correlationId) || ids.includes(mark.eventId))
      .sort((a, b) => a.processedAtMs - b.processedAtMs || compare(a.eventId, b.eventId))
      .map(markRow);
  }

  async scriptMarks(windowMs: number, limit: number, signal: AbortSignal): Promise<readonly MarkRow[]> {
    await this.#answer('scriptMarks', 'marks made by scripts', signal);
    return this.rows.marks
      .filter((mark) => mark.source === 'fix-script' || mark.source === 'manual-script')
      .filter((mark) => mark.processedAtMs >= this.#nowMs() - windowMs)
      .sort((a, b) => b.processedAtMs - a.processedAtMs || compare(a.eventId, b.eventId))
      .slice(0, limit)
      .map(markRow);
  }

  async anomalies(windowMs: number, signal: AbortSignal): Promise<DatabaseAnomalies> {
    await this.#answer('anomalies', 'allocations that contradict each other', signal);
    const sinceMs = this.#nowMs() - windowMs;
    const { allocations, sessions } = this.rows;
    const live = allocations.filter((row) => row.status === 'approved' || row.status === 'active');
    const pending = allocations.filter((row) => row.status === 'pending');
    const waiting = pending.filter(
      (row) => row.trainerId === null && !live.some((other) => isSamePair(row, other)),
    );
    return {
      liveAllocationsWithoutSessions: live
        .filter((row) => row.createdAtMs >= sinceMs || row.updatedAtMs >= sinceMs)
        .filter((row) => !sessions.some((session) => session.allocationId === row.id))
        .sort((a, b) => b.createdAtMs - a.createdAtMs || compare(a.id, b.id))
        .map(allocationRow),
      pendingWithoutTrainer: waiting
        .filter((row) => !waiting.some((other) => isSamePair(row, other) && isBefore(other, row)))
        .filter(
          (row) =>
            this.#hasLivePurchase(row) ||
            waiting.some((other) => isSamePair(row, other) && other.createdAtMs >= sinceMs),
        )
        .sort((a, b) => b.createdAtMs - a.createdAtMs || compare(a.id, b.id))
        .map(allocationRow),
      pairsWithTwoLiveAllocations: doubledPairs(live),
      pairsWithTwoPendingAllocations: doubledPairs(pending.filter((row) => row.createdAtMs >= sinceMs)),
    };
  }

  async knownPayments(ids: readonly string[], signal: AbortSignal): Promise<readonly PaymentId[]> {
    await this.#answer('knownPayments', 'payments behind the newest records', signal);
    return this.rows.payments
      .filter((payment) => ids.includes(payment.id))
      .map((payment) => paymentId(payment.id));
  }

  async paymentsBehind(
    question: { readonly kind: 'student' | 'course' | 'purchase' | 'allocation'; readonly id: string },
    signal: AbortSignal,
  ): Promise<readonly PaymentRow[]> {
    await this.#answer('paymentsBehind', `payments behind the ${question.kind}`, signal);
    return this.#standings(this.#behind(question.kind, question.id)).map(paymentRow);
  }

  async runs(
    { windowMs, limit }: { readonly windowMs: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly RunSeen[]> {
    await this.#answer('runs', 'journal of runs', signal);
    const entries = this.#ledger.entries();
    if (entries.length === 0) return [];
    if (!this.mayReadJournal) throw denied();
    const holder = this.#ledger.holder();
    const recent = [...new Set(entries.toReversed().map(({ run }) => run))]
      .filter((run) => entries.some((entry) => entry.run === run && entry.atMs >= this.#nowMs() - windowMs))
      .slice(0, limit);
    return runsSeen(
      entries.filter(({ run }) => recent.includes(run)),
      this.#ledger.mood === 'replica'
        ? { kind: 'unseen' }
        : holder === null
          ? { kind: 'free' }
          : { kind: 'held', run: holder.run },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }

  #behind(kind: 'student' | 'course' | 'purchase' | 'allocation', id: string): readonly PaymentRecord[] {
    const succeeded = this.rows.payments.filter((payment) => payment.status === 'succeeded');
    if (kind === 'student') return this.rows.payments.filter((payment) => payment.studentId === id);
    if (kind === 'course') return succeeded.filter((payment) => courseOf(payment) === id);
    const purchase =
      kind === 'purchase' ? this.rows.purchases.find((row) => row.id === id) : this.#purchaseBefore(id);
    if (purchase === undefined) return [];
    const named = purchasePaymentId(purchase);
    return named === null
      ? succeeded.filter((payment) => ownPurchases(this.rows, payment)[0] === purchase)
      : succeeded.filter((payment) => payment.id === named && payment.studentId === purchase.studentId);
  }

  #purchaseBefore(allocation: string): PurchaseRecord | undefined {
    const row = this.rows.allocations.find((other) => other.id === allocation);
    if (row === undefined) return undefined;
    return this.rows.purchases
      .filter((purchase) => isSamePair(purchase, row) && purchase.createdAtMs <= allocatedAt(row) + MINUTE)
      .sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
  }

  #standings(payments: readonly PaymentRecord[]): readonly Standing[] {
    return [...standings(this.rows, payments, this.#nowMs())].sort(
      (a, b) => b.paidAtMs - a.paidAtMs || compare(b.payment.id, a.payment.id),
    );
  }

  /** The coarser rule for what is older than the window. */
  #isSettled(payment: PaymentRecord): boolean {
    return ownPurchases(this.rows, payment).some(
      (purchase) => !isLive(purchase, this.#nowMs()) || this.#hasOutcome(purchase),
    );
  }

  #hasOutcome(purchase: PurchaseRecord): boolean {
    return this.rows.allocations
      .filter((row) => isSamePair(row, purchase) && allocatedAt(row) >= purchase.createdAtMs - MINUTE)
      .some(
        (row) =>
          ['rejected', 'cancelled'].includes(row.status) ||
          (row.status !== 'pending' && this.rows.sessions.some((session) => session.allocationId === row.id)),
      );
  }

  #hasLivePurchase(row: AllocationRecord): boolean {
    return this.rows.purchases.some(
      (purchase) => isSamePair(purchase, row) && isLive(purchase, this.#nowMs()),
    );
  }

  async #answer(method: Method, operation: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw silence(operation);
    const mood = this.moods[method] ?? this.mood;
    if (mood.kind === 'fails') throw mood.error;
    if (mood.kind === 'slow') {
      await delay(mood.ms, undefined, { signal }).catch(() => {
        throw silence(operation);
      });
    }
    if (mood.kind === 'hangs') {
      await new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(silence(operation)), { once: true });
      });
    }
  }
}

function denied(): DependencyError {
  return new DependencyError('KC_POSTGRES_UNAUTHORIZED', 'It may not read the journal.', 'Grant it.', {
    system: 'postgres',
    operation: 'journal of runs',
    gapCode: 'unauthorized',
  });
}

function silence(operation: string): DependencyError {
  return new DependencyError('KC_POSTGRES_TIMEOUT', 'Postgres did not answer in time.', 'Give more time.', {
    system: 'postgres',
    operation,
    gapCode: 'timeout',
    retryable: true,
  });
}

type OfPair = { readonly studentId: string; readonly courseId: string | null };

function isOf(row: OfPair, pair: Pair): boolean {
  return row.studentId === pair.studentId && row.courseId === pair.courseId;
}

function isSamePair(a: OfPair, b: OfPair): boolean {
  return a.studentId === b.studentId && a.courseId !== null && a.courseId === b.courseId;
}

function isBefore(a: AllocationRecord, b: AllocationRecord): boolean {
  return a.createdAtMs < b.createdAtMs || (a.createdAtMs === b.createdAtMs && a.id < b.id);
}

/** Of many pending rows of a pair only the first five and the last fifteen are told. */
function isAtAnEnd(row: AllocationRecord, all: readonly AllocationRecord[]): boolean {
  const pending = all.filter(
    (other) =>
      other.status === 'pending' && other.studentId === row.studentId && other.courseId === row.courseId,
  );
  const at = pending.indexOf(row);
  return at < 5 || at >= pending.length - 15;
}

function doubledPairs(rows: readonly AllocationRecord[]): number {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const pair = `${row.studentId} ${row.courseId}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return [...counts.values()].filter((count) => count > 1).length;
}

function newest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function purchasePaymentId(purchase: PurchaseRecord): string | null {
  const metadata = objectOf(purchase.metadata);
  const named = metadata['paymentId'] ?? metadata['payment_id'];
  return typeof named === 'string' && isUuid(named) ? named.toLowerCase() : null;
}

function paymentRow(standing: Standing): PaymentRow {
  const { payment } = standing;
  const metadata = objectOf(payment.metadata);
  const { sessionCount, purchaseTier, startDate } = metadata;
  return {
    paymentId: paymentId(payment.id),
    studentId: studentId(payment.studentId),
    status: payment.status,
    amountCents: payment.amountCents,
    currency: payment.currency,
    confirmedAtMs: payment.confirmedAtMs,
    createdAtMs: payment.createdAtMs,
    courseId: standing.courseId === null ? null : courseId(standing.courseId),
    sessionCount: typeof sessionCount === 'number' ? sessionCount : null,
    purchaseTier: typeof purchaseTier === 'number' ? purchaseTier : null,
    startDate: typeof startDate === 'string' ? startDate : null,
    metadata: JSON.stringify(inJsonbOrder(payment.metadata)),
    earlierUnfinishedOfPair:
      standing.earlierUnfinished === null ? null : paymentId(standing.earlierUnfinished.id),
  };
}

function purchaseRow(purchase: PurchaseRecord): PurchaseRow {
  const named = purchasePaymentId(purchase);
  return {
    purchaseId: purchaseId(purchase.id),
    studentId: studentId(purchase.studentId),
    courseId: courseId(purchase.courseId),
    isActive: purchase.isActive,
    createdAtMs: purchase.createdAtMs,
    expiresAtMs: purchase.expiresAtMs,
    paymentId: named === null ? null : paymentId(named),
  };
}

function allocationRow(row: AllocationRecord): AllocationRow {
  return {
    allocationId: allocationId(row.id),
    studentId: studentId(row.studentId),
    courseId: row.courseId === null ? null : courseId(row.courseId),
    trainerId: row.trainerId,
    status: row.status,
    requestedAtMs: row.requestedAtMs,
    createdAtMs: row.createdAtMs,
    updatedAtMs: row.updatedAtMs,
  };
}

function markRow(mark: MarkRecord): MarkRow {
  return { ...mark };
}
/** Postgres keeps the keys of jsonb by length, then by bytes; a JSON string inside stays as it was written. */
function inJsonbOrder(metadata: unknown): Readonly<Record<string, unknown>> {
  if (typeof metadata === 'string') return objectOf(metadata);
  const entries = Object.entries(objectOf(metadata));
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)));
}
