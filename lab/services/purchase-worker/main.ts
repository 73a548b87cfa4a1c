import { randomUUID } from 'node:crypto';
import type { EventEnvelope, EventPayloads } from '../shared/events.ts';
import { tierOf } from '../shared/metadata.ts';
import {
  findActivePurchase,
  insertPurchase,
  insertWithStartDate,
  type NewPurchase,
  upsertPurchase,
} from '../shared/purchases.ts';
import type { Service } from '../shared/service.ts';
import { runWorker } from '../shared/worker.ts';

const TAG = '[PurchaseWorker]';

/** The newest worker remembers for so long that its ON CONFLICT found no constraint. */
const FALLBACK_MEMORY_MS = 300_000;

/** SQLSTATE invalid_column_reference: no unique constraint matches the ON CONFLICT. */
const NO_MATCHING_CONSTRAINT = '42P10';

type Confirmed = EventEnvelope<'PURCHASE_CONFIRMED'>;

runWorker((service) => ({
  title: 'purchase worker',
  tag: TAG,
  groupId: 'purchase-creation-workers',
  handlers: { PURCHASE_CONFIRMED: purchaseHandler(service) },
}));

function purchaseHandler(service: Service): (event: Confirmed) => Promise<void> {
  const { log, marks, pool } = service;
  const create = purchaseCreator(service);
  const announce = announcer(service);
  return async (event) => {
    const { payload, correlationId, eventId } = event;
    const { studentId, courseId, paymentId } = payload;
    const fields = { correlationId, eventId, studentId, courseId };
    if (service.switches().failPaymentIds?.includes(paymentId)) {
      throw new Error(`Cannot build schedule for payment ${paymentId}: time slot is not offered`);
    }
    const sources = await marks.sources(event);
    if (isGuarded(service, sources)) {
      log.info('Event already processed, skipping', fields);
      return;
    }
    if (courseId === undefined) {
      log.warn(`${TAG} Payment names no course, no purchase is made`, fields);
      await marks.mark(event);
      return;
    }
    const existing = await findActivePurchase(pool, studentId, courseId);
    if (existing !== undefined) {
      log.info(`${TAG} Active purchase already exists`, { ...fields, purchaseId: existing.id });
      // Made by an earlier delivery of this event, which may have died before it announced the purchase.
      if (existing.createdAt.getTime() >= payload.timestamp) {
        await announce(event, existing.id, courseId, `purchase-created-${existing.id}-recovery`, false);
      }
      await marks.mark(event);
      return;
    }
    if (sources.length > 0) log.warn('RECOVERY: Event marked as processed but purchase missing', fields);
    const tier = tierOf(payload.metadata);
    if (service.switches().writeStartDate) await insertWithStartDate(pool);
    const made = await create({ studentId, courseId, tier, metadata: payload.metadata });
    const suffix = made.isFallback ? ' (fallback method)' : '';
    log.info(`${TAG} Purchase created successfully${suffix}`, { ...fields, purchaseId: made.id });
    const purchaseEventId = made.isFallback ? `purchase-created-${made.id}` : made.id;
    await announce(event, made.id, courseId, purchaseEventId, !made.isFallback);
    await marks.mark(event);
  };
}

/** The newest worker looks for the row and lets no mark stop it; the older one obeys marks, save the emitter's own. */
function isGuarded(service: Service, sources: readonly string[]): boolean {
  if (service.switches().guardFirst) return sources.length > 0;
  if (service.environment.generation === 'newest') return false;
  return sources.some((source) => source !== 'payment-service');
}

function purchaseCreator({ environment, log, pool }: Service) {
  let fallbackUntil = 0;
  return async (purchase: NewPurchase): Promise<{ readonly id: string; readonly isFallback: boolean }> => {
    if (environment.generation === 'older') {
      return { id: await upsertPurchase(pool, purchase, true), isFallback: false };
    }
    if (Date.now() >= fallbackUntil) {
      try {
        return { id: await upsertPurchase(pool, purchase, false), isFallback: false };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === NO_MATCHING_CONSTRAINT))
          throw error;
        log.warn('ON CONFLICT constraint not found (42P10) - index missing', { error: error.message });
        fallbackUntil = Date.now() + FALLBACK_MEMORY_MS;
      }
    }
    return { id: await insertPurchase(pool, purchase), isFallback: true };
  };
}

function announcer({ log, publish }: Service) {
  return async (
    event: Confirmed,
    purchaseId: string,
    courseId: string,
    eventId: string,
    isNotified: boolean,
  ): Promise<void> => {
    const { correlationId, payload } = event;
    const { studentId, metadata } = payload;
    const common = {
      studentId,
      courseId,
      userId: studentId,
      role: 'student' as const,
      timestamp: Date.now(),
    };
    const created: EventPayloads['PURCHASE_CREATED'] = {
      ...common,
      purchaseId,
      purchaseTier: tierOf(metadata),
      metadata,
    };
    await publish({ eventType: 'PURCHASE_CREATED', eventId, correlationId, payload: created });
    log.info(`${TAG} PURCHASE_CREATED event emitted`, { correlationId, eventId, purchaseId });
    await publish({
      eventType: 'COURSE_ACCESS_GRANTED',
      eventId: randomUUID(),
      correlationId,
      payload: { ...common, purchaseId },
    });
    // The newest worker's fallback, which is its only way in practice, notifies nobody.
    if (!isNotified) return;
    await publish({
      eventType: 'NOTIFICATION_REQUESTED',
      eventId: randomUUID(),
      correlationId,
      payload: { ...common, template: 'purchase-created' },
    });
  };
}
