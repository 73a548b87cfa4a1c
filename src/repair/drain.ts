import type { PaymentId } from '../platform/ids.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { DraftStep, PaymentPreview } from './plan.ts';
import { type Previewer, previewRange } from './preview.ts';
import { type Owner, waitDrainStep } from './steps.ts';
import { hasUnread, type PartitionStanding, readsFrom } from './targets.ts';

/** Healthy verdicts are expected this long after a start (catalogue.md 4, start-worker and move-offsets). */
const DRAINED_WITHIN_MS = 180_000;

/** What a worker reads once it has joined, from where its group stands then. */
export function previewStandings(
  previewer: Previewer,
  stage: Stage,
  standings: readonly PartitionStanding[],
): readonly PaymentPreview[] {
  return standings.flatMap((standing) =>
    previewRange(previewer, {
      stage,
      topic: standing.topic,
      partition: standing.partition,
      from: readsFrom(standing),
      to: standing.end,
      committed: standing.committed,
    }),
  );
}

/** None where nothing waits: then the join alone is watched. */
export function drainSteps(
  owner: Owner,
  standings: readonly PartitionStanding[],
  previews: readonly PaymentPreview[],
): readonly DraftStep[] {
  const unread = standings.filter(hasUnread);
  if (unread.length === 0) return [];
  const positions = unread.map(({ topic, partition, end }) => ({ topic, partition, offset: end - 1n }));
  return [waitDrainStep(owner, positions, paymentsMoved(previews), DRAINED_WITHIN_MS)];
}

/** Payments whose work is done by what is read, or is there already and is told again. */
export function paymentsMoved(previews: readonly PaymentPreview[]): readonly PaymentId[] {
  const moved = previews.flatMap(({ payment, effect }) =>
    payment !== null && ['read-first-time', 're-read', 're-announced'].includes(effect) ? [payment] : [],
  );
  return [...new Set(moved)].toSorted();
}

export const unreadText = (stage: Stage, standings: readonly PartitionStanding[]): string => {
  const count = standings.reduce((sum, standing) => sum + (standing.end - readsFrom(standing)), 0n);
  const { group } = stageDefinition(stage);
  if (count === 0n) return `nothing waits for ${group}`;
  return `${group} goes on with ${count} waiting ${count === 1n ? 'record' : 'records'}`;
};
