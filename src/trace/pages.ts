/** The two last hops: whether the student's pages were told. They can only say that pages are old, never that anything is lost. */
import type { Cases, HopStatus, PaymentCase } from '../platform/effects.ts';
import { isUnder, provesAbsence, recordsOf, skewMs } from '../platform/payment.ts';
import { stageDefinition, TOPIC_OF_EVENT } from '../platform/pipeline.ts';
import type { RecordSeen } from '../platform/state.ts';
import { isLineOf } from '../platform/worker-lines.ts';
import type { HopFinding } from './trace.ts';

const TOPIC = TOPIC_OF_EVENT.SESSIONS_GENERATED;

/** A page hop before there are sessions follows them. */
function beforeSessions(one: PaymentCase): HopFinding | null {
  const { status, detail, gap } = one.effect('sessions-rows');
  if (status === 'done') return null;
  const follows: HopStatus = status === 'blocked' || status === 'skipped' ? 'missing' : status;
  return {
    status: follows,
    atMs: null,
    detail: status === 'not-applicable' ? detail : 'no sessions yet',
    gap,
  };
}

function generatedHits(cases: Cases, one: PaymentCase): readonly RecordSeen[] {
  const found = recordsOf(cases.index.state, one.payment.paymentId, TOPIC);
  if ('gap' in found) return [];
  const { ids } = one.identity();
  return found.scan.hits.filter((hit) =>
    ids.some((id) => isUnder(hit, id) || hit.allocationId?.toLowerCase() === id),
  );
}

export function generatedRecord(cases: Cases, one: PaymentCase): HopFinding {
  const early = beforeSessions(one);
  if (early !== null) return early;
  const { state } = cases.index;
  const [first] = generatedHits(cases, one);
  if (first !== undefined) {
    const detail = `${TOPIC}[${first.partition}] @ ${first.offset}`;
    return { status: 'done', atMs: first.timestampMs, detail, gap: null };
  }
  const topic = state.topics[TOPIC];
  if (topic?.kind === 'seen' && topic.value.kind === 'absent') {
    return {
      status: 'not-applicable',
      atMs: null,
      detail: `an older platform: no topic ${TOPIC}`,
      gap: null,
    };
  }
  const found = recordsOf(state, one.payment.paymentId, TOPIC);
  if ('gap' in found) return { status: 'unknown', atMs: null, detail: found.gap.reason, gap: found.gap };
  const sinceMs = one.effect('sessions-rows').atMs ?? 0;
  if (state.takenAtMs < sinceMs + state.settings.thresholds.recordSentGraceMs + skewMs(state)) {
    return { status: 'waiting', atMs: null, detail: `not on ${TOPIC} yet`, gap: null };
  }
  if (provesAbsence(found.scan)) {
    return { status: 'missing', atMs: null, detail: `not on ${TOPIC}: the pages were not told`, gap: null };
  }
  return {
    status: 'unknown',
    atMs: null,
    detail: `${TOPIC} was not read to its end`,
    gap: {
      system: 'kafka',
      operation: `records of payment ${one.payment.paymentId} on ${TOPIC}`,
      code: 'incomplete',
      reason: `${TOPIC} was not read to its end`,
      hint: `kc-doctor trace ${one.payment.paymentId} --timeout 60`,
    },
  };
}

/** Of several records the worst decides. */
const WORST_FIRST: readonly HopStatus[] = ['blocked', 'skipped', 'missing', 'unknown', 'waiting', 'done'];

/** cache-worker is past every record that was sent for this payment, and Redis did not fail meanwhile. */
export function cacheRead(cases: Cases, one: PaymentCase): HopFinding {
  const early = beforeSessions(one);
  if (early !== null) return early;
  const sent = [
    ...one.effect('created-record').records,
    ...one.effect('allocated-record').records,
    ...generatedHits(cases, one),
  ];
  const isSilent =
    one.effect('allocated-record').status === 'missing' && generatedHits(cases, one).length === 0;
  if (isSilent) {
    return {
      status: 'missing',
      atMs: null,
      detail: 'nothing told cache-worker about the sessions',
      gap: null,
    };
  }
  const worst = sent
    .map((record) => one.passage('cache', record))
    .toSorted((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status))[0];
  if (worst === undefined) {
    return { status: 'not-applicable', atMs: null, detail: 'no record to read', gap: null };
  }
  if (worst.status !== 'done') {
    return { status: worst.status, atMs: null, detail: worst.detail, gap: worst.gap };
  }
  return (
    redisFailure(cases, one, sent) ?? { status: 'done', atMs: worst.atMs, detail: worst.detail, gap: null }
  );
}

function redisFailure(cases: Cases, one: PaymentCase, sent: readonly RecordSeen[]): HopFinding | null {
  const { state } = cases.index;
  const { worker } = stageDefinition('cache');
  const log = cases.linesOf(worker);
  if (log.gap !== null) return { status: 'unknown', atMs: null, detail: log.gap.reason, gap: log.gap };
  const times = sent.map(({ timestampMs }) => timestampMs);
  const fromMs = Math.min(...times) - skewMs(state);
  const untilMs = Math.max(...times) + state.settings.thresholds.cacheGraceMs + skewMs(state);
  const { ids } = one.identity();
  const failure = log.lines.find(
    (line) =>
      line.kind === 'redis-failed' && (isLineOf(line, ids) || (line.atMs >= fromMs && line.atMs <= untilMs)),
  );
  return failure === undefined
    ? null
    : { status: 'missing', atMs: failure.atMs, detail: `Redis failed: ${failure.message}`, gap: null };
}
