import { contradictionsOf } from '../platform/contradictions.ts';
import {
  type Cases,
  EFFECTS_OF_STAGE,
  openCases,
  type Passage,
  type PaymentCase,
  ROW_STAGES,
} from '../platform/effects.ts';
import type { PaymentId } from '../platform/ids.ts';
import type { Gap } from '../platform/observed.ts';
import type { PlatformState } from '../platform/state.ts';
import { firstMissing, stoppedAfterMs, waitsForPerson } from './first-missing.ts';
import { hopAs, hopsOf } from './hops.ts';
import { type FirstMissing, HOPS, type Hop, type PaymentTrace } from './trace.ts';

/** One payment through every hop. A payment that was not read is undetermined: whether there is none, only who asked for it knows. */
export function tracePayment(state: PlatformState, payment: PaymentId): PaymentTrace {
  const cases = openCases(state);
  const one = cases.all.find((candidate) => candidate.payment.paymentId === payment);
  return one === undefined ? traceOfNone(state, payment) : traceCase(cases, one);
}

/** Every unfinished payment of the window, oldest first. Prefer it to many calls of `tracePayment`: the state is arranged once. */
export function traceUnfinished(state: PlatformState): readonly PaymentTrace[] {
  if (state.payments.kind === 'unseen') return [];
  const unfinished = new Set(state.payments.value.unfinished.map(({ paymentId }) => paymentId));
  const cases = openCases(state);
  return cases.all
    .filter(({ payment }) => unfinished.has(payment.paymentId))
    .map((one) => traceCase(cases, one));
}

function traceCase(cases: Cases, one: PaymentCase): PaymentTrace {
  const { payment } = one;
  const identity = one.identity();
  const hops = hopsOf(cases, one);
  const waiting = waitsForPerson(cases.index.state, one);
  const missing: FirstMissing =
    waiting === null ? firstMissing(one) : { state: 'stuck', hop: waiting, untilHop: null, gap: null };
  const contradictions = contradictionsOf(cases, one);
  const passage = passageAt(one, missing);
  return {
    payment: payment.paymentId,
    class: identity.class,
    amountCents: payment.amountCents,
    currency: payment.currency,
    confirmedAtMs: payment.confirmedAtMs,
    hops,
    firstMissing: missing,
    contradictions,
    kind: waiting === null ? kindOf(missing, hops, contradictions.length > 0) : 'needs-decision',
    stoppedAfterMs: stoppedAfterMs(one),
    ids: {
      student: payment.studentId,
      course: payment.courseId ?? identity.purchase?.courseId ?? null,
      purchase: identity.purchase?.purchaseId ?? identity.announcedPurchases[0] ?? null,
      allocations: identity.allocationIds,
    },
    verdict: passage?.verdict?.verdict ?? null,
    alsoVerdicts: passage?.verdict?.also ?? [],
    position:
      passage === null
        ? null
        : {
            group: passage.group,
            topic: passage.record.topic,
            partition: passage.record.partition,
            offset: passage.record.offset,
          },
  };
}

function kindOf(missing: FirstMissing, hops: readonly Hop[], isContradictory: boolean): PaymentTrace['kind'] {
  if (missing.state !== 'complete') return missing.state;
  const arePagesOld = hops.some(
    ({ kind, status }) => kind === 'page' && ['missing', 'blocked', 'skipped'].includes(status),
  );
  if (arePagesOld) return 'pages-old';
  return isContradictory ? 'anomaly' : 'complete';
}

/** Where the input record of the missing stage lies, if the payment stops at reading it or at its row. */
function passageAt(one: PaymentCase, { hop }: FirstMissing): Passage | null {
  const stage = ROW_STAGES.find((candidate) => {
    const { read, row } = EFFECTS_OF_STAGE[candidate];
    return hop === read || hop === row;
  });
  return stage === undefined ? null : one.effect(EFFECTS_OF_STAGE[stage].read).passage;
}

function traceOfNone(state: PlatformState, payment: PaymentId): PaymentTrace {
  const gap: Gap =
    state.payments.kind === 'unseen'
      ? state.payments.gap
      : {
          system: 'postgres',
          operation: `payment ${payment}`,
          code: 'not-attempted',
          reason: 'it is not among the payments that were read',
          hint: `kc-doctor trace ${payment}`,
        };
  return {
    payment,
    class: 'ordinary',
    amountCents: 0,
    currency: '',
    confirmedAtMs: null,
    hops: HOPS.map((id) => hopAs(id, { status: 'unknown', atMs: null, detail: gap.reason, gap })),
    firstMissing: { state: 'undetermined', hop: 'payment-row', untilHop: null, gap },
    contradictions: [],
    kind: 'undetermined',
    stoppedAfterMs: null,
    ids: { student: '', course: null, purchase: null, allocations: [] },
    verdict: null,
    alsoVerdicts: [],
    position: null,
  };
}
