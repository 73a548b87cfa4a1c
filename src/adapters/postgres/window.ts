import type { PaymentRow, PaymentsOfWindow } from '../../platform/state.ts';
import { isStatementTimeout } from './failure.ts';
import type { PaymentRecord } from './queries/arrival.ts';
import { paymentsOfWindow, type WindowRecord } from './queries/payments-of-window.ts';
import { paymentRow } from './records.ts';
import type { ReadSession } from './session.ts';

const DAY_MS = 86_400_000;
/** The window that people ask for is read in one piece, longer ones piece by piece, twice as long after one that was quick. */
const FIRST_SLICE_MS = 7 * DAY_MS;
const GROW = 2;
const QUICK_SHARE = 1 / 8;
/** A slice that is too slow is cut to an eighth, down to an hour: below that it is not the length that makes it slow. */
const SMALLEST_SLICE_MS = DAY_MS / 24;
const SHRINK = 8;
/** Of the statement timeout, for a slice that can still be cut: so that a first guess that was too long leaves time. */
const PATIENCE_SHARE = 1 / 3;

export interface WindowQuestion {
  readonly windowMs: number;
  readonly limit: number;
  readonly statementTimeoutMs: number;
}

export type WindowOfPayments = Omit<PaymentsOfWindow, 'asked' | 'olderMissing'>;

/**
 * Reads the window in slices, newest first. When time runs out after the first of them, what was read is the answer, and
 * `coveredFromMs` says how far it goes: the newest payments are the ones that somebody waits for.
 */
export async function readWindow(
  session: ReadSession,
  question: WindowQuestion,
  signal: AbortSignal,
): Promise<WindowOfPayments> {
  const found = new Found(question);
  const operation = 'payments of the window';
  let sliceMs = Math.min(question.windowMs, FIRST_SLICE_MS);
  let readMs = 0;
  while (readMs < question.windowMs) {
    const fromAgeMs = Math.min(readMs + sliceMs, question.windowMs);
    const mayShrink = fromAgeMs - readMs > SMALLEST_SLICE_MS;
    const query = paymentsOfWindow({
      fromAgeMs,
      toAgeMs: readMs === 0 ? null : readMs,
      baseMs: found.baseMs,
      limit: question.limit,
    });
    const timeoutMs = question.statementTimeoutMs * (mayShrink ? PATIENCE_SHARE : 1);
    const startedAt = performance.now();
    let answer: Awaited<ReturnType<typeof session.answers<[WindowRecord]>>>[0];
    try {
      [answer] = await session.answers<[WindowRecord]>([query], { operation, signal, timeoutMs });
    } catch (error) {
      if (readMs > 0 && signal.aborted) break;
      throw error;
    }
    if (answer.kind === 'failed') {
      if (!isStatementTimeout(answer.error)) throw session.failure(answer.error, operation);
      if (mayShrink) {
        sliceMs = Math.max(SMALLEST_SLICE_MS, Math.floor((fromAgeMs - readMs) / SHRINK));
        continue;
      }
      if (readMs === 0) throw session.failure(answer.error, operation);
      break;
    }
    found.add(answer.rows);
    readMs = fromAgeMs;
    if (performance.now() - startedAt < question.statementTimeoutMs * QUICK_SHARE) sliceMs *= GROW;
  }
  return found.result(readMs);
}

class Found {
  readonly #question: WindowQuestion;
  readonly #unfinished: PaymentRow[] = [];
  baseMs: number | null = null;
  #succeeded = 0;
  #arrived = 0;
  #lastArrivedAtMs: number | null = null;

  constructor(question: WindowQuestion) {
    this.#question = question;
  }

  add(rows: readonly WindowRecord[]): void {
    const [totals] = rows;
    if (totals === undefined) throw new Error('the query of the window answers with one row at least');
    this.baseMs ??= totals.base_ms;
    this.#succeeded += totals.succeeded;
    this.#arrived += totals.arrived;
    if (totals.last_arrived_ms !== null) {
      this.#lastArrivedAtMs = Math.max(
        this.#lastArrivedAtMs ?? totals.last_arrived_ms,
        totals.last_arrived_ms,
      );
    }
    this.#unfinished.push(...rows.filter(isPayment).map(paymentRow));
  }

  result(readMs: number): WindowOfPayments {
    const baseMs = this.baseMs ?? 0;
    return {
      windowStartMs: baseMs - this.#question.windowMs,
      coveredFromMs: baseMs - readMs,
      succeeded: this.#succeeded,
      arrived: this.#arrived,
      lastArrivedAtMs: this.#lastArrivedAtMs,
      unfinished: this.#unfinished.slice(0, this.#question.limit),
      unfinishedTotal: this.#succeeded - this.#arrived,
    };
  }
}

function isPayment(record: WindowRecord): record is WindowRecord & PaymentRecord {
  return record.id !== null;
}
