/** What reading or passing records would do to the payment behind each of them, worked out before anybody reads. */
import { type Cases, openCases, type RowStage } from '../platform/effects.ts';
import { type PaymentId, paymentId } from '../platform/ids.ts';
import { confirmedAt, examinedPayments, isLive, skewMs } from '../platform/payment.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { PaymentRow, PlatformState, PurchaseRow, RecordSeen } from '../platform/state.ts';
import { isOwnersMark } from '../platform/witnesses.ts';
import type { PaymentPreview, Preview } from './plan.ts';
import { place } from './targets.ts';

/** Older payments may have been settled by hand meanwhile: they are given back only when asked for (design.md 5). */
export const OLD_PAYMENT_MS = 48 * 3_600_000;
/** The minute of the bulk rule (catalogue.md 0): by so much the clocks of two machines may disagree about an order. */
const PAIR_SLACK_MS = 60_000;

export interface Previewer {
  readonly state: PlatformState;
  readonly cases: Cases;
  readonly includeOlder: boolean;
  readonly payments: ReadonlyMap<string, PaymentRow>;
  /** Every payment that a waiting record names was looked for, so that one which is not here does not exist. */
  readonly areNamesKnown: boolean;
  readonly slackMs: number;
}

export function openPreviewer(state: PlatformState, includeOlder: boolean): Previewer {
  const beside = state.payments.kind === 'seen' ? state.payments.value.beside : undefined;
  const rows = [...(beside ?? []), ...examinedPayments(state)];
  return {
    state,
    cases: openCases(state),
    includeOlder,
    payments: new Map(rows.map((row) => [row.paymentId, row])),
    areNamesKnown: beside !== undefined,
    slackMs: PAIR_SLACK_MS + skewMs(state),
  };
}

/** Positions of one partition that a worker would read: from <= offset < to. */
interface ReadRange {
  readonly stage: Stage;
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  /** Null: no committed offset. */
  readonly committed: bigint | null;
}

/** Stages whose worker makes nothing that could be made twice: pages rebuild, a late notification is one. */
const isHarmless = (stage: Stage): stage is 'cache' | 'notification' =>
  stage === 'cache' || stage === 'notification';

export function previewRange(previewer: Previewer, range: ReadRange): readonly PaymentPreview[] {
  const { stage, topic, partition, committed } = range;
  if (isHarmless(stage) || range.from >= range.to) return [];
  const known = knownRecords(previewer, range);
  const read = known.records.map((record): PaymentPreview => {
    const judged = judgeRecord(previewer, stage, record);
    const isAgain = judged.effect === 'read-first-time' && committed !== null && committed > record.offset;
    return {
      topic,
      partition,
      offset: record.offset,
      ...judged,
      ...(isAgain ? { effect: 're-read' as const } : {}),
    };
  });
  const blind = known.unknown.map(({ from, to }): PaymentPreview => {
    const count = to - from;
    return {
      payment: null,
      effect: 'unknown',
      refuses: true,
      topic,
      partition,
      offset: from,
      text: `${count} ${count === 1n ? 'record' : 'records'} from ${place(range)} @ ${from} on ${count === 1n ? 'was' : 'were'} not looked at`,
    };
  });
  return [...read, ...blind].toSorted((a, b) => byOffset(a.offset ?? 0n, b.offset ?? 0n));
}

const byOffset = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

interface KnownRecords {
  readonly records: readonly RecordSeen[];
  readonly unknown: readonly { readonly from: bigint; readonly to: bigint }[];
}

/** From the records of followed payments, the head, and the range that was read whole, in which a hole is no record. */
function knownRecords({ state }: Previewer, range: ReadRange): KnownRecords {
  const { topic, partition, from, to } = range;
  const key = `${stageDefinition(range.stage).group} ${topic} ${partition}`;
  const head = state.records.heads[key];
  const waiting = state.records.waiting?.[key];
  const followed = Object.values(state.records.byPayment).flatMap((scans) => {
    const scan = scans[topic];
    return scan?.kind === 'seen' ? scan.value.hits : [];
  });
  const all = [
    ...(head?.kind === 'seen' && head.value !== null ? [head.value] : []),
    ...(waiting?.kind === 'seen' ? waiting.value.records : []),
    ...followed,
  ].filter((record) => record.partition === partition && record.offset >= from && record.offset < to);
  const unique = new Map(all.map((record) => [record.offset, record]));
  const records = [...unique.values()].toSorted((a, b) => byOffset(a.offset, b.offset));
  const whole = waiting?.kind === 'seen' ? [waiting.value] : [];
  const seen = [...records.map(({ offset }) => ({ from: offset, to: offset + 1n })), ...whole];
  return { records, unknown: gapsIn({ from, to }, seen) };
}

function gapsIn(
  range: { readonly from: bigint; readonly to: bigint },
  seen: readonly { readonly from: bigint; readonly to: bigint }[],
): KnownRecords['unknown'] {
  const gaps: { from: bigint; to: bigint }[] = [];
  let next = range.from;
  for (const part of seen.toSorted((a, b) => byOffset(a.from, b.from))) {
    if (part.from > next) gaps.push({ from: next, to: earlier(part.from, range.to) });
    if (part.to > next) next = part.to;
    if (next >= range.to) return gaps;
  }
  return [...gaps, { from: next, to: range.to }];
}

const earlier = (a: bigint, b: bigint): bigint => [a, b].toSorted(byOffset)[0] ?? a;

// --- one record

type Judged = Pick<PaymentPreview, 'payment' | 'effect' | 'refuses' | 'text'>;

/** @internal exported for its tests */
export function judgeRecord(
  previewer: Previewer,
  stage: Exclude<Stage, 'cache' | 'notification'>,
  record: RecordSeen,
): Judged {
  const { state, payments } = previewer;
  const says = (
    payment: PaymentId | null,
    effect: Preview,
    text: string,
    refuses = REFUSING.includes(effect),
  ): Judged => ({ payment, effect, refuses, text });
  if (state.payments.kind === 'unseen') return says(null, 'unknown', 'payments were not seen');
  if (!record.isJson) return says(null, 'unknown', 'the record is not JSON');
  const row = paymentOf(previewer, record);
  if (row === null) {
    const named = record.paymentId ?? record.key;
    if (named === null) return says(null, 'unknown', 'the record names no payment');
    return previewer.areNamesKnown
      ? says(null, 'foreign', `there is no payment ${named}`)
      : says(null, 'unknown', `payment ${named} was not looked for`);
  }
  const id = payments.get(row.paymentId)?.paymentId ?? row.paymentId;
  if (row.status !== 'succeeded') return says(id, 'unpaid', `the payment is ${row.status}`);
  const judged = EFFECTS[stage](previewer, row, record);
  if (judged.effect !== 'read-first-time' && judged.effect !== 're-announced') {
    return says(id, judged.effect, judged.text, judged.refuses);
  }
  const isOld = state.takenAtMs - confirmedAt(row) > OLD_PAYMENT_MS;
  return isOld && !previewer.includeOlder
    ? says(id, judged.effect, 'confirmed more than 48 hours ago: --include-older', true)
    : says(id, judged.effect, judged.text, judged.refuses);
}

const REFUSING: readonly Preview[] = ['revived', 'unpaid', 'foreign', 'unknown'];

interface EffectOfReading {
  readonly effect: Preview;
  readonly text: string;
  readonly refuses?: boolean;
}

type Judge = (previewer: Previewer, payment: PaymentRow, record: RecordSeen) => EffectOfReading;

const EFFECTS: Readonly<Record<RowStage, Judge>> = {
  purchase: readByPurchaseWorker,
  allocation: readByAllocationWorker,
  sessions: readBySessionWorker,
};

function unseenRows(what: string): EffectOfReading {
  return { effect: 'unknown', text: `${what} were not seen` };
}

/** The purchase of the pair that a payment meets when its event is read. */
export function purchaseMet(
  previewer: Previewer,
  payment: PaymentRow,
):
  | { readonly kind: 'own' | 'older' | 'ended'; readonly purchase: PurchaseRow }
  | { readonly kind: 'none' | 'unseen' } {
  const { purchases } = previewer.state;
  if (purchases.kind === 'unseen') return { kind: 'unseen' };
  const sinceMs = confirmedAt(payment) - previewer.slackMs;
  const rows = purchases.value.filter(
    (row) => row.studentId === payment.studentId && row.courseId === payment.courseId,
  );
  const own = rows.find((row) => row.isActive && row.createdAtMs >= sinceMs);
  if (own !== undefined) return { kind: 'own', purchase: own };
  const older = rows.find(
    (row) => row.isActive && (row.expiresAtMs === null || row.expiresAtMs > confirmedAt(payment)),
  );
  if (older !== undefined) return { kind: 'older', purchase: older };
  const ended = rows.find((row) => !row.isActive && row.createdAtMs >= sinceMs);
  return ended === undefined ? { kind: 'none' } : { kind: 'ended', purchase: ended };
}

function readByPurchaseWorker(previewer: Previewer, payment: PaymentRow): EffectOfReading {
  if (payment.courseId === null)
    return { effect: 'ignored', text: 'the payment names no course: nothing is made' };
  const met = purchaseMet(previewer, payment);
  switch (met.kind) {
    case 'unseen':
      return unseenRows('purchases');
    case 'none':
      return { effect: 'read-first-time', text: 'its purchase is made' };
    case 'older':
      return {
        effect: 'ignored',
        text: `the student owns the course already: purchase ${met.purchase.purchaseId}`,
      };
    case 'ended':
      return {
        effect: 'revived',
        text: `its purchase ${met.purchase.purchaseId} has ended: a new one would be made`,
      };
    case 'own': {
      const { allocations } = previewer.state;
      if (allocations.kind === 'unseen') return unseenRows('allocations');
      const rows = allocationsSince(previewer, payment, met.purchase);
      const isOver = rows.length > 0 && !rows.some(isLive);
      const text = `its purchase ${met.purchase.purchaseId} is there and is announced again`;
      return isOver
        ? {
            effect: 're-announced',
            text: `${text}; its allocation is ${rows[0]?.status}, so another one would be made`,
            refuses: true,
          }
        : { effect: 're-announced', text };
    }
  }
}

function allocationsSince(previewer: Previewer, payment: PaymentRow, purchase: PurchaseRow) {
  const { allocations } = previewer.state;
  if (allocations.kind === 'unseen') return [];
  const sinceMs = purchase.createdAtMs - previewer.slackMs;
  return allocations.value
    .filter((row) => row.studentId === payment.studentId && row.courseId === payment.courseId)
    .filter((row) => isLive(row) || Math.max(row.requestedAtMs ?? 0, row.createdAtMs) >= sinceMs);
}

function readByAllocationWorker(
  previewer: Previewer,
  payment: PaymentRow,
  record: RecordSeen,
): EffectOfReading {
  const { purchases, allocations, marks } = previewer.state;
  if (purchases.kind === 'unseen') return unseenRows('purchases');
  if (allocations.kind === 'unseen') return unseenRows('allocations');
  if (marks.kind === 'unseen') return unseenRows('marks');
  const named = record.purchaseId?.toLowerCase();
  const purchase = purchases.value.find((row) => row.purchaseId === named);
  if (purchase === undefined) return { effect: 'foreign', text: `there is no purchase ${named ?? 'named'}` };
  if (!purchase.isActive) {
    return {
      effect: 'revived',
      text: `its purchase ${purchase.purchaseId} has ended: a trainer would be assigned to it`,
    };
  }
  const rows = allocationsSince(previewer, payment, purchase);
  const live = rows.find(isLive);
  if (live !== undefined) return { effect: 'ignored', text: `its allocation ${live.allocationId} is there` };
  const [over] = rows;
  if (over !== undefined) {
    return {
      effect: 're-announced',
      text: `its allocation ${over.allocationId} is ${over.status}: another one would be made`,
      refuses: true,
    };
  }
  const owners = previewer.cases.index
    .marksUnder([payment.paymentId, purchase.purchaseId], 'PURCHASE_CREATED')
    ?.find((mark) => isOwnersMark(mark, 'allocation'));
  if (owners !== undefined) {
    return { effect: 'ignored', text: 'allocation-worker has marked it as done, without an allocation' };
  }
  return { effect: 'read-first-time', text: 'a trainer is assigned' };
}

function readBySessionWorker(previewer: Previewer, payment: PaymentRow, record: RecordSeen): EffectOfReading {
  const { allocations, sessions, marks } = previewer.state;
  if (allocations.kind === 'unseen') return unseenRows('allocations');
  if (sessions.kind === 'unseen') return unseenRows('sessions');
  if (marks.kind === 'unseen') return unseenRows('marks');
  const named = record.allocationId?.toLowerCase();
  const allocation = allocations.value.find((row) => row.allocationId === named);
  if (allocation === undefined)
    return { effect: 'foreign', text: `there is no allocation ${named ?? 'named'}` };
  if (sessions.value.some((row) => row.allocationId === allocation.allocationId && row.total > 0)) {
    return { effect: 'ignored', text: 'its sessions are there' };
  }
  if (!isLive(allocation)) {
    return {
      effect: 're-announced',
      text: `its allocation ${allocation.allocationId} is ${allocation.status}: sessions would be made for it`,
      refuses: true,
    };
  }
  const mark = previewer.cases.index.marksUnder(
    [payment.paymentId, allocation.allocationId],
    'TRAINER_ALLOCATED',
  )?.[0];
  return mark === undefined
    ? { effect: 'read-first-time', text: 'its sessions are made' }
    : { effect: 'ignored', text: `it is marked by ${mark.source}: session-worker skips it` };
}

/** By the ids in the record; a copy under an allocation's or purchase's id by the pair that it names. */
function paymentOf({ payments }: Previewer, record: RecordSeen): PaymentRow | null {
  for (const id of [record.paymentId, record.key, record.correlationId]) {
    const row = id === null ? undefined : payments.get(paymentId(id));
    if (row !== undefined) return row;
  }
  const ofPair = [...payments.values()].filter(
    (row) =>
      row.studentId === record.studentId?.toLowerCase() && row.courseId === record.courseId?.toLowerCase(),
  );
  const newest = ofPair.toSorted(
    (a, b) => confirmedAt(b) - confirmedAt(a) || (a.paymentId < b.paymentId ? -1 : 1),
  );
  return newest.find(({ status }) => status === 'succeeded') ?? newest[0] ?? null;
}

/** One sentence for a refusal, and the payments that it names. */
export function refusingPreviews(
  previews: readonly PaymentPreview[],
  stage: Stage,
): {
  readonly reason: string;
  readonly hint: string;
  readonly payments: readonly PaymentId[];
} | null {
  const refusing = previews.filter(({ refuses }) => refuses);
  const [first] = refusing;
  if (first === undefined) return null;
  const more = refusing.length - 1;
  const where = first.offset === null ? '' : ` (${place(first)} @ ${first.offset})`;
  const payments = [...new Set(refusing.flatMap(({ payment }) => (payment === null ? [] : [payment])))];
  const isOnlyAge = refusing.every(({ text }) => text.endsWith('--include-older'));
  return {
    reason: `${first.effect}${where}: ${first.text}${more > 0 ? `, and ${more} more` : ''}`,
    hint: isOnlyAge
      ? 'see that nobody settled them by hand, then add --include-older'
      : first.effect === 'unknown'
        ? 'run again with a longer --timeout, or settle these records by hand first'
        : `settle ${payments.length === 0 ? 'these records' : 'these payments'} by hand first: kc-doctor trace ${payments[0] ?? '<paymentId>'}${passingText(first, previews, stage)}`,
    payments,
  };
}

/**
 * How a person passes a record that must not be read, where nothing unread lies before it; quarantine-record of catalogue.md 4, by
 * hand. It keeps everybody behind it waiting.
 */
function passingText(
  { topic, partition, offset }: PaymentPreview,
  previews: readonly PaymentPreview[],
  stage: Stage,
): string {
  const isNext = previews.every(
    (other) =>
      other.topic !== topic ||
      other.partition !== partition ||
      (offset !== null && other.offset !== null && other.offset >= offset),
  );
  if (!isNext || offset === null) return '';
  const { group, worker } = stageDefinition(stage);
  const broker = '--bootstrap-server $KAFKA_BROKERS';
  return (
    `; then pass this one record, with ${worker} stopped: ` +
    `kafka-console-consumer ${broker} --topic ${topic} --partition ${partition} --offset ${offset} --max-messages 1 saves it, ` +
    `kafka-consumer-groups ${broker} --group ${group} --topic ${topic}:${partition} --reset-offsets --to-offset ${offset + 1n} --execute passes it`
  );
}
