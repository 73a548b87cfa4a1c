/**
 * Whose is what: the class of a payment, its purchase, its allocations and the ids under which its records and marks are looked
 * up. Terms. Pair: a (student, course); purchases and allocations belong to a pair and name no payment. Own purchase: the row that
 * this payment made. Slack: how far clocks may disagree before an order of two rows means anything.
 */
import type { AllocationId, PaymentId, PurchaseId } from './ids.ts';
import type { Gap } from './observed.ts';
import type {
  AllocationRow,
  KeyScan,
  MarkRow,
  PaymentRow,
  PlatformState,
  PurchaseRow,
  RecordSeen,
} from './state.ts';

export const PAYMENT_CLASSES = [
  'not-succeeded',
  'no-course',
  'repeat',
  'renewal',
  'ended',
  'ordinary',
] as const;
export type PaymentClass = (typeof PAYMENT_CLASSES)[number];

/** How it is known that a purchase is this payment's: its event or mark names it, its metadata does, or it is the pair's next unclaimed row. */
export type PurchaseClaim = 'event' | 'metadata' | 'pair';

/** The bulk rule's minute (catalogue.md 0): a purchase counts for a payment from this long before its confirmation on. */
const PAIR_SLACK_MS = 60_000;

export interface PaymentIdentity {
  readonly payment: PaymentRow;
  readonly class: PaymentClass;
  readonly confirmedAtMs: number;
  /** The payment's own purchase; null: none, or purchases were not seen. */
  readonly purchase: PurchaseRow | null;
  readonly purchaseClaim: PurchaseClaim | null;
  /** The purchase that its events name, whether or not the row was seen. */
  readonly announcedPurchases: readonly PurchaseId[];
  /** Allocation rows that belong to it, the one that decides first. */
  readonly allocations: readonly AllocationRow[];
  /** Allocations that belong to it by row or by event. */
  readonly allocationIds: readonly AllocationId[];
  /** Payment, purchases and allocations: every id under which a record or mark of it may stand. */
  readonly ids: readonly string[];
}

/** Everything seen about payments, arranged for look-up. Made once per question; `null` where the part was not seen. */
export interface PaymentIndex {
  readonly state: PlatformState;
  readonly payments: ReadonlyMap<string, PaymentRow>;
  readonly identityOf: (payment: PaymentRow) => PaymentIdentity;
  /** Marks under any of these ids, as correlation id, event id, or named inside a prefixed event id. Null: marks were not seen. */
  readonly marksUnder: (ids: readonly string[], eventType: string) => readonly MarkRow[] | null;
}

/**
 * How far the clocks of host, database and producers are known to disagree, plus a replica's lag: added to every grace. Clocks that
 * were not compared add nothing, so that not knowing never makes a lost payment look late.
 */
export function skewMs(state: PlatformState): number {
  const clocks = state.clocks.kind === 'seen' ? state.clocks.value : null;
  const apart = Math.max(Math.abs(clocks?.databaseAheadMs ?? 0), clocks?.newestRecordAheadMs ?? 0, 0);
  const lag = state.database.kind === 'seen' ? (state.database.value.replayLagMs ?? 0) : 0;
  return apart + lag;
}

/** Unfinished payments of the window and those asked for by name, oldest first: the order of the input never matters. */
export function examinedPayments(state: PlatformState): readonly PaymentRow[] {
  if (state.payments.kind === 'unseen') return [];
  const { unfinished, asked } = state.payments.value;
  const byId = new Map([...unfinished, ...asked].map((row) => [row.paymentId, row]));
  return [...byId.values()].toSorted(byConfirmation);
}

export function confirmedAt(row: PaymentRow): number {
  return row.confirmedAtMs ?? row.createdAtMs;
}

function byConfirmation(a: PaymentRow, b: PaymentRow): number {
  return confirmedAt(a) - confirmedAt(b) || (a.paymentId < b.paymentId ? -1 : 1);
}

const pairKey = (student: string, course: string | null): string => `${student} ${course ?? ''}`;

export function indexPayments(state: PlatformState): PaymentIndex {
  const payments = examinedPayments(state);
  const marks = lazy(() => (state.marks.kind === 'seen' ? indexMarks(state.marks.value) : null));
  const slackMs = lazy(() => PAIR_SLACK_MS + skewMs(state));
  const claims = lazy(() => claimPurchases(state, payments, marks(), slackMs()));
  const allocationsOfPair = lazy(() =>
    groupBy(state.allocations.kind === 'seen' ? state.allocations.value : [], (row) =>
      pairKey(row.studentId, row.courseId),
    ),
  );
  const identities = new Map<string, PaymentIdentity>();
  const identityOf = (payment: PaymentRow): PaymentIdentity => {
    const known = identities.get(payment.paymentId);
    if (known !== undefined) return known;
    const found = identify(state, payment, claims(), allocationsOfPair(), slackMs());
    identities.set(payment.paymentId, found);
    return found;
  };
  return {
    state,
    payments: new Map(payments.map((row) => [row.paymentId, row])),
    identityOf,
    marksUnder: (ids, eventType) => {
      const byId = marks();
      if (byId === null) return null;
      return [...new Set(ids.flatMap((id) => byId.get(id) ?? []))].filter(
        (mark) => mark.eventType === eventType,
      );
    },
  };
}

// --- whose purchase

interface Claims {
  readonly own: ReadonlyMap<string, { readonly purchase: PurchaseRow; readonly claim: PurchaseClaim }>;
  readonly announced: ReadonlyMap<string, readonly PurchaseId[]>;
  readonly ofPair: ReadonlyMap<string, readonly PurchaseRow[]>;
}

/** Named ones first; then each payment, oldest first, takes the oldest row of its pair that nobody has claimed. */
function claimPurchases(
  state: PlatformState,
  payments: readonly PaymentRow[],
  marks: ReadonlyMap<string, readonly MarkRow[]> | null,
  slackMs: number,
): Claims {
  const rows = state.purchases.kind === 'seen' ? state.purchases.value.toSorted(byAge) : [];
  const ofPair = groupBy(rows, (row) => pairKey(row.studentId, row.courseId));
  const byId = new Map(rows.map((row) => [row.purchaseId, row]));
  const own = new Map<string, { purchase: PurchaseRow; claim: PurchaseClaim }>();
  const announced = new Map<string, readonly PurchaseId[]>();
  const taken = new Set<string>();
  const take = (payment: PaymentRow, purchase: PurchaseRow, claim: PurchaseClaim): void => {
    own.set(payment.paymentId, { purchase, claim });
    taken.add(purchase.purchaseId);
  };
  const couldBeOf = (payment: PaymentRow, row: PurchaseRow): boolean =>
    row.createdAtMs >= confirmedAt(payment) - slackMs;

  for (const payment of payments) {
    const named = announcedPurchases(state, payment.paymentId, marks);
    announced.set(payment.paymentId, named);
    const purchase = named
      .map((id) => byId.get(id))
      .find((row) => row !== undefined && couldBeOf(payment, row));
    if (purchase !== undefined) take(payment, purchase, 'event');
  }
  for (const payment of payments) {
    if (own.has(payment.paymentId)) continue;
    const purchase = rows.find((row) => row.paymentId === payment.paymentId && couldBeOf(payment, row));
    if (purchase !== undefined) take(payment, purchase, 'metadata');
  }
  for (const payment of payments) {
    if (own.has(payment.paymentId) || payment.courseId === null || payment.status !== 'succeeded') continue;
    const candidates = ofPair.get(pairKey(payment.studentId, payment.courseId)) ?? [];
    const purchase = candidates.find(
      (row) =>
        !taken.has(row.purchaseId) &&
        couldBeOf(payment, row) &&
        (row.paymentId === null || row.paymentId === payment.paymentId),
    );
    if (purchase !== undefined) take(payment, purchase, 'pair');
  }
  return { own, announced, ofPair };
}

const byAge = (a: PurchaseRow, b: PurchaseRow): number =>
  a.createdAtMs - b.createdAtMs || (a.purchaseId < b.purchaseId ? -1 : 1);

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Purchases that this payment's PURCHASE_CREATED records and marks name, in the order of their records. */
function announcedPurchases(
  state: PlatformState,
  payment: PaymentId,
  marks: ReadonlyMap<string, readonly MarkRow[]> | null,
): readonly PurchaseId[] {
  const fromRecords = hitsOf(state, payment, 'purchase-created')
    .filter((hit) => isUnder(hit, payment))
    .toSorted((a, b) => a.timestampMs - b.timestampMs)
    .map((hit) => hit.purchaseId);
  const fromMarks = (marks?.get(payment) ?? [])
    .filter((mark) => mark.eventType === 'PURCHASE_CREATED' && mark.correlationId.toLowerCase() === payment)
    // The event id is the purchase id, or that with the prefix "purchase-created-" or the suffix "-recovery".
    .map((mark) => mark.eventId.toLowerCase().match(UUID)?.[0] ?? null);
  const named = [...fromRecords, ...fromMarks].filter((id) => id !== null).map((id) => id.toLowerCase());
  return [...new Set(named)].filter((id) => id !== payment) as PurchaseId[];
}

/** Keyed or correlated by this id. */
export function isUnder(record: RecordSeen, id: string): boolean {
  return record.key?.toLowerCase() === id || record.correlationId?.toLowerCase() === id;
}

function hitsOf(state: PlatformState, payment: PaymentId, topic: string): readonly RecordSeen[] {
  const scan = state.records.byPayment[payment]?.[topic];
  return scan?.kind === 'seen' ? scan.value.hits : [];
}

// --- class, allocations, ids

function identify(
  state: PlatformState,
  payment: PaymentRow,
  claims: Claims,
  allocationsOfPair: ReadonlyMap<string, readonly AllocationRow[]>,
  slackMs: number,
): PaymentIdentity {
  const own = claims.own.get(payment.paymentId) ?? null;
  const purchase = own?.purchase ?? null;
  const announced = claims.announced.get(payment.paymentId) ?? [];
  const pair = pairKey(payment.studentId, purchase?.courseId ?? payment.courseId);
  const older = (claims.ofPair.get(pair) ?? []).filter(
    (row) => row.createdAtMs < confirmedAt(payment) - slackMs,
  );
  const named = namedAllocations(state, payment.paymentId);
  const sinceMs = (purchase?.createdAtMs ?? confirmedAt(payment)) - slackMs;
  const rows = (allocationsOfPair.get(pair) ?? []).filter(
    (row) => named.includes(row.allocationId) || Math.max(row.requestedAtMs ?? 0, row.createdAtMs) >= sinceMs,
  );
  const allocationIds = [...new Set([...rows.map((row) => row.allocationId), ...named])];
  return {
    payment,
    class: classOf(state, payment, purchase, older),
    confirmedAtMs: confirmedAt(payment),
    purchase,
    purchaseClaim: own?.claim ?? null,
    announcedPurchases: announced,
    allocations: rows.toSorted(byWeight),
    allocationIds,
    ids: [
      ...new Set([
        payment.paymentId,
        ...(purchase === null ? [] : [purchase.purchaseId]),
        ...announced,
        ...allocationIds,
      ]),
    ],
  };
}

/**
 * A payment that has a purchase of its own is judged by it, even beside an older one. Whether an older purchase had expired is asked
 * for the moment of payment, which is when the worker met it.
 */
function classOf(
  state: PlatformState,
  payment: PaymentRow,
  purchase: PurchaseRow | null,
  older: readonly PurchaseRow[],
): PaymentClass {
  if (payment.status !== 'succeeded') return 'not-succeeded';
  if (payment.courseId === null) return 'no-course';
  if (purchase !== null && !purchase.isActive) return 'ended';
  const hasExpired = (row: PurchaseRow): boolean =>
    row.expiresAtMs !== null && row.expiresAtMs <= confirmedAt(payment);
  const hadOne = older.some((row) => row.isActive && !hasExpired(row));
  const isSecond = hadOne || payment.earlierUnfinishedOfPair !== null;
  if (isSecond && purchase === null && state.purchases.kind === 'seen') return 'repeat';
  return older.some(hasExpired) ? 'renewal' : 'ordinary';
}

/** Only records under the payment id name its allocations: those under an allocation id may be last term's. */
function namedAllocations(state: PlatformState, payment: PaymentId): readonly AllocationId[] {
  return ['trainer-allocated', 'sessions-generated']
    .flatMap((topic) => hitsOf(state, payment, topic))
    .filter((hit) => isUnder(hit, payment))
    .map((hit) => hit.allocationId?.toLowerCase() ?? null)
    .filter((id): id is AllocationId => id !== null);
}

const LIVE = ['approved', 'active'];
const DONE = [...LIVE, 'completed'];

export const isLive = (row: AllocationRow): boolean => LIVE.includes(row.status);
export const isAllocated = (row: AllocationRow): boolean => DONE.includes(row.status);

/** Live ones first, then completed, then pending, then what a person closed; the newest of equals first. */
function byWeight(a: AllocationRow, b: AllocationRow): number {
  const weight = (row: AllocationRow): number =>
    isLive(row) ? 0 : isAllocated(row) ? 1 : row.status === 'pending' ? 2 : 3;
  return weight(a) - weight(b) || b.createdAtMs - a.createdAtMs || (a.allocationId < b.allocationId ? -1 : 1);
}

// --- look-up

function indexMarks(marks: readonly MarkRow[]): ReadonlyMap<string, readonly MarkRow[]> {
  const found = new Map<string, MarkRow[]>();
  for (const mark of marks) {
    const inEventId = mark.eventId.toLowerCase().match(UUID) ?? [];
    for (const id of new Set([mark.correlationId.toLowerCase(), mark.eventId.toLowerCase(), ...inEventId])) {
      const known = found.get(id);
      if (known === undefined) found.set(id, [mark]);
      else known.push(mark);
    }
  }
  return found;
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [row]);
    else known.push(row);
  }
  return groups;
}

/** Works a value out when it is first asked for, so that a reader touches only the parts of the state that it needs. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A complete scan that found nothing: all partitions read to the end, in a log that is older than what was looked for. */
export function provesAbsence(scan: KeyScan): boolean {
  return scan.allPartitions && scan.logReachesBack && scan.ranges.every(({ complete }) => complete);
}

export function recordsOf(
  state: PlatformState,
  payment: PaymentId,
  topic: string,
): { readonly scan: KeyScan } | { readonly gap: Gap } {
  const scan = state.records.byPayment[payment]?.[topic];
  if (scan?.kind === 'seen') return { scan: scan.value };
  return {
    gap: scan?.gap ?? {
      system: 'kafka',
      operation: `records of payment ${payment} on ${topic}`,
      code: 'not-attempted',
      reason: 'this payment was not followed up',
      hint: `kc-doctor trace ${payment}`,
    },
  };
}
