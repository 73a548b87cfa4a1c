import { randomUUID } from 'node:crypto';
import type { Producer } from 'kafkajs';
import type { Pool } from 'pg';
import { type EventEnvelope, recordOf, TOPIC_OF } from '../shared/events.ts';
import { postJson } from '../shared/http.ts';
import { openKafka, openProducer } from '../shared/kafka.ts';
import type { Service } from '../shared/service.ts';
import type { Payment } from './payments.ts';

/** No broker listens there: a real refused connection for the switch `failSend`. */
const DEAD_PORT = 1;
const RETRY_QUEUE_DELAY_MS = 500;

export interface Emitter {
  /** Mark, then send; a payment that is marked already is not sent. */
  emit(payment: Payment): Promise<void>;
  /** Sends whatever the marks say. */
  send(payment: Payment): Promise<void>;
}

export function openEmitter(service: Service): Emitter {
  const { log, marks, producer, environment } = service;
  const send = async (event: EventEnvelope<'PURCHASE_CONFIRMED'>, by: Producer): Promise<void> => {
    await by.send({ topic: TOPIC_OF.PURCHASE_CONFIRMED, messages: [recordOf(event, environment.service)] });
  };
  return {
    async emit(payment) {
      if (service.switches().emit === false) return;
      const event = confirmed(payment);
      const fields = { correlationId: payment.id, eventId: event.eventId };
      // The mark comes first and stays when the send fails: every later emit is then skipped.
      if (!(await marks.mark(event))) {
        log.info('PURCHASE_CONFIRMED event already emitted, skipping', fields);
        return;
      }
      log.info('Emitting PURCHASE_CONFIRMED event', fields);
      try {
        if (service.switches().failSend) await sendNowhere(service, event);
        else await send(event, producer);
        log.info('PURCHASE_CONFIRMED event emitted', fields);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.error('Failed to emit PURCHASE_CONFIRMED event', { ...fields, error: reason });
        if (service.switches().fallback !== false) enqueueFallback(service, payment);
      }
    },
    async send(payment) {
      await send(confirmed(payment, await markedEventId(service.pool, payment.id)), producer);
    },
  };
}

async function sendNowhere(service: Service, event: EventEnvelope<'PURCHASE_CONFIRMED'>): Promise<void> {
  const brokers = service.environment.brokers.map((broker) => broker.replace(/:\d+$/, `:${DEAD_PORT}`));
  // One retry instead of five: the same refusal without ten seconds of waiting for it.
  const producer = openProducer(openKafka(service.environment.service, brokers, { retries: 1 }));
  try {
    await producer.connect();
    await producer.send({
      topic: TOPIC_OF.PURCHASE_CONFIRMED,
      messages: [recordOf(event, service.environment.service)],
    });
  } finally {
    await producer.disconnect();
  }
}

/** In memory only: a restart of payment-service loses it. */
function enqueueFallback({ environment, log }: Service, payment: Payment): void {
  const { id, studentId, metadata } = payment;
  log.warn('Purchase creation queued for retry over HTTP', { correlationId: id });
  setTimeout(() => {
    postJson(`${environment.courseServiceUrl}/api/v1/purchases`, {
      studentId,
      courseId: metadata.courseId,
      metadata,
    }).then(
      (answer) => log.info('Retry queue: purchase created', { correlationId: id, statusCode: answer.status }),
      (error: Error) =>
        log.error('Retry queue: purchase not created', { correlationId: id, error: error.message }),
    );
  }, RETRY_QUEUE_DELAY_MS);
}

/** The event that was announced and never sent keeps its id. */
async function markedEventId(pool: Pool, paymentId: string): Promise<string | undefined> {
  const found = await pool.query<{ event_id: string }>(
    `select event_id::text from processed_events where correlation_id::text = $1 and event_type = 'PURCHASE_CONFIRMED'`,
    [paymentId],
  );
  return found.rows[0]?.event_id;
}

function confirmed(payment: Payment, eventId: string = randomUUID()): EventEnvelope<'PURCHASE_CONFIRMED'> {
  const { id, studentId, amountCents, metadata } = payment;
  return {
    eventType: 'PURCHASE_CONFIRMED',
    eventId,
    correlationId: id,
    payload: {
      paymentId: id,
      studentId,
      courseId: metadata.courseId,
      amountCents,
      metadata,
      userId: studentId,
      role: 'student',
      timestamp: Date.now(),
    },
  };
}
