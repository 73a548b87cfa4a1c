/** Two facts about one payment that a healthy pipeline never shows together (catalogue.md 2). Each names what it rests on. */
import type { Cases, Effect, PaymentCase, RowStage } from './effects.ts';
import { EFFECTS_OF_STAGE, ROW_STAGES } from './effects.ts';
import type { Gap } from './observed.ts';
import { isUnder, recordsOf } from './payment.ts';
import { stageDefinition, TOPIC_OF_EVENT } from './pipeline.ts';
import type { RecordSeen } from './state.ts';
import type { OffsetVerdict } from './verdict.ts';
import {
  EMITTER,
  isOwnersMark,
  lettersOf,
  linesAbout,
  MANUAL_SCRIPT,
  marksOf,
  skipLine,
} from './witnesses.ts';
import { isHandlerLine } from './workers.ts';

export const CONTRADICTIONS = [
  'marked-not-sent',
  'mark-without-row',
  'row-without-event',
  'past-without-row',
  'row-before-read',
  'record-off-key',
  'two-purchases',
] as const;
export type Contradiction = (typeof CONTRADICTIONS)[number];

export interface ContradictionSeen {
  readonly kind: Contradiction;
  readonly stage: RowStage;
  readonly text: string;
}

/** Found, not there, or not to be decided for want of what the gap names. */
export type Judgement =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'unseen'; readonly gap: Gap };

const NONE: Judgement = { kind: 'none' };
const found = (text: string): Judgement => ({ kind: 'found', text });

/** A payment that ended, repeats another or names no course lacks its rows for a reason. */
function expectsRows(one: PaymentCase): boolean {
  const kind = one.identity().class;
  return kind === 'ordinary' || kind === 'renewal';
}

export function markedNotSent(cases: Cases, one: PaymentCase): Judgement {
  const record = one.effect('confirmed-record');
  if (record.status !== 'missing' && record.status !== 'unknown') return NONE;
  const marks = marksOf(cases, one, 'purchase');
  const { state } = cases.index;
  if (marks === null) return state.marks.kind === 'unseen' ? { kind: 'unseen', gap: state.marks.gap } : NONE;
  const mark = marks.find(({ source }) => source === EMITTER);
  if (mark === undefined) return NONE;
  if (record.status === 'missing') return found(`marked by ${EMITTER}, and ${record.detail}`);
  return record.gap === null ? NONE : { kind: 'unseen', gap: record.gap };
}

/** The owner's mark or skip line beside a row that is missing past its grace; for sessions anybody's mark, since it obeys any. */
export function markWithoutRow(cases: Cases, one: PaymentCase, stage: RowStage): Judgement {
  const row = one.effect(EFFECTS_OF_STAGE[stage].row);
  if (!isUndone(row) || !expectsRows(one)) return NONE;
  const { state } = cases.index;
  const marks = marksOf(cases, one, stage);
  const { worker, inputEvent } = stageDefinition(stage);
  const mark = marks?.find((candidate) => stage === 'sessions' || isOwnersMark(candidate, stage));
  const skip = skipLine(cases, one, stage);
  if (mark === undefined && skip === null) {
    return marks === null && state.marks.kind === 'unseen' ? { kind: 'unseen', gap: state.marks.gap } : NONE;
  }
  if (row.status === 'unknown') return row.gap === null ? NONE : { kind: 'unseen', gap: row.gap };
  const who =
    mark === undefined
      ? `${worker} skipped ${inputEvent} as processed`
      : `${inputEvent} is marked by ${mark.source}`;
  return found(`${who}: ${row.detail}`);
}

/** The group is past the record, and there is neither row nor mark nor dead letter: it was dropped in silence. */
export function pastWithoutRow(cases: Cases, one: PaymentCase, stage: RowStage): Judgement {
  const { read, row } = EFFECTS_OF_STAGE[stage];
  const effect = one.effect(row);
  if (!isUndone(effect) || !expectsRows(one)) return NONE;
  const reading = one.effect(read);
  if (reading.status === 'unknown') return reading.gap === null ? NONE : { kind: 'unseen', gap: reading.gap };
  if (reading.status !== 'done' || reading.passage === null) return NONE;
  const { state } = cases.index;
  const marks = marksOf(cases, one, stage);
  if (marks?.some((mark) => stage === 'sessions' || isOwnersMark(mark, stage)) === true) return NONE;
  const letters = lettersOf(state, one, stage);
  if (letters !== null && letters.length > 0) return NONE;
  const gap = [state.marks, state.deadLetters].find((part) => part.kind === 'unseen')?.gap ?? effect.gap;
  if (gap !== null) return { kind: 'unseen', gap };
  const { record, committed } = reading.passage;
  return found(
    `${record.topic}[${record.partition}] @ ${record.offset} is passed (group at ${committed}): ${effect.detail}`,
  );
}

/** The row is there past the grace of its announcement, and nothing announced it. */
export function rowWithoutEvent(one: PaymentCase, stage: RowStage): Judgement {
  const { row, output } = EFFECTS_OF_STAGE[stage];
  if (output === null || one.effect(row).status !== 'done') return NONE;
  const record = one.effect(output);
  if (record.status === 'unknown') return record.gap === null ? NONE : { kind: 'unseen', gap: record.gap };
  return record.status === 'missing' ? found(`${one.effect(row).detail}: ${record.detail}`) : NONE;
}

/** Verdicts of a partition whose record at the committed offset nobody is handling. */
const NOBODY_READS: readonly OffsetVerdict[] = [
  'topic-absent',
  'sentinel',
  'data-lost',
  'commit-vanished',
  'never-committed-unowned',
  'never-committed-skipped',
  'unowned',
  'unassigned',
];

/** The row was made although its record is absent or unread: by the fallback, a script, a top-up or the allocating code. */
function rowBeforeRead(cases: Cases, one: PaymentCase, stage: RowStage): Judgement {
  const { input, read, row } = EFFECTS_OF_STAGE[stage];
  if (one.effect(row).status !== 'done') return NONE;
  const record = one.effect(input);
  if (record.status === 'missing') return found(`${one.effect(row).detail}, and ${record.detail}`);
  const reading = one.effect(read);
  const { passage } = reading;
  if (passage === null || passage.verdict === null || passage.status === 'unknown') return NONE;
  const { committed, verdict } = passage;
  const isBehind = committed !== null && committed >= 0n && passage.record.offset > committed;
  const isLeft = NOBODY_READS.includes(verdict.verdict) && !wasHandled(cases, one, stage);
  if (!isBehind && !isLeft) return NONE;
  return found(`${one.effect(row).detail}, and its record is unread: ${passage.detail}`);
}

function wasHandled(cases: Cases, one: PaymentCase, stage: RowStage): boolean {
  const { worker, inputEvent } = stageDefinition(stage);
  return linesAbout(cases, one, worker).some(
    (line) => isHandlerLine(line) && (line.eventType === null || line.eventType === inputEvent),
  );
}

/** A record whose key or partition is not where this payment's records belong. */
function recordsOffKey(cases: Cases, one: PaymentCase): readonly ContradictionSeen[] {
  const payment = one.payment.paymentId;
  return ROW_STAGES.flatMap((stage) => {
    const { input } = EFFECTS_OF_STAGE[stage];
    const scan = cases.index.state.records.byPayment[payment]?.[TOPIC_OF_EVENT[inputEventOf(stage)]];
    if (scan?.kind !== 'seen') return [];
    const { predictedPartition } = scan.value;
    return one
      .effect(input)
      .records.filter((record) => isOffKey(one, record, predictedPartition))
      .map((record) => ({
        kind: 'record-off-key' as const,
        stage,
        text: `${record.topic}[${record.partition}] @ ${record.offset} has key ${record.key ?? 'none'}; key ${payment} belongs to ${predictedPartition}`,
      }));
  });
}

function inputEventOf(stage: RowStage): keyof typeof TOPIC_OF_EVENT {
  return stageDefinition(stage).inputEvent as keyof typeof TOPIC_OF_EVENT;
}

/** Allocation ids on trainer-allocated and purchase ids of manual-script are keys of the platform's own. */
function isOffKey(one: PaymentCase, record: RecordSeen, predictedPartition: number): boolean {
  const key = record.key?.toLowerCase() ?? null;
  if (key === one.payment.paymentId) return record.partition !== predictedPartition;
  if (key === null) return true;
  const { allocationIds, purchase, announcedPurchases } = one.identity();
  if (allocationIds.some((id) => id === key)) return false;
  const isPurchase = purchase?.purchaseId === key || announcedPurchases.some((id) => id === key);
  return !(isPurchase && record.source === MANUAL_SCRIPT);
}

/** Two purchases announced for one payment: the first was ended, and a replay made another. Marks may carry other ids: they do not count. */
export function twoPurchases(cases: Cases, one: PaymentCase): Judgement {
  const { paymentId } = one.payment;
  const records = recordsOf(cases.index.state, paymentId, TOPIC_OF_EVENT.PURCHASE_CREATED);
  if ('gap' in records) return { kind: 'unseen', gap: records.gap };
  const hits = records.scan.hits.filter((hit) => isUnder(hit, paymentId) && hit.purchaseId !== null);
  const named = [...new Set(hits.map((hit) => hit.purchaseId?.toLowerCase()))];
  return named.length > 1 ? found(`announced as ${named.join(' and ')}`) : NONE;
}

/** All that are found, in the order of the catalogue. */
export function contradictionsOf(cases: Cases, one: PaymentCase): readonly ContradictionSeen[] {
  if (one.payment.status !== 'succeeded') return [];
  const perStage = (
    kind: Contradiction,
    judge: (stage: RowStage) => Judgement,
  ): readonly ContradictionSeen[] =>
    ROW_STAGES.flatMap((stage) => {
      const judgement = judge(stage);
      return judgement.kind === 'found' ? [{ kind, stage, text: judgement.text }] : [];
    });
  const atPurchase = (kind: Contradiction, judgement: Judgement): readonly ContradictionSeen[] =>
    judgement.kind === 'found' ? [{ kind, stage: 'purchase', text: judgement.text }] : [];
  return [
    ...atPurchase('marked-not-sent', markedNotSent(cases, one)),
    ...perStage('mark-without-row', (stage) => markWithoutRow(cases, one, stage)),
    ...perStage('row-without-event', (stage) => rowWithoutEvent(one, stage)),
    ...perStage('past-without-row', (stage) => pastWithoutRow(cases, one, stage)),
    ...perStage('row-before-read', (stage) => rowBeforeRead(cases, one, stage)),
    ...recordsOffKey(cases, one),
    ...atPurchase('two-purchases', twoPurchases(cases, one)),
  ];
}

const isUndone = (effect: Effect): boolean => effect.status === 'missing' || effect.status === 'unknown';
