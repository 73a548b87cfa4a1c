import type { Stage } from '../platform/pipeline.ts';
import { type Cohort, HOPS, type HopId } from '../trace/trace.ts';
import type { HopRole } from './cause.ts';

export interface StageRole {
  readonly stage: Stage;
  readonly role: HopRole;
}

/** What a missing effect hop means for which stage; a record that is not there is the output of one and the input of the next. */
const ROLES: Readonly<Partial<Record<HopId, readonly StageRole[]>>> = {
  'confirmed-record': [{ stage: 'purchase', role: 'in' }],
  'purchase-read': [{ stage: 'purchase', role: 'read' }],
  'purchase-row': [{ stage: 'purchase', role: 'row' }],
  'created-record': [
    { stage: 'purchase', role: 'out' },
    { stage: 'allocation', role: 'in' },
  ],
  'allocation-read': [{ stage: 'allocation', role: 'read' }],
  'allocation-row': [{ stage: 'allocation', role: 'row' }],
  'allocated-record': [
    { stage: 'allocation', role: 'out' },
    { stage: 'sessions', role: 'in' },
  ],
  'sessions-read': [{ stage: 'sessions', role: 'read' }],
  'sessions-rows': [{ stage: 'sessions', role: 'row' }],
  'generated-record': [
    { stage: 'sessions', role: 'out' },
    { stage: 'cache', role: 'in' },
  ],
  'cache-read': [{ stage: 'cache', role: 'read' }],
};

/** Roles of a cohort's first missing hop, or of every hop of its range. */
export function stageRoles({ kind, class: paymentClass, firstMissing }: Cohort): readonly StageRole[] {
  if (kind === 'needs-decision') {
    // Waiting for a person: either no purchase can follow, or the assignment ended without a trainer.
    const stage = paymentClass === 'no-course' || paymentClass === 'repeat' ? 'purchase' : 'allocation';
    return [{ stage, role: stage === 'purchase' ? 'row' : 'result' }];
  }
  const { hop, untilHop } = firstMissing;
  if (hop === null) return [];
  const from = HOPS.indexOf(hop);
  const until = untilHop === null ? from : HOPS.indexOf(untilHop);
  return HOPS.slice(from, until + 1).flatMap((id) => ROLES[id] ?? []);
}
