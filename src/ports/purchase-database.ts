import type { AllocationId, CourseId, PaymentId, PurchaseId, StudentId } from '../platform/ids.ts';
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
} from '../platform/state.ts';

export interface Pair {
  readonly studentId: StudentId;
  readonly courseId: CourseId;
}

/**
 * Terms. Pair: a (student, course); a purchase belongs to a pair, not to a payment. Mark: a row of processed_events. Arrived: a
 * payment whose pair has a purchase that counts for it (bulk rule, catalogue.md 0), an allocation and a session.
 *
 * Every call is one short transaction `begin read only; set local ...; commit`. Methods throw DependencyError (system `postgres`).
 */
export interface PurchaseDatabaseReader extends AsyncDisposable {
  /** Masked address for the head line. */
  readonly address: string;
  facts(signal: AbortSignal): Promise<DatabaseFacts>;
  schema(signal: AbortSignal): Promise<SchemaFacts>;
  /** Payments of the window that did not reach the end, newest first, at most `limit`; and the asked ones whatever their state. */
  payments(
    question: { readonly windowMs: number; readonly limit: number; readonly asked: readonly PaymentId[] },
    signal: AbortSignal,
  ): Promise<PaymentsOfWindow>;
  /** The payments with these ids, whatever their state; ids that are in no row are left out. */
  paymentsOf(payments: readonly PaymentId[], signal: AbortSignal): Promise<readonly PaymentRow[]>;
  purchasesOf(pairs: readonly Pair[], signal: AbortSignal): Promise<readonly PurchaseRow[]>;
  allocationsOf(pairs: readonly Pair[], signal: AbortSignal): Promise<readonly AllocationRow[]>;
  sessionsOf(allocations: readonly AllocationId[], signal: AbortSignal): Promise<readonly SessionCount[]>;
  /** Marks under any of these correlation or event ids, compared as text. */
  marksOf(ids: readonly string[], signal: AbortSignal): Promise<readonly MarkRow[]>;
  /** Marks of the window made by fix-script or manual-script. */
  scriptMarks(windowMs: number, limit: number, signal: AbortSignal): Promise<readonly MarkRow[]>;
  anomalies(windowMs: number, signal: AbortSignal): Promise<DatabaseAnomalies>;
  /** Which of these ids are in payments, as text. */
  knownPayments(ids: readonly string[], signal: AbortSignal): Promise<readonly PaymentId[]>;
  /** Payments that lead to a purchase, an allocation or a student. */
  paymentsBehind(
    question:
      | { readonly kind: 'student'; readonly id: StudentId }
      | { readonly kind: 'course'; readonly id: CourseId }
      | { readonly kind: 'purchase'; readonly id: PurchaseId }
      | { readonly kind: 'allocation'; readonly id: AllocationId },
    signal: AbortSignal,
  ): Promise<readonly PaymentRow[]>;
  /**
   * The newest runs of kc-doctor with an entry in the window, newest first; an empty list where no journal was ever made. Throws
   * DependencyError (`unauthorized`) where there is one that this login may not read.
   */
  runs(
    question: { readonly windowMs: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly RunSeen[]>;
}
