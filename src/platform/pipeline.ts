/** The one table of the purchase pipeline (platform.md "The pipeline"). Everything that knows a topic, group or worker name asks here. */

export const STAGES = ['purchase', 'allocation', 'sessions', 'cache', 'notification'] as const;
export type Stage = (typeof STAGES)[number];

export interface StageDefinition {
  readonly stage: Stage;
  /** Compose service name of the worker. */
  readonly worker: string;
  readonly group: string;
  /** Topics that the worker reads; the first is the one that its stage is about. */
  readonly topics: readonly [string, ...string[]];
  /** Event type of the record that starts this stage, as in `eventType` and processed_events. */
  readonly inputEvent: string;
  /** Topic that the worker announces its result on; null where it announces nothing. */
  readonly announces: string | null;
}

export const PIPELINE: readonly StageDefinition[] = [
  {
    stage: 'purchase',
    worker: 'purchase-worker',
    group: 'purchase-creation-workers',
    topics: ['purchase-confirmed'],
    inputEvent: 'PURCHASE_CONFIRMED',
    announces: 'purchase-created',
  },
  {
    stage: 'allocation',
    worker: 'allocation-worker',
    group: 'trainer-allocation-workers',
    topics: ['purchase-created'],
    inputEvent: 'PURCHASE_CREATED',
    announces: 'trainer-allocated',
  },
  {
    stage: 'sessions',
    worker: 'session-worker',
    group: 'session-scheduling-workers',
    topics: ['trainer-allocated'],
    inputEvent: 'TRAINER_ALLOCATED',
    announces: 'sessions-generated',
  },
  {
    stage: 'cache',
    worker: 'cache-worker',
    group: 'cache-invalidation-workers',
    topics: ['purchase-created', 'trainer-allocated', 'sessions-generated'],
    inputEvent: 'SESSIONS_GENERATED',
    announces: null,
  },
  {
    stage: 'notification',
    worker: 'notification-worker',
    group: 'notification-workers',
    topics: ['notification-requested'],
    inputEvent: 'NOTIFICATION_REQUESTED',
    announces: null,
  },
];

export function stageDefinition(stage: Stage): StageDefinition {
  const found = PIPELINE.find((definition) => definition.stage === stage);
  if (found === undefined) throw new Error(`no such stage: ${stage}`);
  return found;
}

export const DEAD_LETTER_TOPIC = 'dead-letter-queue';
export const OFFSETS_TOPIC = '__consumer_offsets';

/** Documented set that must exist on every platform, however old. */
export const DEFAULT_EXPECTED_TOPICS = [
  'purchase-confirmed',
  'purchase-created',
  'trainer-allocated',
] as const;
/** Topics that only newer platforms have: absent means old, not broken. */
export const NEWER_TOPICS = [
  'course-access-granted',
  'notification-requested',
  'sessions-generated',
  DEAD_LETTER_TOPIC,
] as const;
export const DEFAULT_EXPECTED_WORKERS = [
  'purchase-worker',
  'allocation-worker',
  'session-worker',
  'cache-worker',
] as const;
export const NEWER_WORKERS = ['notification-worker'] as const;

/** Services around the workers (compose service names). */
export const SERVICES = {
  kafka: 'kafka',
  topicInit: 'kafka-init',
  payment: 'payment-service',
  admin: 'admin-service',
  course: 'course-service',
  gateway: 'api-gateway',
} as const;

export const EVENT_TYPES = [
  'PURCHASE_CONFIRMED',
  'PURCHASE_CREATED',
  'TRAINER_ALLOCATED',
  'SESSIONS_GENERATED',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const TOPIC_OF_EVENT: Readonly<Record<EventType, string>> = {
  PURCHASE_CONFIRMED: 'purchase-confirmed',
  PURCHASE_CREATED: 'purchase-created',
  TRAINER_ALLOCATED: 'trainer-allocated',
  SESSIONS_GENERATED: 'sessions-generated',
};
