import { DependencyError } from '../../errors.ts';
import { isUuid, type PaymentId, paymentId } from '../../platform/ids.ts';
import { MOST_PAYMENTS_BEHIND } from '../../platform/lookup.ts';
import { maskSecrets } from '../../platform/mask.ts';
import type {
  DatabaseAnomalies,
  DatabaseFacts,
  MarkRow,
  PaymentRow,
  PaymentsOfWindow,
  RunSeen,
  SchemaFacts,
} from '../../platform/state.ts';
import type { Pair, PurchaseDatabaseReader } from '../../ports/purchase-database.ts';
import { parseTarget } from './address.ts';
import { isStatementTimeout } from './failure.ts';
import { readRuns } from './ledger/read-runs.ts';
import { patience } from './patience.ts';
import type { AllocationRecord } from './queries/allocations-of.ts';
import { allocationsOf } from './queries/allocations-of.ts';
import {
  type DoubledPairsRecord,
  doubledPairs,
  liveWithoutSessions,
  pendingWithoutTrainer,
} from './queries/anomalies.ts';
import { knownPayments } from './queries/known-payments.ts';
import { markTypes } from './queries/mark-types.ts';
import { marksOf, scriptMarks } from './queries/marks.ts';
import { olderMissing } from './queries/older-missing.ts';
import { paymentsAsked } from './queries/payments-asked.ts';
import { paymentsBehind } from './queries/payments-behind.ts';
import { purchasesOf } from './queries/purchases-of.ts';
import { sessionsOf } from './queries/sessions-of.ts';
import { readFacts } from './read-facts.ts';
import { readSchema } from './read-schema.ts';
import { allocationRow, markRow, paymentRow, purchaseRow, sessionCount } from './records.ts';
import { ReadSession } from './session.ts';
import type { PostgresTls } from './tls.ts';
import { readWindow } from './window.ts';

export interface PostgresOptions {
  /** postgres://user:password@host:5432/database; what it says about TLS is configuration and not read here. */
  readonly url: string;
  readonly ssl: PostgresTls;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
  /** Texts that must not appear in any message. The password of the address is added. */
  readonly secrets: readonly string[];
}

/** Most rows of one answer. More is no answer but a table read whole, and is said instead of cut in silence. */
const MOST_ROWS = 20_000;
const MOST_ANOMALIES = 200;
/** Of the statement timeout, for what is good to know and not worth leaning on the database for. */
const ASIDE_SHARE = 1 / 3;
/** Of the statement timeout, for all slices of the window: what was read by then is worth more than the rest, too late. */
const WINDOW_SHARE = 0.8;

export function openPostgres(options: PostgresOptions): PurchaseDatabaseReader {
  return new PostgresDatabase(options);
}

class PostgresDatabase implements PurchaseDatabaseReader {
  readonly address: string;
  readonly #session: ReadSession;
  readonly #statementTimeoutMs: number;
  #markTypes: ReadonlyMap<string, string> | null = null;

  constructor(options: PostgresOptions) {
    const target = parseTarget(options.url);
    const own = target.password === null ? [] : [target.password];
    // The list is read when a text is masked: the caller may still be adding to it.
    const mask = (text: string) => maskSecrets(text, [...options.secrets, ...own]);
    this.address = target.address;
    this.#statementTimeoutMs = options.statementTimeoutMs;
    this.#session = new ReadSession(target, options.ssl, options, { address: target.address, mask });
  }

  async facts(signal: AbortSignal): Promise<DatabaseFacts> {
    return await readFacts(this.#session, signal);
  }

  async schema(signal: AbortSignal): Promise<SchemaFacts> {
    const found = await readSchema(this.#session, this.#statementTimeoutMs, signal);
    const marks = found.tables.find((table) => table.name === 'processed_events');
    if (marks !== undefined)
      this.#markTypes = new Map(marks.columns.map((column) => [column.name, column.type]));
    return found;
  }

  async payments(
    question: { readonly windowMs: number; readonly limit: number; readonly asked: readonly PaymentId[] },
    signal: AbortSignal,
  ): Promise<PaymentsOfWindow> {
    using time = patience(signal, this.#statementTimeoutMs * WINDOW_SHARE);
    const [window, asked] = await Promise.all([
      readWindow(this.#session, { ...question, statementTimeoutMs: this.#statementTimeoutMs }, time.signal),
      this.#asked(question.asked, signal),
    ]);
    return { ...window, asked, olderMissing: await this.#olderMissing(window.windowStartMs, time.signal) };
  }

  async paymentsOf(payments: readonly PaymentId[], signal: AbortSignal): Promise<readonly PaymentRow[]> {
    return await this.#asked(payments, signal);
  }

  async #asked(ids: readonly PaymentId[], signal: AbortSignal): Promise<readonly PaymentRow[]> {
    const uuids = [...new Set(ids)].filter(isUuid);
    if (uuids.length === 0) return [];
    const rows = await this.#session.rows(paymentsAsked(uuids), { operation: 'payments asked for', signal });
    return rows.map(paymentRow);
  }

  async #olderMissing(beforeMs: number, signal: AbortSignal): Promise<number | null> {
    const operation = 'payments older than the window';
    if (signal.aborted) return null;
    try {
      const timeoutMs = this.#statementTimeoutMs * ASIDE_SHARE;
      const [answer] = await this.#session.answers<[{ missing: number }]>([olderMissing(beforeMs)], {
        operation,
        signal,
        timeoutMs,
      });
      if (answer.kind === 'rows') return answer.rows[0]?.missing ?? null;
      if (isStatementTimeout(answer.error)) return null;
      throw this.#session.failure(answer.error, operation);
    } catch (error) {
      // Null says that it was not counted; the window itself was read and must not be lost with it.
      if (signal.aborted) return null;
      throw error;
    }
  }

  async purchasesOf(pairs: readonly Pair[], signal: AbortSignal) {
    if (pairs.length === 0) return [];
    const operation = 'purchases of the payments';
    const { students, courses } = pairColumns(pairs);
    const rows = await this.#session.rows(purchasesOf(students, courses, MOST_ROWS), { operation, signal });
    return this.#whole(rows, operation).map(purchaseRow);
  }

  async allocationsOf(pairs: readonly Pair[], signal: AbortSignal) {
    if (pairs.length === 0) return [];
    const operation = 'allocations of the payments';
    const { students, courses } = pairColumns(pairs);
    const rows = await this.#session.rows(allocationsOf(students, courses, MOST_ROWS), { operation, signal });
    return this.#whole(rows, operation).map(allocationRow);
  }

  async sessionsOf(allocations: readonly string[], signal: AbortSignal) {
    const ids = [...new Set(allocations)].filter(isUuid);
    if (ids.length === 0) return [];
    const rows = await this.#session.rows(sessionsOf(ids), {
      operation: 'sessions of the allocations',
      signal,
    });
    return rows.map(sessionCount);
  }

  async marksOf(ids: readonly string[], signal: AbortSignal): Promise<readonly MarkRow[]> {
    if (ids.length === 0) return [];
    const operation = 'marks of the payments';
    if (this.#markTypes === null) {
      const rows = await this.#session.rows(markTypes(), { operation, signal });
      this.#markTypes = new Map(rows.map((row) => [row.column_name, row.type]));
    }
    const types = this.#markTypes;
    const all = [...new Set(ids)];
    const uuids = all.filter(isUuid);
    const fitting = (column: string) => (types.get(column) === 'uuid' ? uuids : all);
    const query = marksOf(fitting('correlation_id'), fitting('event_id'), MOST_ROWS);
    return this.#whole(await this.#session.rows(query, { operation, signal }), operation).map(markRow);
  }

  async scriptMarks(windowMs: number, limit: number, signal: AbortSignal): Promise<readonly MarkRow[]> {
    const rows = await this.#session.rows(scriptMarks(windowMs, limit), {
      operation: 'marks made by scripts',
      signal,
    });
    return rows.map(markRow);
  }

  async anomalies(windowMs: number, signal: AbortSignal): Promise<DatabaseAnomalies> {
    const operation = 'allocations that contradict each other';
    const [live, pending, doubled] = await this.#session.answers<
      [AllocationRecord, AllocationRecord, DoubledPairsRecord]
    >(
      [
        liveWithoutSessions(windowMs, MOST_ANOMALIES),
        pendingWithoutTrainer(windowMs, MOST_ANOMALIES),
        doubledPairs(windowMs),
      ],
      { operation, signal },
    );
    for (const answer of [live, pending, doubled]) {
      if (answer.kind === 'failed') throw this.#session.failure(answer.error, operation);
    }
    const [pairs] = doubled.kind === 'rows' ? doubled.rows : [];
    return {
      liveAllocationsWithoutSessions: live.kind === 'rows' ? live.rows.map(allocationRow) : [],
      pendingWithoutTrainer: pending.kind === 'rows' ? pending.rows.map(allocationRow) : [],
      pairsWithTwoLiveAllocations: pairs?.live ?? 0,
      pairsWithTwoPendingAllocations: pairs?.pending ?? 0,
    };
  }

  async knownPayments(ids: readonly string[], signal: AbortSignal): Promise<readonly PaymentId[]> {
    const uuids = [...new Set(ids)].filter(isUuid);
    if (uuids.length === 0) return [];
    const rows = await this.#session.rows(knownPayments(uuids), {
      operation: 'payments behind the newest records',
      signal,
    });
    return rows.map((row) => paymentId(row.id));
  }

  async paymentsBehind(
    question: { readonly kind: 'student' | 'course' | 'purchase' | 'allocation'; readonly id: string },
    signal: AbortSignal,
  ): Promise<readonly PaymentRow[]> {
    // Only a course is compared as text; the other columns hold uuids, so another id is in none of them.
    if (question.kind !== 'course' && !isUuid(question.id)) return [];
    const query = paymentsBehind(question.kind, question.id.toLowerCase(), MOST_PAYMENTS_BEHIND);
    const rows = await this.#session.rows(query, {
      operation: `payments behind the ${question.kind}`,
      signal,
    });
    return rows.map(paymentRow);
  }

  async runs(
    question: { readonly windowMs: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly RunSeen[]> {
    const place = { address: this.address, signal };
    return await readRuns(this.#session, { ...question, mostEntries: MOST_ROWS }, place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #whole<Row>(rows: readonly Row[], operation: string): readonly Row[] {
    if (rows.length < MOST_ROWS) return rows;
    throw new DependencyError(
      'KC_POSTGRES_TOO_MANY_ROWS',
      `Postgres at ${this.address} has ${MOST_ROWS} rows or more for the ${operation}.`,
      'Narrow the window with --since, or trace a single payment.',
      { system: 'postgres', operation, gapCode: 'incomplete' },
    );
  }
}

/** A student id that is no uuid is in no uuid column, and would end the query. */
function pairColumns(pairs: readonly Pair[]): {
  readonly students: readonly string[];
  readonly courses: readonly string[];
} {
  const askable = pairs.filter((pair) => isUuid(pair.studentId));
  return { students: askable.map((pair) => pair.studentId), courses: askable.map((pair) => pair.courseId) };
}
