/**
 * One line of a worker's or service's log, parsed. Text is not proof: rules match `kind`, which is read from the parsed
 * message and logger at their beginning or as whole known phrases, never from raw text that a customer could have written.
 */

export const LOG_KINDS = [
  'starting', // "Starting purchase worker", "[PurchaseWorker] Started"
  'joined', // "Consumer has joined the group"
  'received', // "Received X event from Kafka"
  'processing', // "Processing X event"
  'attempt-failed', // "Failed to process X"
  'retried-ok', // "Operation succeeded after retry"
  'purchase-created', // "Purchase created successfully"
  'event-emitted', // "X event emitted"
  'allocation-verified', // "Allocation verified in database"
  'sessions-created', // "Sessions created successfully"
  'skipped-processed', // "Event already processed, skipping"
  'recovery', // "RECOVERY: Event marked as processed but purchase missing": noise
  'topping-up', // "Topping up sessions"
  'sent-to-dlq', // "All retries exhausted, sending to DLQ", "Message sent to DLQ"
  'consumer-crash', // "[Consumer] Crash: ..."
  'consumer-crash-final', // "[Consumer] Crash: KafkaJSNonRetriableError"
  'consumer-stopped', // "[Consumer] Stopped"
  'consumer-restarting', // "Restarting the consumer in"
  'rebalancing', // "The group is rebalancing"
  'connection-refused',
  'connection-unresolvable', // ENOTFOUND, EAI_AGAIN
  'connection-timeout',
  'topic-not-hosted', // "This server does not host this topic-partition"
  'coordinator-not-available', // noise on a new broker
  'offset-out-of-range',
  'fatal',
  'calling-admin', // "Calling admin-service allocation API"
  'auto-assignment-created',
  'auto-assignment-no-trainer', // no trainer found, at capacity, no GPS
  'auto-assignment-other',
  'no-trainer-id', // "Allocation service returned allocation without trainerId"
  'allocation-not-found', // "... not found in database after API call"
  'api-error', // "API Error: ..."
  'undefined-column', // 42703, 42P01
  'on-conflict-unmatched', // 42P10 or 25P02
  'fallback-method', // "(fallback method)"
  'uuid-syntax',
  'database-connection',
  'redis-failed',
  'send-failed', // emission failed in payment-service
  'error', // any other line of level error that no pattern knows
  'other', // kept because it names a target
] as const;
export type LogKind = (typeof LOG_KINDS)[number];

export interface LogLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly kind: LogKind;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `kafkajs` lines carry their own small-number correlation ids, which are dropped. */
  readonly logger: 'worker' | 'kafkajs';
  /** Message with error text, masked, control characters kept for the reporter to escape, cut to 400 characters. */
  readonly message: string;
  /** Event type named in the message ("PURCHASE_CREATED"), if any. */
  readonly eventType: string | null;
  readonly correlationId: string | null;
  readonly eventId: string | null;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: bigint | null;
  /** HTTP status named by the line, for api-error and admin lines. */
  readonly status: number | null;
}
