/** Which log lines speak of one record, and how many failed deliveries of it they tell. */
import type { LogLine } from './log-line.ts';
import { definitionOf, headRecord, type PartitionView } from './partition-view.ts';
import type { DeadLetter, RecordSeen } from './state.ts';
import { isFinishLine, isHandlerLine, joinTimeMs, workerLog } from './workers.ts';

/** By position where the line has one, else by event id, else by correlation id and event type. */
function namesRecord(line: LogLine, record: RecordSeen, onlyTopic: boolean): boolean {
  if (line.partition !== null && line.offset !== null) {
    return isAt(line, record.topic, record.partition) && line.offset === record.offset;
  }
  const sameType = line.eventType === null ? onlyTopic : line.eventType === record.eventType;
  if (line.eventId !== null && line.eventId === record.eventId) return line.eventType === null || sameType;
  const correlation = record.correlationId ?? record.key;
  return line.correlationId !== null && line.correlationId === correlation && sameType;
}

function isAt(line: LogLine, topic: string, partition: number): boolean {
  return line.partition === partition && (line.topic ?? topic) === topic;
}

function linesOf({ state, worker }: PartitionView): readonly LogLine[] {
  const log = workerLog(state, worker);
  return log.kind === 'seen' ? log.value.lines : [];
}

function linesNaming(view: PartitionView, record: RecordSeen): readonly LogLine[] {
  const onlyTopic = definitionOf(view.group).topics.length === 1;
  return linesOf(view).filter(
    (line) => line.atMs >= record.timestampMs && namesRecord(line, record, onlyTopic),
  );
}

export function hasHandlerLineFor(view: PartitionView, record: RecordSeen): boolean {
  return linesNaming(view, record).some(isHandlerLine);
}

/**
 * A delivery begins with "Received", fails three times (allocation: five) and ends with two lines about its dead letter, so lines
 * are not deliveries. kafkajs prints one error per delivery on top: the two counts are never added.
 */
function failedDeliveries(lines: readonly LogLine[]): number {
  const saysReceived = lines.some(({ kind }) => kind === 'received');
  let count = 0;
  let phase: 'open' | 'failed' | 'closed' = 'open';
  for (const line of lines) {
    if (line.logger === 'kafkajs') continue;
    if (line.kind === 'received') phase = 'open';
    const isFailure = line.kind === 'attempt-failed' || line.level === 'error' || line.kind === 'sent-to-dlq';
    if (!isFailure) continue;
    const isNext = phase === 'closed' && !saysReceived && line.kind !== 'sent-to-dlq';
    if (phase === 'open' || isNext) count += 1;
    if (line.kind === 'sent-to-dlq') phase = 'closed';
    else if (phase !== 'closed' || isNext) phase = 'failed';
  }
  // One line of the client may be read as two: what happened, and why.
  const byClient = lines.filter(({ logger, level }) => logger === 'kafkajs' && level === 'error');
  return Math.max(count, new Set(byClient.map(({ atMs }) => atMs)).size);
}

export interface Blocked {
  readonly offset: bigint;
  readonly letters: number;
  readonly deliveries: number;
}

/** Two deliveries that failed show a loop; one may be the last of a healthy retry. */
const LOOP = 2;

/**
 * The record at the committed offset, or the first one after the join where nothing is committed, if it fails again and again.
 * `unseen`: neither dead letters nor logs, or the record itself, could be seen. Letters and logs stand in for each other.
 */
export function blockedRecord(view: PartitionView): Blocked | null | 'unseen' {
  const { state, committed, topic, partition } = view;
  const letters = lettersOf(view);
  const here = (letters ?? []).filter(
    (letter) => letter.originalTopic === topic && letter.originalPartition === partition,
  );
  const join = committed === null ? joinTimeMs(state, view.worker) : null;
  if (committed === null && join === null) return 'unseen';
  const blocked = join === null ? blockedAtCommit(view, here) : blockedAfterJoin(view, here, join);
  const sinceMs = join ?? headRecord(view)?.timestampMs ?? 0;
  return blocked === null && letters === null && !isLogCovering(view, sinceMs) ? 'unseen' : blocked;
}

/** Where no letter can be seen a line that is not there counts, but only inside what was read. */
function isLogCovering({ state, worker }: PartitionView, sinceMs: number): boolean {
  const log = workerLog(state, worker);
  if (log.kind === 'unseen') return false;
  return log.value.reachesStart || (log.value.fromMs !== null && log.value.fromMs <= sinceMs);
}

/** Letters that were read; null where they are unseen, or where an older platform has no topic for them. */
function lettersOf({ state }: PartitionView): readonly DeadLetter[] | null {
  if (state.deadLetters.kind === 'unseen' || !state.deadLetters.value.topicExists) return null;
  return state.deadLetters.value.letters;
}

function blockedAtCommit(view: PartitionView, letters: readonly DeadLetter[]): Blocked | null | 'unseen' {
  const record = headRecord(view);
  if (record === null) return view.head.kind === 'unseen' ? 'unseen' : null;
  // A position below the log start names a record that is gone.
  if (view.committed !== null && view.committed < view.bounds.start) return null;
  const copies = letters.filter(
    ({ originalOffset, atMs }) => originalOffset === record.offset && atMs > record.timestampMs,
  ).length;
  return loop(record.offset, copies, failedDeliveries(linesNaming(view, record)));
}

/** Had an earlier record succeeded there would be a commit, so the lowest offset that failed since the join is the first one. */
function blockedAfterJoin(view: PartitionView, letters: readonly DeadLetter[], join: number): Blocked | null {
  const { topic, partition } = view;
  const copies = letters.filter(({ atMs }) => atMs > join);
  const placed = linesOf(view).filter((line) => line.atMs > join && isAt(line, topic, partition));
  const failing = placed.filter(({ kind, level }) => kind === 'sent-to-dlq' || level === 'error');
  const offsets = [
    ...copies.map(({ originalOffset }) => originalOffset),
    ...failing.flatMap(({ offset }) => (offset === null ? [] : [offset])),
  ];
  const [first] = offsets.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (first === undefined) return null;
  return loop(
    first,
    copies.filter(({ originalOffset }) => originalOffset === first).length,
    failedDeliveries(placed.filter(({ offset }) => offset === first)),
  );
}

function loop(offset: bigint, letters: number, deliveries: number): Blocked | null {
  return letters >= LOOP || deliveries >= LOOP ? { offset, letters, deliveries } : null;
}

/**
 * When this worker last finished a record of this partition: as its log tells, by the position in the line or in the "Received"
 * line of the same event, or as its own marks tell. A position beyond the log belongs to an earlier topic of the same name.
 */
export function lastFinishHereMs(view: PartitionView): number | null {
  const lines = linesOf(view);
  const finished = lines.findLast((line) => {
    if (!isFinishLine(line)) return false;
    const place = line.partition === null ? placeOf(line, lines) : line;
    if (place === undefined || !isAt(place, view.topic, view.partition)) return false;
    return place.offset === null || place.offset < view.bounds.end;
  });
  const times = [...(finished === undefined ? [] : [finished.atMs]), ...markTimes(view)];
  return times.length === 0 ? null : Math.max(...times);
}

function markTimes({ state, worker, topic, partition }: PartitionView): readonly number[] {
  if (state.marks.kind === 'unseen') return [];
  const own = state.marks.value.filter(({ source }) => source === worker);
  const hits = Object.values(state.records.byPayment).flatMap((scans) => {
    const scan = scans[topic];
    return scan?.kind === 'seen' ? scan.value.hits.filter((hit) => hit.partition === partition) : [];
  });
  return own
    .filter((mark) =>
      hits.some((hit) => hit.correlationId === mark.correlationId && hit.eventType === mark.eventType),
    )
    .map(({ processedAtMs }) => processedAtMs);
}

function placeOf(line: LogLine, lines: readonly LogLine[]): LogLine | undefined {
  return lines.findLast(
    (one) =>
      one.kind === 'received' &&
      one.partition !== null &&
      one.atMs <= line.atMs &&
      ((one.eventId !== null && one.eventId === line.eventId) ||
        (one.correlationId !== null && one.correlationId === line.correlationId)),
  );
}
