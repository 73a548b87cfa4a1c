/** The 17 hops of one payment: effects as platform/effects.ts judges them, and the witnesses between them. */
import { type Cases, EFFECTS_OF_STAGE, type PaymentCase, type RowStage } from '../platform/effects.ts';
import type { Stage } from '../platform/pipeline.ts';
import { assignmentOf, isOwnersMark, isRefusal, marksOf } from '../platform/witnesses.ts';
import { cacheRead, generatedRecord } from './pages.ts';
import { HOPS, type Hop, type HopFinding, type HopId } from './trace.ts';

/** The stage that a hop belongs to; a record belongs to the stage that sends it, the first one to the stage that waits for it. */
const STAGE_OF: Readonly<Record<HopId, Stage | null>> = {
  'payment-row': null,
  'confirmed-mark': 'purchase',
  'confirmed-record': 'purchase',
  'purchase-read': 'purchase',
  'purchase-mark': 'purchase',
  'purchase-row': 'purchase',
  'created-record': 'purchase',
  'allocation-read': 'allocation',
  'allocation-mark': 'allocation',
  'allocation-call': 'allocation',
  'allocation-row': 'allocation',
  'allocated-record': 'allocation',
  'sessions-read': 'sessions',
  'sessions-mark': 'sessions',
  'sessions-rows': 'sessions',
  'generated-record': 'sessions',
  'cache-read': 'cache',
};

export const stageOfHop = (hop: HopId): Stage | null => STAGE_OF[hop];

/** Effect hops decide, the rest explains. */
const KIND_OF: Readonly<Partial<Record<HopId, Hop['kind']>>> = {
  'confirmed-mark': 'witness',
  'purchase-mark': 'witness',
  'allocation-mark': 'witness',
  'allocation-call': 'witness',
  'sessions-mark': 'witness',
  'generated-record': 'page',
  'cache-read': 'page',
};

export function hopAs(id: HopId, { status, atMs, detail, gap }: HopFinding): Hop {
  const stage = STAGE_OF[id];
  return {
    id,
    stage,
    kind: KIND_OF[id] ?? 'effect',
    status,
    atMs,
    detail,
    gap: status === 'unknown' ? gap : null,
  };
}

export function hopsOf(cases: Cases, one: PaymentCase): readonly Hop[] {
  return HOPS.map((id) => hopAs(id, findingOf(cases, one, id)));
}

function findingOf(cases: Cases, one: PaymentCase, id: HopId): HopFinding {
  switch (id) {
    case 'confirmed-mark':
      return confirmedMark(cases, one);
    case 'purchase-mark':
      return purchaseMark(cases, one);
    case 'allocation-mark':
      return ownersMark(cases, one, 'allocation');
    case 'sessions-mark':
      return ownersMark(cases, one, 'sessions');
    case 'allocation-call':
      return allocationCall(cases, one);
    case 'generated-record':
      return generatedRecord(cases, one);
    case 'cache-read':
      return cacheRead(cases, one);
    default:
      return one.effect(id);
  }
}

const notApplicable = (detail: string): HopFinding => ({
  status: 'not-applicable',
  atMs: null,
  detail,
  gap: null,
});

/** A witness that is not there is on its way as long as its row is. */
function absent(one: PaymentCase, stage: RowStage, detail: string): HopFinding {
  const row = one.effect(EFFECTS_OF_STAGE[stage].row);
  if (row.status === 'not-applicable') return notApplicable(row.detail);
  return { status: row.status === 'waiting' ? 'waiting' : 'missing', atMs: null, detail, gap: null };
}

function unseenMarks({ index }: Cases): HopFinding {
  const gap = index.state.marks.kind === 'unseen' ? index.state.marks.gap : null;
  return { status: 'unknown', atMs: null, detail: gap?.reason ?? 'not read', gap };
}

function confirmedMark(cases: Cases, one: PaymentCase): HopFinding {
  if (one.payment.status !== 'succeeded') return notApplicable(`the payment is ${one.payment.status}`);
  const marks = marksOf(cases, one, 'purchase');
  if (marks === null) return unseenMarks(cases);
  const [first] = marks;
  if (first !== undefined) {
    const sources = [...new Set(marks.map(({ source }) => source))].join(', ');
    return { status: 'done', atMs: first.processedAtMs, detail: `by ${sources}`, gap: null };
  }
  const isYoung = one.effect('confirmed-record').status === 'waiting';
  return { status: isYoung ? 'waiting' : 'missing', atMs: null, detail: 'not recorded', gap: null };
}

/** One slot for each payment and event type: where the emitter took it, purchase-worker cannot mark. */
function purchaseMark(cases: Cases, one: PaymentCase): HopFinding {
  if (one.payment.status !== 'succeeded') return notApplicable(`the payment is ${one.payment.status}`);
  const marks = marksOf(cases, one, 'purchase');
  if (marks === null) return unseenMarks(cases);
  const own = marks.find((mark) => isOwnersMark(mark, 'purchase'));
  if (own !== undefined)
    return { status: 'done', atMs: own.processedAtMs, detail: `by ${own.source}`, gap: null };
  const [holder] = marks;
  if (holder !== undefined) return notApplicable(`${holder.source} holds the only mark`);
  return absent(one, 'purchase', 'not marked');
}

function ownersMark(cases: Cases, one: PaymentCase, stage: RowStage): HopFinding {
  if (one.payment.status !== 'succeeded') return notApplicable(`the payment is ${one.payment.status}`);
  const marks = marksOf(cases, one, stage);
  if (marks === null) return unseenMarks(cases);
  const own = marks.find((mark) => isOwnersMark(mark, stage));
  if (own !== undefined)
    return { status: 'done', atMs: own.processedAtMs, detail: `by ${own.source}`, gap: null };
  const [other] = marks;
  return absent(
    one,
    stage,
    other === undefined ? 'not marked' : `marked by ${other.source}, which does not count`,
  );
}

function allocationCall(cases: Cases, one: PaymentCase): HopFinding {
  if (one.payment.status !== 'succeeded') return notApplicable(`the payment is ${one.payment.status}`);
  const assignment = assignmentOf(cases, one);
  if (assignment !== null) {
    const { line } = assignment;
    const status = isRefusal(assignment) ? 'missing' : 'done';
    return { status, atMs: line.atMs, detail: line.message, gap: null };
  }
  const row = one.effect('allocation-row');
  if (row.status === 'not-applicable') return notApplicable(row.detail);
  const gap = cases.linesOf('allocation-worker').gap ?? {
    system: 'docker' as const,
    operation: `lines about the assignment of payment ${one.payment.paymentId}`,
    code: 'incomplete' as const,
    reason: 'no line says that a trainer was asked for, which proves nothing',
    hint: "read the 'Auto Assignment:' lines of allocation-worker and admin-service",
  };
  return { status: 'unknown', atMs: null, detail: gap.reason, gap };
}
