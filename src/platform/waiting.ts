/** Payments whose records a group has not read yet, as far as the records of the unfinished payments were looked for. */
import type { PaymentId } from './ids.ts';
import { paymentId } from './ids.ts';
import type { StageDefinition } from './pipeline.ts';
import type { PlatformState } from './state.ts';

export interface PartitionOfGroup {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** Those with a record at or after the committed offset; without one, all with a record there. */
export function paymentsWaitingIn(state: PlatformState, where: PartitionOfGroup): readonly PaymentId[] {
  const group = state.groups[where.group];
  if (group?.kind !== 'seen') return [];
  const entry = group.value.polls
    .at(-1)
    ?.partitions.find((one) => one.topic === where.topic && one.partition === where.partition);
  if (entry === undefined) return [];
  const from = entry.committed ?? 0n;
  return Object.entries(state.records.byPayment).flatMap(([payment, scans]) => {
    const scan = scans[where.topic];
    const isWaiting =
      scan?.kind === 'seen' &&
      scan.value.hits.some((hit) => hit.partition === where.partition && hit.offset >= from);
    return isWaiting ? [paymentId(payment)] : [];
  });
}

/** The same over all partitions of the topic that the stage is about. */
export function paymentsWaitingFor(
  state: PlatformState,
  { group, topics: [topic] }: StageDefinition,
): readonly PaymentId[] {
  const present = state.topics[topic];
  if (present?.kind !== 'seen' || present.value.kind === 'absent') return [];
  const waiting = present.value.partitions.flatMap(({ partition }) =>
    paymentsWaitingIn(state, { group, topic, partition }),
  );
  return [...new Set(waiting)];
}
