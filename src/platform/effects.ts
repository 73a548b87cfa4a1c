/**
 * The effects that a payment should have, in pipeline order, and how far it came: the one judgement that checks, trace and causes
 * share (catalogue.md 2). Terms. Passed: the group's committed offset lies behind the record. Late: the effect before is itself
 * still on its way. Proved absent: see `provesAbsence`. What could not be looked at is `unknown`, never missing and never done.
 */
import type { PaymentId } from './ids.ts';
import type { LogLine } from './log-line.ts';
import type { Gap } from './observed.ts';
import { offsetVerdict } from './offset-verdict.ts';
import {
  confirmedAt,
  examinedPayments,
  indexPayments,
  isAllocated,
  isUnder,
  lazy,
  type PaymentIdentity,
  type PaymentIndex,
  provesAbsence,
  recordsOf,
  skewMs,
} from './payment.ts';
import { type Stage, stageDefinition, TOPIC_OF_EVENT } from './pipeline.ts';
import type { Thresholds } from './settings.ts';
import type { AllocationRow, PaymentRow, PlatformState, RecordSeen } from './state.ts';
import type { PartitionVerdict } from './verdict.ts';
import { linesUnder, type ServiceLines, serviceLines } from './worker-lines.ts';
import { isHandlerLine, joinTimeMs } from './workers.ts';

export const HOP_STATUSES = [
  'done',
  'missing',
  'waiting',
  'blocked',
  'skipped',
  'not-applicable',
  'unknown',
] as const;
export type HopStatus = (typeof HOP_STATUSES)[number];

export const EFFECTS = [
  'payment-row',
  'confirmed-record',
  'purchase-read',
  'purchase-row',
  'created-record',
  'allocation-read',
  'allocation-row',
  'allocated-record',
  'sessions-read',
  'sessions-rows',
] as const;
export type EffectId = (typeof EFFECTS)[number];

/** Stages whose worker makes a row that a payment needs. */
export const ROW_STAGES = ['purchase', 'allocation', 'sessions'] as const;
export type RowStage = (typeof ROW_STAGES)[number];

function isRowStage(stage: Stage): stage is RowStage {
  return (ROW_STAGES as readonly Stage[]).includes(stage);
}

interface StageEffects {
  readonly input: EffectId;
  readonly read: EffectId;
  readonly row: EffectId;
  /** The record that tells the next stage; null at the last. */
  readonly output: EffectId | null;
}

export const EFFECTS_OF_STAGE: Readonly<Record<RowStage, StageEffects>> = {
  purchase: {
    input: 'confirmed-record',
    read: 'purchase-read',
    row: 'purchase-row',
    output: 'created-record',
  },
  allocation: {
    input: 'created-record',
    read: 'allocation-read',
    row: 'allocation-row',
    output: 'allocated-record',
  },
  sessions: { input: 'allocated-record', read: 'sessions-read', row: 'sessions-rows', output: null },
};

const GRACE: Readonly<Record<Exclude<EffectId, 'payment-row'>, keyof Thresholds>> = {
  'confirmed-record': 'recordSentGraceMs',
  'purchase-read': 'recordReadGraceMs',
  'purchase-row': 'purchaseRowGraceMs',
  'created-record': 'recordSentGraceMs',
  'allocation-read': 'recordReadGraceMs',
  'allocation-row': 'allocationRowGraceMs',
  'allocated-record': 'recordSentGraceMs',
  'sessions-read': 'recordReadGraceMs',
  'sessions-rows': 'sessionsGraceMs',
};

export interface Effect {
  readonly status: HopStatus;
  readonly atMs: number | null;
  readonly detail: string;
  readonly gap: Gap | null;
  /** The records that it is about: found ones, or those that were to be read. */
  readonly records: readonly RecordSeen[];
  /** Where the reader stands, of the record that decided; null where nothing was to be read. */
  readonly passage: Passage | null;
}

/** How far one group came past one record. */
export interface Passage {
  readonly record: RecordSeen;
  readonly group: string;
  readonly status: HopStatus;
  readonly atMs: number | null;
  readonly detail: string;
  readonly gap: Gap | null;
  /** Null: passed, or the group was not seen. */
  readonly verdict: PartitionVerdict | null;
  /** Stored number, null: none, or not seen. */
  readonly committed: bigint | null;
}

export interface PaymentCase {
  readonly payment: PaymentRow;
  readonly identity: () => PaymentIdentity;
  readonly effect: (id: EffectId) => Effect;
  /** How far the group of a stage came past one of its records; a record that is being handled may take that stage's grace. */
  readonly passage: (stage: Stage, record: RecordSeen) => Passage;
}

/** All that was seen, arranged for questions about payments. */
export interface Cases {
  readonly index: PaymentIndex;
  /** Unfinished payments of the window and those asked for by name, oldest first. */
  readonly all: readonly PaymentCase[];
  readonly verdictOf: (group: string, topic: string, partition: number) => PartitionVerdict;
  readonly linesOf: (service: string) => ServiceLines;
  /** Lines of a service that stand under one of these ids, oldest first. A log that was not seen gives none. */
  readonly linesUnder: (service: string, ids: readonly string[]) => readonly LogLine[];
}

const opened = new WeakMap<PlatformState, Cases>();

/** Arranged once for each state: every check, trace and cause asks for the same, and a state does not change. */
export function openCases(state: PlatformState): Cases {
  const known = opened.get(state);
  if (known !== undefined) return known;
  const cases = arrange(state);
  opened.set(state, cases);
  return cases;
}

function arrange(state: PlatformState): Cases {
  const index = indexPayments(state);
  const verdicts = new Map<string, PartitionVerdict>();
  const logs = new Map<string, ServiceLines>();
  const finders = new Map<string, ReturnType<typeof linesUnder>>();
  const linesOf = (service: string): ServiceLines =>
    memoised(logs, service, () => serviceLines(state, service));
  const shared: Shared = {
    state,
    index,
    skew: lazy(() => skewMs(state)),
    verdictOf: (group, topic, partition) =>
      memoised(verdicts, `${group} ${topic} ${partition}`, () =>
        offsetVerdict(state, group, topic, partition),
      ),
    linesOf,
    linesUnder: (service, ids) => memoised(finders, service, () => linesUnder(linesOf(service).lines))(ids),
  };
  return {
    index,
    all: examinedPayments(state).map((payment) => openCase(shared, payment)),
    verdictOf: shared.verdictOf,
    linesOf,
    linesUnder: shared.linesUnder,
  };
}

interface Shared {
  readonly state: PlatformState;
  readonly index: PaymentIndex;
  readonly skew: () => number;
  readonly verdictOf: Cases['verdictOf'];
  readonly linesOf: Cases['linesOf'];
  readonly linesUnder: Cases['linesUnder'];
}

/** Effects are worked out when asked for: a check touches no more of the state than its question needs. */
function openCase(shared: Shared, payment: PaymentRow): PaymentCase {
  const known = new Map<EffectId, Effect>();
  const one: OpenCase = {
    ...shared,
    payment,
    identity: () => shared.index.identityOf(payment),
    effect: (id) => memoised(known, id, () => judge(one, id)),
    passage: (stage, record) => passageOf(one, stage, record),
  };
  return { payment, identity: one.identity, effect: one.effect, passage: one.passage };
}

interface OpenCase extends Shared, PaymentCase {}

function memoised<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

// --- judging one effect

const NONE = { atMs: null, gap: null, records: [], passage: null } as const;

function judge(one: OpenCase, id: EffectId): Effect {
  if (one.payment.status !== 'succeeded') {
    return { ...NONE, status: 'not-applicable', detail: `the payment is ${one.payment.status}` };
  }
  switch (id) {
    case 'payment-row':
      return { ...NONE, status: 'done', atMs: confirmedAt(one.payment), detail: 'succeeded' };
    case 'confirmed-record':
      return recordEffect(one, id, TOPIC_OF_EVENT.PURCHASE_CONFIRMED);
    case 'purchase-read':
      return readEffect(one, 'purchase');
    case 'purchase-row':
      return purchaseRow(one);
    case 'created-record':
      return beyondPurchase(one) ?? recordEffect(one, id, TOPIC_OF_EVENT.PURCHASE_CREATED);
    case 'allocation-read':
      return beyondPurchase(one) ?? readEffect(one, 'allocation');
    case 'allocation-row':
      return beyondPurchase(one) ?? allocationRow(one);
    case 'allocated-record':
      return (
        beyondPurchase(one) ?? beyondResult(one) ?? recordEffect(one, id, TOPIC_OF_EVENT.TRAINER_ALLOCATED)
      );
    case 'sessions-read':
      return beyondPurchase(one) ?? beyondResult(one) ?? readEffect(one, 'sessions');
    case 'sessions-rows':
      return beyondPurchase(one) ?? beyondResult(one) ?? sessionsRows(one);
  }
}

function beyondPurchase(one: OpenCase): Effect | null {
  switch (one.identity().class) {
    case 'no-course':
      return { ...NONE, status: 'not-applicable', detail: 'the payment names no course' };
    case 'repeat':
      return { ...NONE, status: 'not-applicable', detail: 'a second payment for a course that is owned' };
    case 'ended':
      return { ...NONE, status: 'not-applicable', detail: 'its purchase has ended' };
    case 'not-succeeded':
    case 'renewal':
    case 'ordinary':
      return null;
  }
}

/** A pending, rejected or cancelled allocation whose record is passed is the pipeline's result: nothing later is expected. */
function beyondResult(one: OpenCase): Effect | null {
  const row = resultRow(one);
  if (row === null || one.effect('allocation-row').status !== 'done') return null;
  return { ...NONE, status: 'not-applicable', detail: `the allocation is ${row.status}` };
}

function resultRow(one: OpenCase): AllocationRow | null {
  const row = one.identity().allocations[0];
  return row === undefined || isAllocated(row) ? null : row;
}

/** The deciding allocation, where it is a result that a person must act on or has decided: nothing later follows by itself. */
export function allocationResult(one: PaymentCase): AllocationRow | null {
  const row = one.identity().allocations[0];
  if (row === undefined || isAllocated(row)) return null;
  return one.effect('allocation-row').status === 'done' ? row : null;
}

// --- waiting

type Patience = 'late' | 'young' | 'over';

/**
 * Whether an effect that is not there may still come: its grace counts from the last effect that is there, plus the graces of
 * those between, plus what the clocks disagree by.
 */
function patience(one: OpenCase, id: EffectId): Patience {
  const { thresholds } = one.state.settings;
  const graceOf = (effect: EffectId): number => (effect === 'payment-row' ? 0 : thresholds[GRACE[effect]]);
  let graceMs = graceOf(id);
  for (const before of EFFECTS.slice(0, EFFECTS.indexOf(id)).toReversed()) {
    const effect = one.effect(before);
    if (effect.status === 'waiting') return 'late';
    if (effect.status === 'done') {
      if (effect.atMs !== null) return isYoung(one, effect.atMs + graceMs);
      // Read at an unknown time after it was sent: its record, which is done as well, says since when.
    } else if (effect.status !== 'not-applicable') {
      graceMs += graceOf(before);
    }
  }
  return isYoung(one, confirmedAt(one.payment) + graceMs);
}

function isYoung(one: OpenCase, untilMs: number): Patience {
  return one.state.takenAtMs < untilMs + one.skew() ? 'young' : 'over';
}

// --- records

function recordEffect(one: OpenCase, id: EffectId, topic: string): Effect {
  const found = recordsOf(one.state, one.payment.paymentId, topic);
  const own = 'scan' in found ? found.scan.hits.filter((hit) => belongs(one, topic, hit)) : [];
  const hits = own.filter((hit) => !announcesNothing(one, topic, hit));
  const first = hits.toSorted((a, b) => a.timestampMs - b.timestampMs)[0];
  if (first !== undefined) {
    const more = hits.length > 1 ? `, ${hits.length} records` : '';
    const detail = `${topic}[${first.partition}] @ ${first.offset}${more}`;
    return { ...NONE, status: 'done', atMs: first.timestampMs, detail, records: hits };
  }
  const empty = own[0];
  if (empty !== undefined) {
    const detail = `${topic}[${empty.partition}] @ ${empty.offset} announces an allocation that does not exist`;
    return { ...NONE, status: patience(one, id) === 'over' ? 'missing' : 'waiting', detail };
  }
  const topicState = one.state.topics[topic];
  const isAbsent = topicState?.kind === 'seen' && topicState.value.kind === 'absent';
  if (!isAbsent && 'gap' in found)
    return { ...NONE, status: 'unknown', detail: found.gap.reason, gap: found.gap };
  if (patience(one, id) !== 'over') return { ...NONE, status: 'waiting', detail: `not on ${topic} yet` };
  if (isAbsent) return { ...NONE, status: 'missing', detail: `the topic ${topic} does not exist` };
  if ('scan' in found && provesAbsence(found.scan)) {
    return { ...NONE, status: 'missing', detail: `not on ${topic}: every partition was read` };
  }
  const reason =
    'scan' in found && !found.scan.logReachesBack
      ? `the log of ${topic} starts later than this payment`
      : `${topic} was not read to its end`;
  const gap: Gap = {
    system: 'kafka',
    operation: `records of payment ${one.payment.paymentId} on ${topic}`,
    code: 'incomplete',
    reason,
    hint: `kc-doctor trace ${one.payment.paymentId} --timeout 60`,
  };
  return { ...NONE, status: 'unknown', detail: reason, gap };
}

/**
 * The older allocation-worker announces what admin-service answered without looking whether the row is there (platform.md, what
 * processed_events says, 5): such a record tells nobody of anything, so it is no effect.
 */
function announcesNothing(one: OpenCase, topic: string, hit: RecordSeen): boolean {
  if (topic !== TOPIC_OF_EVENT.TRAINER_ALLOCATED || one.state.allocations.kind === 'unseen') return false;
  const announced = hit.allocationId?.toLowerCase() ?? null;
  return announced !== null && !one.state.allocations.value.some((row) => row.allocationId === announced);
}

/** Of the records found under any id of the pair, those of this payment: under its own id, or under a purchase or allocation of its own. */
function belongs(one: OpenCase, topic: string, hit: RecordSeen): boolean {
  if (topic === TOPIC_OF_EVENT.PURCHASE_CONFIRMED || isUnder(hit, one.payment.paymentId)) return true;
  return one.identity().ids.some((id) => isUnder(hit, id) || hit.allocationId?.toLowerCase() === id);
}

// --- reading

/** Whether the stage's row is there, asked without its status: a row that exists settles what a commit alone cannot. */
function hasRow(one: OpenCase, stage: RowStage): boolean {
  switch (stage) {
    case 'purchase':
      return one.identity().purchase !== null;
    case 'allocation':
      return one.identity().allocations.some(isAllocated);
    case 'sessions':
      return sessionsOf(one).total > 0;
  }
}

/** Which of several copies decides, where the row is missing: one on its way still may bring it. */
const BY_WEIGHT: readonly HopStatus[] = ['waiting', 'done', 'blocked', 'skipped', 'unknown', 'missing'];
const BY_WEIGHT_WITH_ROW: readonly HopStatus[] = [
  'done',
  'waiting',
  'blocked',
  'skipped',
  'unknown',
  'missing',
];

function readEffect(one: OpenCase, stage: RowStage): Effect {
  const { input } = EFFECTS_OF_STAGE[stage];
  const record = one.effect(input);
  if (record.status !== 'done') {
    const detail = record.status === 'unknown' ? 'its record was not found' : 'there is no record to read';
    return { ...NONE, status: record.status, detail, gap: record.gap };
  }
  const isThere = hasRow(one, stage);
  const passages = record.records.map((hit) => passageOf(one, stage, hit));
  const weights = isThere ? BY_WEIGHT_WITH_ROW : BY_WEIGHT;
  const deciding = passages.toSorted((a, b) => weights.indexOf(a.status) - weights.indexOf(b.status))[0];
  if (deciding === undefined) throw new Error(`${input} is done without a record`);
  const { status, atMs, detail, gap } = deciding;
  return { status, atMs, detail, gap, records: record.records, passage: deciding };
}

const HANDLED_GRACE: Readonly<Record<Stage, keyof Thresholds>> = {
  purchase: 'purchaseRowGraceMs',
  allocation: 'allocationRowGraceMs',
  sessions: 'sessionsGraceMs',
  cache: 'cacheGraceMs',
  notification: 'cacheGraceMs',
};

function passageOf(one: OpenCase, stage: Stage, record: RecordSeen): Passage {
  const { group, worker } = stageDefinition(stage);
  const base = { record, group, atMs: null, gap: null, verdict: null, committed: null };
  const seenGroup = one.state.groups[group];
  const where = `${record.topic}[${record.partition}]`;
  if (seenGroup?.kind !== 'seen') {
    const gap = seenGroup?.gap ?? notPolled(group, where);
    return { ...base, status: 'unknown', detail: gap.reason, gap };
  }
  const polled = seenGroup.value.polls.map((poll) => ({
    atMs: poll.atMs,
    partition: poll.partitions.find(
      (entry) => entry.topic === record.topic && entry.partition === record.partition,
    ),
  }));
  const last = polled.at(-1)?.partition;
  if (last === undefined) {
    const gap = notPolled(group, where);
    return { ...base, status: 'unknown', detail: gap.reason, gap };
  }
  const { committed } = last;
  const isThere = isRowStage(stage) && hasRow(one, stage);
  const isPast = committed !== null && committed > record.offset;
  // A commit beyond the log's end says nothing about what was read, unless the row proves it.
  const isBeyondEnd = isPast && last.bounds !== null && committed > last.bounds.end;
  if (isPast && (!isBeyondEnd || isThere)) {
    const crossed = polled.find((_, index) => {
      const next = polled[index + 1]?.partition?.committed ?? null;
      const now = polled[index]?.partition?.committed ?? null;
      return next !== null && next > record.offset && (now === null || now <= record.offset);
    });
    const handledAtMs = isThere ? null : handlerTime(one, stage, record);
    return {
      ...base,
      committed,
      status: 'done',
      atMs: handledAtMs ?? crossed?.atMs ?? null,
      detail: `group is at ${committed}`,
    };
  }
  const verdict = one.verdictOf(group, record.topic, record.partition);
  const at = committed === null ? 'has no committed offset' : `is at ${committed}`;
  const unread = { ...base, committed, verdict, detail: `group ${at}: ${verdict.because}` };
  if (verdict.verdict === 'blocked-on-record' || verdict.also.includes('blocked-on-record')) {
    return { ...unread, status: 'blocked' };
  }
  const isUsable = committed !== null && committed >= (last.bounds?.start ?? 0n) && !isBeyondEnd;
  if (!isUsable && verdict.verdict !== 'never-committed-unowned') {
    const joinedAtMs = joinTimeMs(one.state, worker);
    if (joinedAtMs !== null && record.timestampMs < joinedAtMs) return { ...unread, status: 'skipped' };
  }
  const { thresholds } = one.state.settings;
  const isHandled = handlerTime(one, stage, record) !== null;
  const graceMs = isHandled
    ? Math.max(thresholds[HANDLED_GRACE[stage]], thresholds.recordReadGraceMs)
    : thresholds.recordReadGraceMs;
  if (isYoung(one, record.timestampMs + graceMs) === 'young') return { ...unread, status: 'waiting' };
  switch (verdict.verdict) {
    case 'in-flight':
    case 'catching-up':
    case 'slow':
      return { ...unread, status: 'waiting' };
    case 'unknown':
    // The record came after the look at the group, which was at the end of the log then.
    case 'caught-up':
    case 'never-committed-idle':
      return { ...unread, status: 'unknown', gap: verdict.gap ?? notJudged(group, where, verdict.because) };
    default:
      return { ...unread, status: 'missing' };
  }
}

interface Handled {
  readonly payment: PaymentRow;
  readonly linesUnder: Cases['linesUnder'];
  readonly skew: () => number;
}

/** The last time a worker's log shows it taking up this record; null: no line says so. */
function handlerTime(one: Handled, stage: Stage, record: RecordSeen): number | null {
  const { worker, inputEvent } = stageDefinition(stage);
  const ids = [one.payment.paymentId, record.eventId, record.key].flatMap((id) =>
    id === null ? [] : [id.toLowerCase()],
  );
  const line = one
    .linesUnder(worker, ids)
    .findLast(
      (candidate) =>
        isHandlerLine(candidate) &&
        candidate.atMs >= record.timestampMs - one.skew() &&
        (candidate.eventType === null || candidate.eventType === inputEvent),
    );
  return line?.atMs ?? null;
}

function notPolled(group: string, where: string): Gap {
  return {
    system: 'kafka',
    operation: `committed offset of ${group} on ${where}`,
    code: 'not-attempted',
    reason: `no committed offset of ${group} was read for ${where}`,
    hint: `kafka-consumer-groups --describe --group ${group}`,
  };
}

function notJudged(group: string, where: string, because: string): Gap {
  return {
    system: 'kafka',
    operation: `reading of ${where} by ${group}`,
    code: 'incomplete',
    reason: because,
    hint: 'run kc-doctor again with --timeout 60',
  };
}

// --- rows

function unseenRow(gap: Gap): Effect {
  return { ...NONE, status: 'unknown', detail: gap.reason, gap };
}

function absentRow(one: OpenCase, id: EffectId, what: string): Effect {
  return patience(one, id) === 'over'
    ? { ...NONE, status: 'missing', detail: `no ${what}` }
    : { ...NONE, status: 'waiting', detail: `no ${what} yet` };
}

function purchaseRow(one: OpenCase): Effect {
  const { purchases } = one.state;
  if (purchases.kind === 'unseen') return unseenRow(purchases.gap);
  const { purchase, purchaseClaim, class: kind } = one.identity();
  if (purchase !== null) {
    const how = {
      event: 'named by its event',
      metadata: 'names this payment',
      pair: 'next of this student and course',
    };
    const detail = `${purchase.purchaseId}, ${how[purchaseClaim ?? 'pair']}${purchase.isActive ? '' : ', ended'}`;
    return { ...NONE, status: 'done', atMs: purchase.createdAtMs, detail };
  }
  if (kind === 'no-course') return { ...NONE, status: 'missing', detail: 'the payment names no course' };
  if (kind === 'repeat')
    return { ...NONE, status: 'missing', detail: 'this student owns the course already' };
  return absentRow(one, 'purchase-row', 'purchase');
}

function allocationRow(one: OpenCase): Effect {
  const { allocations } = one.state;
  if (allocations.kind === 'unseen') return unseenRow(allocations.gap);
  const row = one.identity().allocations[0];
  if (row === undefined) return absentRow(one, 'allocation-row', 'allocation');
  const trainer = row.trainerId === null ? ' without trainer' : '';
  const detail = `${row.allocationId}, ${row.status}${trainer}`;
  // A row that a person approved later counts from that moment.
  if (isAllocated(row))
    return { ...NONE, status: 'done', atMs: Math.max(row.createdAtMs, row.updatedAtMs), detail };
  const read = one.effect('allocation-read');
  if (read.status === 'done' || one.effect('created-record').status === 'missing') {
    return { ...NONE, status: 'done', atMs: row.createdAtMs, detail };
  }
  const gap = read.status === 'unknown' ? read.gap : null;
  const isPending = row.status === 'pending';
  const status = read.status === 'blocked' && !isPending ? 'missing' : read.status;
  return { ...NONE, status, detail: `${detail}, and its record is not passed`, gap };
}

interface Sessions {
  readonly total: number;
  readonly future: number;
  readonly firstAtMs: number | null;
  /** Sessions of an allocation without row were not asked for: none is not the same as none seen. */
  readonly isKnown: boolean;
}

function sessionsOf(one: OpenCase): Sessions {
  const { sessions } = one.state;
  const { allocationIds, allocations } = one.identity();
  const counts =
    sessions.kind === 'seen' ? sessions.value.filter((row) => allocationIds.includes(row.allocationId)) : [];
  const firsts = counts.flatMap((row) => (row.firstCreatedAtMs === null ? [] : [row.firstCreatedAtMs]));
  return {
    total: counts.reduce((sum, row) => sum + row.total, 0),
    future: counts.reduce((sum, row) => sum + row.future, 0),
    firstAtMs: firsts.length === 0 ? null : Math.min(...firsts),
    isKnown: counts.length > 0 || allocations.length > 0 || allocationIds.length === 0,
  };
}

/** session-worker tops up below this number of future sessions (platform.md "Tables"). */
export const SHORT_OF_SESSIONS = 3;

function sessionsRows(one: OpenCase): Effect {
  const { sessions, allocations } = one.state;
  if (sessions.kind === 'unseen') return unseenRow(sessions.gap);
  const { total, future, firstAtMs, isKnown } = sessionsOf(one);
  if (total > 0) {
    const short = future < SHORT_OF_SESSIONS ? `, short: ${future} to come` : '';
    return { ...NONE, status: 'done', atMs: firstAtMs, detail: `${total} sessions${short}` };
  }
  if (allocations.kind === 'unseen') return unseenRow(allocations.gap);
  if (!isKnown) return unseenRow(notAsked(one.payment.paymentId));
  return absentRow(one, 'sessions-rows', 'sessions');
}

function notAsked(payment: PaymentId): Gap {
  return {
    system: 'postgres',
    operation: `sessions of payment ${payment}`,
    code: 'not-attempted',
    reason: 'its events name an allocation that has no row',
    hint: `kc-doctor trace ${payment}`,
  };
}
