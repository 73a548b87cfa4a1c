import type { PlatformState } from '../../src/platform/state.ts';
import type { Hop, HopId, PaymentTrace } from '../../src/trace/trace.ts';
import { tracePayment } from '../../src/trace/trace-payment.ts';
import { idsOf } from '../support/states.ts';

export const traceOf = (state: PlatformState, n = 1): PaymentTrace => tracePayment(state, idsOf(n).payment);

export function hopOf(state: PlatformState, id: HopId, n = 1): Hop {
  const hop = traceOf(state, n).hops.find((one) => one.id === id);
  if (hop === undefined) throw new Error(`no hop ${id}`);
  return hop;
}

export const statusOf = (state: PlatformState, id: HopId, n = 1): string => hopOf(state, id, n).status;

export const contradictionsIn = (state: PlatformState, n = 1): readonly string[] =>
  traceOf(state, n).contradictions.map(({ kind, stage }) => `${kind}@${stage}`);
