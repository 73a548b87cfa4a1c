import {
  type Assigned,
  type AssignRequest,
  autoAssign,
  findLiveAllocation,
  trainerAllocated,
} from '../shared/auto-assign.ts';
import type { EventEnvelope } from '../shared/events.ts';
import { postJson } from '../shared/http.ts';
import type { Publish } from '../shared/kafka.ts';
import { startDateOf, timeSlotOf } from '../shared/metadata.ts';
import type { Service } from '../shared/service.ts';
import { findAllocation } from '../shared/sessions.ts';
import { runWorker } from '../shared/worker.ts';

const TAG = '[AllocationWorker]';

/** Five attempts, 30 s: longer than the session timeout, so a retrying worker is evicted from its group. */
const RETRY_DELAYS_MS = [2_000, 4_000, 8_000, 16_000];

type Created = EventEnvelope<'PURCHASE_CREATED'>;

runWorker((service) => ({
  title: 'allocation worker',
  tag: TAG,
  groupId: 'trainer-allocation-workers',
  retryDelaysMs: RETRY_DELAYS_MS,
  handlers: {
    PURCHASE_CREATED:
      service.environment.generation === 'newest' ? newestHandler(service) : olderHandler(service),
  },
}));

function requestOf({ payload }: Created): AssignRequest {
  return {
    studentId: payload.studentId,
    courseId: payload.courseId,
    timeSlot: timeSlotOf(payload.metadata),
    date: startDateOf(payload.metadata),
    requestedBy: payload.studentId,
    paymentMetadata: { ...payload.metadata, sessionCount: payload.purchaseTier },
  };
}

/** Looks for the row first, and runs the allocating code in its own process, whatever its log says. */
function newestHandler(service: Service): (event: Created) => Promise<void> {
  const { log, marks, pool, publish } = service;
  return async (event) => {
    const fields = fieldsOf(event);
    const request = requestOf(event);
    const isMarked = (await marks.sources(event)).length > 0;
    const existing = await findLiveAllocation(pool, request.studentId, request.courseId);
    if (existing !== undefined) {
      // Measured: it marks and returns without TRAINER_ALLOCATED, even when an earlier delivery died before emitting.
      log.info(`${TAG} Allocation already exists`, { ...fields, allocationId: existing.id });
      await marks.mark(event);
      return;
    }
    if (isMarked) log.warn('RECOVERY: Event marked as processed but allocation missing', fields);
    log.info('Calling admin-service allocation API', fields);
    const { noTrainer = false, dieBeforeEmission = false } = service.switches();
    const announceHere: Publish = dieBeforeEmission ? () => process.exit(1) : publish;
    const assigned = await autoAssign(pool, log, request, {
      trainersFree: !noTrainer,
      announce: announceHere,
    });
    if (assigned.trainerId === null)
      throw new Error('Allocation service returned allocation without trainerId');
    await verify(service, event, assigned.id);
    await marks.mark(event);
    await announce(service, event, request, assigned, `trainer-allocated-${assigned.id}`);
  };
}

/** Asks the guard first and calls admin-service. */
function olderHandler(service: Service): (event: Created) => Promise<void> {
  const { log, marks } = service;
  return async (event) => {
    const fields = fieldsOf(event);
    if (isGuarded(service, await marks.sources(event))) {
      log.info('Event already processed, skipping', fields);
      return;
    }
    const request = requestOf(event);
    log.info('Calling admin-service allocation API', fields);
    const assigned = await callAdminService(service, request);
    log.info('Admin-service allocation API answered', {
      ...fields,
      allocationId: assigned.id,
      status: assigned.status,
    });
    if (assigned.trainerId === null) {
      log.warn(`${TAG} No trainer available, allocation is pending`, {
        ...fields,
        allocationId: assigned.id,
      });
      await marks.mark(event);
      return;
    }
    if (!service.switches().earlyMark) await verify(service, event, assigned.id);
    await marks.mark(event);
    await announce(service, event, request, assigned, assigned.id);
  };
}

/**
 * cache-worker marks the same events while this worker is still retrying. An older worker that obeys that mark too
 * loses the event after its first failure: that one is the switch.
 */
function isGuarded(service: Service, sources: readonly string[]): boolean {
  if (service.switches().guardFirst) return sources.length > 0;
  return sources.some((source) => source !== 'cache-worker');
}

async function callAdminService({ environment }: Service, request: AssignRequest): Promise<Assigned> {
  const url = `${environment.adminServiceUrl}/api/v1/admin/allocations/auto-assign`;
  const answer = await postJson(url, request);
  const body = answer.body as { readonly data?: Assigned; readonly error?: string };
  if (answer.status >= 400 || body.data === undefined) {
    throw new Error(
      `Allocation API failed with status ${answer.status}: ${body.error ?? 'no allocation in the answer'}`,
    );
  }
  return body.data;
}

async function verify({ log, pool }: Service, event: Created, allocationId: string): Promise<void> {
  if ((await findAllocation(pool, allocationId)) === undefined) {
    throw new Error(`Allocation ${allocationId} not found in database after API call`);
  }
  log.info('Allocation verified in database', { ...fieldsOf(event), allocationId });
}

async function announce(
  { log, publish }: Service,
  event: Created,
  request: AssignRequest,
  { id, trainerId }: Assigned,
  eventId: string,
): Promise<void> {
  if (trainerId === null) throw new Error('an allocation without a trainer is not announced');
  await publish(trainerAllocated(event.correlationId, id, eventId, trainerId, request));
  log.info(`${TAG} TRAINER_ALLOCATED event emitted`, { ...fieldsOf(event), allocationId: id });
}

function fieldsOf({ correlationId, eventId, payload }: Created): Readonly<Record<string, unknown>> {
  return { correlationId, eventId, purchaseId: payload.purchaseId, studentId: payload.studentId };
}
