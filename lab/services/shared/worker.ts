import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, KafkaMessage } from 'kafkajs';
import { attempt } from './attempt.ts';
import {
  DEAD_LETTER_TOPIC,
  type EventEnvelope,
  type EventPayloads,
  type EventType,
  TOPIC_OF,
} from './events.ts';
import { tellWhenReading } from './ready.ts';
import { runService, type Service } from './service.ts';

export type Handlers = {
  readonly [Type in EventType]?: (event: EventEnvelope<Type>) => Promise<void>;
};

export interface WorkerSettings {
  /** As in `Starting purchase worker`. */
  readonly title: string;
  /** As in `[PurchaseWorker] Started`. */
  readonly tag: string;
  readonly groupId: string;
  /** One attempt more than there are delays. */
  readonly retryDelaysMs?: readonly number[];
  readonly handlers: Handlers;
  /** Runs once the consumer is running. */
  readonly afterStart?: () => Promise<void>;
}

interface Delivery {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
}

/** Three attempts: with kafkajs's own six deliveries that gives dead letters at +3, 6, 10, 15, 20 and 28 s. */
const RETRY_DELAYS_MS = [1_000, 2_000];

export function runWorker(configure: (service: Service) => WorkerSettings): void {
  runService(async (service) => {
    const { kafka, log, pool, producer } = service;
    const settings = configure(service);
    log.info(`Starting ${settings.title}`);
    const consumer = kafka.consumer({
      groupId: settings.groupId,
      sessionTimeout: 30_000,
      heartbeatInterval: 3_000,
      allowAutoTopicCreation: false,
      // A polite stop of the platform's idle worker takes 0.4 s; it lasts as long as the poll that is under way.
      maxWaitTimeInMs: 300,
    });
    tellWhenReading(consumer, process.env['LAB_READY']);
    await producer.connect();
    await consumer.connect();
    await consumer.subscribe({ topics: topicsOf(service, settings.handlers), fromBeginning: false });
    await consume(consumer, service, settings);
    log.info(`${settings.tag} Started`);
    await settings.afterStart?.();
    return async () => {
      await consumer.disconnect();
      await producer.disconnect();
      await pool.end();
    };
  });
}

function topicsOf({ environment }: Service, handlers: Handlers): string[] {
  const topics = (Object.keys(handlers) as EventType[]).map((type) => TOPIC_OF[type]);
  return topics.filter((topic) => environment.topics?.includes(topic) !== false);
}

function eventTypeOf(topic: string): EventType {
  for (const [type, name] of Object.entries(TOPIC_OF)) if (name === topic) return type as EventType;
  throw new Error(`no event type for topic ${topic}`);
}

async function consume(consumer: Consumer, service: Service, settings: WorkerSettings): Promise<void> {
  const { log } = service;
  await consumer.run({
    eachMessage: async (delivery) => {
      // Parsed outside the retries, as the platform does: text that is not JSON stops the consumer without a dead letter.
      const event = parse(delivery);
      const fields = { correlationId: event.correlationId, eventId: event.eventId };
      const { topic, partition } = delivery;
      log.info(`${settings.tag} Received ${event.eventType} event from Kafka`, {
        ...fields,
        topic,
        partition,
        offset: delivery.message.offset,
      });
      let attempts = 0;
      try {
        await attempt(settings.retryDelaysMs ?? RETRY_DELAYS_MS, log, fields, async () => {
          attempts++;
          await handle(service, settings, event, attempts);
        });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.error('All retries exhausted, sending to DLQ', { ...fields, attempts, error: reason });
        if (service.environment.topics?.includes(DEAD_LETTER_TOPIC) === false) throw error;
        await sendToDeadLetters(service, delivery, event, reason, attempts);
        log.warn('Message sent to DLQ', { ...fields, topic, partition, offset: delivery.message.offset });
        throw error;
      }
      log.info('Message processed successfully', fields);
    },
  });
}

async function handle(
  service: Service,
  settings: WorkerSettings,
  event: EventEnvelope<EventType>,
  attemptNumber: number,
): Promise<void> {
  const { log } = service;
  const fields = { correlationId: event.correlationId, eventId: event.eventId };
  const handler = settings.handlers[event.eventType] as
    | ((event: EventEnvelope<EventType>) => Promise<void>)
    | undefined;
  if (handler === undefined) throw new Error(`no handler for ${event.eventType}`);
  const processing = `Processing ${event.eventType} event`;
  log.info(`${settings.tag} ${processing}`, { message: processing, ...fields });
  const { delayMs = 0, failFirstAttempt = false } = service.switches();
  if (delayMs > 0) await sleep(delayMs);
  try {
    if (failFirstAttempt && attemptNumber === 1) throw new Error('Trainer calendar did not answer');
    await handler(event);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error(`Failed to process ${event.eventType}`, { ...fields, error: reason });
    throw error;
  }
}

function parse({ topic, message }: Delivery): EventEnvelope<EventType> {
  const value = message.value?.toString();
  if (value === undefined) throw new TypeError("Cannot read properties of null (reading 'toString')");
  const { _metadata: metadata, ...payload } = JSON.parse(value) as {
    readonly _metadata?: { readonly eventId?: string; readonly correlationId?: string };
  };
  const key = message.key?.toString() ?? '';
  return {
    eventType: eventTypeOf(topic),
    eventId: metadata?.eventId ?? header(message, 'eventId') ?? key,
    correlationId: metadata?.correlationId ?? header(message, 'correlationId') ?? key,
    payload: payload as EventPayloads[EventType],
  };
}

function header(message: KafkaMessage, name: string): string | undefined {
  const value = message.headers?.[name];
  return Array.isArray(value) ? value[0]?.toString() : value?.toString();
}

async function sendToDeadLetters(
  service: Service,
  { topic, partition, message }: Delivery,
  event: EventEnvelope<EventType>,
  failureReason: string,
  attempts: number,
): Promise<void> {
  const { correlationId, eventId } = event;
  const letter = {
    originalEvent: JSON.parse(message.value?.toString() ?? 'null') as unknown,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: message.offset,
    failureReason,
    failureTimestamp: new Date().toISOString(),
    attempts,
    correlationId,
    eventId,
  };
  const headers = {
    originalTopic: topic,
    originalPartition: String(partition),
    originalOffset: message.offset,
    failureReason,
    correlationId,
    eventId,
  };
  await service.producer.send({
    topic: DEAD_LETTER_TOPIC,
    messages: [{ key: correlationId, value: JSON.stringify(letter), headers }],
  });
}
