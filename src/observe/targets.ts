import type { PaymentId } from '../platform/ids.ts';
import type { Observed } from '../platform/observed.ts';
import type { Settings } from '../platform/settings.ts';
import type { GroupPoll, PaymentRow, PaymentsOfWindow, PolledPartition } from '../platform/state.ts';
import type { Pair } from '../ports/purchase-database.ts';
import { groupsToAsk } from './survey.ts';

/** Records of one partition that are read for a plan: more are not given back to a worker unseen. */
const WAITING_LIMIT = 50n;

export interface WaitingRange {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** What the follow-up reads, picked from the survey by pure functions. */
export interface Targets {
  readonly payments: readonly PaymentRow[];
  readonly pairs: readonly Pair[];
  /** Partitions with something unread, by group. */
  readonly unread: readonly {
    readonly group: string;
    readonly topic: string;
    readonly partition: number;
    readonly from: bigint;
  }[];
}

export function targets(
  payments: Observed<PaymentsOfWindow>,
  polls: Readonly<Record<string, Observed<GroupPoll>>>,
  settings: Settings,
): Targets {
  const rows =
    payments.kind === 'seen' ? uniquePayments([...payments.value.asked, ...payments.value.unfinished]) : [];
  const pairs = new Map<string, Pair>();
  for (const { studentId, courseId } of rows) {
    if (courseId !== null) pairs.set(`${studentId} ${courseId}`, { studentId, courseId });
  }
  const unread = groupsToAsk(settings).flatMap(({ group }) => {
    const poll = polls[group];
    if (poll?.kind !== 'seen') return [];
    return poll.value.partitions.flatMap((polled) => {
      const from = firstUnread(polled);
      return from === null ? [] : [{ group, topic: polled.topic, partition: polled.partition, from }];
    });
  });
  return { payments: rows, pairs: [...pairs.values()], unread };
}

/**
 * What a group would read next where its worker makes rows: the oldest unread records, or without a usable commit the newest of the
 * log, since a plan moves no group further back than that.
 */
export function waitingRanges(
  polls: Readonly<Record<string, Observed<GroupPoll>>>,
  settings: Settings,
): readonly WaitingRange[] {
  const makers = groupsToAsk(settings).filter(({ stage }) => stage !== 'cache' && stage !== 'notification');
  return makers.flatMap(({ group }) => {
    const poll = polls[group];
    if (poll?.kind !== 'seen') return [];
    return poll.value.partitions.flatMap(({ topic, partition, committed, bounds }) => {
      if (bounds === null) return [];
      const { start, end } = bounds;
      const isUsable = committed !== null && committed >= start && committed <= end;
      const newest = end - WAITING_LIMIT > start ? end - WAITING_LIMIT : start;
      const from = isUsable ? committed : newest;
      const to = isUsable && from + WAITING_LIMIT < end ? from + WAITING_LIMIT : end;
      return from < to ? [{ group, topic, partition, from, to }] : [];
    });
  });
}

export function withPairs(wanted: Targets, pairs: readonly Pair[]): Targets {
  const byKey = new Map(
    [...wanted.pairs, ...pairs].map((pair) => [`${pair.studentId} ${pair.courseId}`, pair]),
  );
  return { ...wanted, pairs: [...byKey.values()] };
}

function uniquePayments(rows: readonly PaymentRow[]): readonly PaymentRow[] {
  const byId = new Map<PaymentId, PaymentRow>();
  for (const row of rows) if (!byId.has(row.paymentId)) byId.set(row.paymentId, row);
  return [...byId.values()];
}

/** Offset of the oldest unread record; without a usable commit that is the log start. Null: nothing is unread. */
function firstUnread({ committed, bounds }: PolledPartition): bigint | null {
  if (bounds === null) return null;
  const from = committed === null || committed < bounds.start ? bounds.start : committed;
  return from < bounds.end ? from : null;
}
