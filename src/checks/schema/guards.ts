import { PIPELINE, type Stage } from '../../platform/pipeline.ts';

/** The unique indexes that idempotency rests on, and the stage whose rows each guards (platform.md "Tables"); null: every stage. */
export const GUARDS = [
  { name: 'unique_active_purchase', stage: 'purchase' },
  { name: 'unique_active_allocation', stage: 'allocation' },
  { name: 'unique_session_slot', stage: 'sessions' },
  { name: 'idx_processed_events_idempotency', stage: null },
] as const satisfies readonly { readonly name: string; readonly stage: Stage | null }[];

export type Guard = (typeof GUARDS)[number];

/** Workers whose inserts name the guard in ON CONFLICT. */
export function workersUsing({ stage }: Guard): readonly string[] {
  return PIPELINE.filter((definition) => stage === null || definition.stage === stage).map(
    ({ worker }) => worker,
  );
}
