import type { Stage } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';
import { type Obstacle, unseenObstacle } from './targets.ts';

/** Unique indexes that keep a record which is read twice from making two rows (platform.md "Tables"). */
const GUARD_OF: Readonly<Partial<Record<Stage, string>>> = {
  purchase: 'unique_active_purchase',
  allocation: 'unique_active_allocation',
  sessions: 'unique_session_slot',
};
const MARK_GUARD = 'idx_processed_events_idempotency';

export function guardObstacle(state: PlatformState, stage: Stage): Obstacle | null {
  const own = GUARD_OF[stage];
  if (own === undefined) return null;
  if (state.schema.kind === 'unseen') return unseenObstacle(state.schema.gap);
  const { guards } = state.schema.value;
  const broken = [own, MARK_GUARD].find(
    (name) => guards.find((guard) => guard.name === name)?.state !== 'valid',
  );
  return broken === undefined
    ? null
    : {
        reason: `the unique index ${broken} is not valid, so a record that is read twice could make two rows`,
        hint: `create it first: kc-doctor explain schema/guards-present`,
      };
}
