/**
 * What tells how an effect came about, or why it did not: marks, log lines and dead letters of one payment. They explain and never
 * decide. Terms. Owner of a mark: the worker that should write it; the others that may hold its only slot are the emitter,
 * cache-worker and scripts.
 */
import type { Cases, PaymentCase, RowStage } from './effects.ts';
import { EFFECTS_OF_STAGE } from './effects.ts';
import type { LogKind, LogLine } from './log-line.ts';
import { SERVICES, stageDefinition } from './pipeline.ts';
import type { DeadLetter, MarkRow, PlatformState } from './state.ts';

export const EMITTER = 'payment-service';
export const CACHE_WORKER = 'cache-worker';
/** Rows were inserted by hand, nothing was published (platform.md "What processed_events really says"). */
export const FIX_SCRIPT = 'fix-script';
/** PURCHASE_CREATED was emitted by hand, under the purchase id. */
export const MANUAL_SCRIPT = 'manual-script';

/** Marks of the event that starts a stage, under any id of the payment; null: marks were not seen. */
export function marksOf(cases: Cases, one: PaymentCase, stage: RowStage): readonly MarkRow[] | null {
  const { inputEvent } = stageDefinition(stage);
  // PURCHASE_CONFIRMED stands under the payment id alone, so nothing else needs to be known.
  const ids = stage === 'purchase' ? [one.payment.paymentId] : one.identity().ids;
  return cases.index.marksUnder(ids, inputEvent);
}

export function isOwnersMark(mark: MarkRow, stage: RowStage): boolean {
  return mark.source === stageDefinition(stage).worker;
}

/** Lines of a service that stand under an id of this payment. A log that was not seen gives none: its gap is in `cases.linesOf`. */
export function linesAbout(cases: Cases, one: PaymentCase, service: string): readonly LogLine[] {
  return cases.linesUnder(service, one.identity().ids);
}

/** "Event already processed, skipping" for the event that starts this stage. */
export function skipLine(cases: Cases, one: PaymentCase, stage: RowStage): LogLine | null {
  const { worker, inputEvent } = stageDefinition(stage);
  const line = linesAbout(cases, one, worker).findLast(
    ({ kind, eventType }) => kind === 'skipped-processed' && (eventType === null || eventType === inputEvent),
  );
  return line ?? null;
}

/** Dead letters of the records that start this stage, for this payment; null: not seen. */
export function lettersOf(
  state: PlatformState,
  one: PaymentCase,
  stage: RowStage,
): readonly DeadLetter[] | null {
  if (state.deadLetters.kind === 'unseen') return null;
  const { records } = one.effect(EFFECTS_OF_STAGE[stage].input);
  return state.deadLetters.value.letters.filter((letter) =>
    records.some(
      (record) =>
        record.topic === letter.originalTopic &&
        record.partition === letter.originalPartition &&
        record.offset === letter.originalOffset,
    ),
  );
}

const ANSWERED: readonly LogKind[] = [
  'auto-assignment-created',
  'auto-assignment-no-trainer',
  'auto-assignment-other',
  'allocation-verified',
];
const REFUSED: readonly LogKind[] = [
  'api-error',
  'allocation-not-found',
  'no-trainer-id',
  'connection-refused',
  'connection-unresolvable',
  'connection-timeout',
];

/** What became of asking for a trainer, as far as a line says so. */
export const ANSWER_CLASSES = [
  'accepted',
  'no-trainer',
  'rejected',
  'server-error',
  'timeout',
  'unreachable',
  'no-row',
] as const;
export type AnswerClass = (typeof ANSWER_CLASSES)[number];

export interface Assignment {
  readonly answer: AnswerClass;
  readonly line: LogLine;
}

/** The last line about this payment's assignment, from allocation-worker or admin-service; null: none, which proves nothing. */
export function assignmentOf(cases: Cases, one: PaymentCase): Assignment | null {
  const ids = [...one.identity().ids, one.payment.studentId];
  const line = ['allocation-worker', SERVICES.admin]
    .flatMap((service) => cases.linesUnder(service, ids))
    .filter(({ kind }) => ANSWERED.includes(kind) || REFUSED.includes(kind))
    .toSorted((a, b) => a.atMs - b.atMs)
    .at(-1);
  return line === undefined ? null : { answer: answerOf(line), line };
}

function answerOf(line: LogLine): AnswerClass {
  switch (line.kind) {
    case 'auto-assignment-no-trainer':
    case 'no-trainer-id':
      return 'no-trainer';
    case 'allocation-not-found':
      return 'no-row';
    case 'connection-timeout':
      return 'timeout';
    case 'connection-refused':
    case 'connection-unresolvable':
      return 'unreachable';
    case 'api-error':
      return line.status !== null && line.status < 500 ? 'rejected' : 'server-error';
    default:
      return 'accepted';
  }
}

export const isRefusal = ({ line }: Assignment): boolean => REFUSED.includes(line.kind);
