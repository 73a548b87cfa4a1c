import type { FirstMissing, HopId } from '../trace/trace.ts';

/** What people call the hops; behind a tick each reads as done. */
export const HOP_TITLES: Readonly<Record<HopId, string>> = {
  'payment-row': 'payment succeeded',
  'confirmed-mark': 'PURCHASE_CONFIRMED recorded',
  'confirmed-record': 'PURCHASE_CONFIRMED in Kafka',
  'purchase-read': 'read by purchase-worker',
  'purchase-mark': 'marked by purchase-worker',
  'purchase-row': 'purchase',
  'created-record': 'PURCHASE_CREATED in Kafka',
  'allocation-read': 'read by allocation-worker',
  'allocation-mark': 'marked by allocation-worker',
  'allocation-call': 'trainer assignment asked for',
  'allocation-row': 'trainer allocated',
  'allocated-record': 'TRAINER_ALLOCATED in Kafka',
  'sessions-read': 'read by session-worker',
  'sessions-mark': 'marked by session-worker',
  'sessions-rows': 'sessions',
  'generated-record': 'SESSIONS_GENERATED in Kafka',
  'cache-read': 'pages refreshed',
};

/** Where a payment stopped, in the words of the trace. */
export function placeText({ hop, untilHop }: FirstMissing): string {
  if (hop === null) return 'the end';
  const first = `"${HOP_TITLES[hop]}"`;
  return untilHop === null ? first : `${first} or later, up to "${HOP_TITLES[untilHop]}"`;
}
