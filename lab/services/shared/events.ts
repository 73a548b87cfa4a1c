export const TOPIC_OF = {
  PURCHASE_CONFIRMED: 'purchase-confirmed',
  PURCHASE_CREATED: 'purchase-created',
  TRAINER_ALLOCATED: 'trainer-allocated',
  SESSIONS_GENERATED: 'sessions-generated',
  COURSE_ACCESS_GRANTED: 'course-access-granted',
  NOTIFICATION_REQUESTED: 'notification-requested',
} as const;

export type EventType = keyof typeof TOPIC_OF;

export const DEAD_LETTER_TOPIC = 'dead-letter-queue';

const EVENT_VERSION = '1.0';

/** What was bought, as payments, purchases and allocations carry it in their metadata. */
export interface PurchaseMetadata {
  readonly courseId?: string;
  readonly sessionCount?: number;
  readonly purchaseTier?: number;
  readonly timeSlot?: string;
  readonly startDate?: string;
  readonly schedule?: { readonly timeSlot?: string; readonly startDate?: string; readonly date?: string };
}

interface Common {
  readonly studentId: string;
  readonly userId: string;
  readonly role: 'student';
  readonly timestamp: number;
}

export interface EventPayloads {
  PURCHASE_CONFIRMED: Common & {
    readonly paymentId: string;
    readonly courseId: string | undefined;
    readonly amountCents: number;
    readonly metadata: PurchaseMetadata;
  };
  PURCHASE_CREATED: Common & {
    readonly purchaseId: string;
    readonly courseId: string;
    readonly purchaseTier: number;
    readonly metadata: PurchaseMetadata;
  };
  TRAINER_ALLOCATED: Common & {
    readonly allocationId: string;
    readonly trainerId: string;
    readonly courseId: string;
    readonly sessionCount: number;
    readonly startDate: string;
    readonly endDate: string;
  };
  SESSIONS_GENERATED: Common & {
    readonly allocationId: string;
    readonly trainerId: string;
    readonly courseId: string;
    readonly sessionCount: number;
    readonly sessionIds: readonly string[];
    readonly startDate: string;
  };
  COURSE_ACCESS_GRANTED: Common & { readonly purchaseId: string; readonly courseId: string };
  NOTIFICATION_REQUESTED: Common & { readonly template: string; readonly courseId: string };
}

export interface EventEnvelope<Type extends EventType> {
  readonly eventType: Type;
  readonly eventId: string;
  readonly correlationId: string;
  readonly payload: EventPayloads[Type];
}

export interface OutgoingRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Record<string, string>;
}

export function recordOf<Type extends EventType>(event: EventEnvelope<Type>, source: string): OutgoingRecord {
  const { eventId, correlationId, eventType, payload } = event;
  const metadata = { eventId, correlationId, timestamp: Date.now(), source, version: EVENT_VERSION };
  return {
    key: correlationId,
    value: JSON.stringify({ ...payload, _metadata: metadata }),
    headers: { eventId, correlationId, eventType, source, version: EVENT_VERSION },
  };
}
