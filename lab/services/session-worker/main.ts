import { randomUUID } from 'node:crypto';
import type { EventEnvelope } from '../shared/events.ts';
import type { Service } from '../shared/service.ts';
import { type Allocation, allocationsToTopUp, createSessions, findAllocation } from '../shared/sessions.ts';
import { runWorker } from '../shared/worker.ts';

const TAG = '[SessionWorker]';
const TOP_UP_EVERY_MS = 6 * 3_600_000;

type Allocated = EventEnvelope<'TRAINER_ALLOCATED'>;

runWorker((service) => ({
  title: 'session worker',
  tag: TAG,
  groupId: 'session-scheduling-workers',
  handlers: { TRAINER_ALLOCATED: (event) => generate(service, event) },
  afterStart: async () => {
    await topUp(service);
    setInterval(() => void topUp(service), TOP_UP_EVERY_MS).unref();
  },
}));

async function generate(service: Service, event: Allocated): Promise<void> {
  const { log, marks, pool, publish } = service;
  const { correlationId, eventId, payload } = event;
  const fields = { correlationId, eventId, allocationId: payload.allocationId };
  // Under the event id too: the newest generation sends the same event once more under the payment id.
  if ((await marks.sources(event)).length > 0) {
    log.info('Event already processed, skipping', fields);
    return;
  }
  const allocation = await findAllocation(pool, payload.allocationId);
  if (allocation === undefined) {
    log.warn(`${TAG} Allocation not found, no sessions are made`, fields);
    return;
  }
  const sessionIds = await createSessions(pool, allocation, courseIdFor(service, allocation));
  log.info(`${TAG} Sessions created successfully`, { ...fields, count: sessionIds.length });
  const { allocationId, trainerId, studentId, courseId, sessionCount, startDate } = payload;
  await publish({
    eventType: 'SESSIONS_GENERATED',
    // Older platforms have a uuid column for the event id.
    eventId:
      service.environment.generation === 'older'
        ? randomUUID()
        : `sessions-generated-${allocationId}-${Date.now()}`,
    correlationId,
    payload: {
      allocationId,
      trainerId,
      studentId,
      courseId,
      sessionCount,
      sessionIds,
      startDate,
      userId: studentId,
      role: 'student',
      timestamp: Date.now(),
    },
  });
  log.info(`${TAG} SESSIONS_GENERATED event emitted`, fields);
  await marks.mark(event);
}

/** Makes what is missing and tells nobody: no SESSIONS_GENERATED. */
async function topUp(service: Service): Promise<void> {
  const { log, pool } = service;
  log.info('Topping up sessions');
  try {
    for (const allocation of await allocationsToTopUp(pool)) await topUpOne(service, allocation);
  } catch (error) {
    log.error('Failed to top up sessions', { error: error instanceof Error ? error.message : String(error) });
  }
}

async function topUpOne(service: Service, allocation: Allocation): Promise<void> {
  const { log, pool } = service;
  try {
    const made = await createSessions(pool, allocation, courseIdFor(service, allocation));
    if (made.length > 0) log.info('Topped up sessions', { allocationId: allocation.id, count: made.length });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error('Failed to top up sessions', { allocationId: allocation.id, error: reason });
  }
}

/** The newest session-worker leaves the column null. */
function courseIdFor({ environment }: Service, allocation: Allocation): string | null {
  return environment.generation === 'newest' ? null : allocation.courseId;
}
