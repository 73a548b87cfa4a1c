import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AssignRequest, autoAssign } from '../shared/auto-assign.ts';
import { type Answer, type Route, serveJson } from '../shared/http.ts';
import { readMetadata } from '../shared/metadata.ts';
import { runService, type Service } from '../shared/service.ts';
import { createSessions, findAllocation } from '../shared/sessions.ts';

const HANG_MS = 60_000;

runService(async (service) => {
  const { environment, log, pool, producer } = service;
  // The newest generation's allocating code announces its allocations itself.
  if (environment.generation === 'newest') await producer.connect();
  const server = serveJson(
    environment.port,
    environment.service,
    routes(service),
    (url, status, message, body) =>
      log.error(`API Error: POST ${url} ${status}`, {
        message,
        url,
        statusCode: status,
        studentId: body['studentId'],
        courseId: body['courseId'],
      }),
  );
  log.info(`admin-service listening on port ${environment.port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await producer.disconnect();
    await pool.end();
  };
});

function routes(service: Service): readonly Route[] {
  return [
    {
      method: 'POST',
      path: /^\/api\/v1\/admin\/allocations\/auto-assign$/,
      answer: (body) => assign(service, body),
    },
    {
      method: 'POST',
      path: /^\/api\/v1\/admin\/allocations\/(?<allocationId>[0-9a-f-]{36})\/(?:fix|create)-sessions$/,
      answer: (_body, parameters) => makeSessions(service, parameters['allocationId'] ?? ''),
    },
  ];
}

async function assign(service: Service, body: Readonly<Record<string, unknown>>): Promise<Answer> {
  const { autoAssign: mode } = service.switches();
  if (mode === '500') return failure(500, 'Internal server error while assigning trainer');
  if (mode === '400') return failure(400, 'Validation failed: date must be YYYY-MM-DD');
  if (mode === 'hang') await sleep(HANG_MS);
  const request = readRequest(body);
  if (request === undefined)
    return failure(400, 'Validation failed: studentId, courseId and date (YYYY-MM-DD)');
  if (mode === 'no-row') {
    const data = { id: randomUUID(), trainerId: randomUUID(), status: 'approved' };
    return { status: 201, body: { success: true, data } };
  }
  const { environment, log, pool, publish } = service;
  const announce = environment.generation === 'newest' ? publish : null;
  const data = await autoAssign(pool, log, request, { trainersFree: mode !== '202', announce });
  return { status: data.trainerId === null ? 202 : 201, body: { success: true, data } };
}

async function makeSessions({ environment, log, pool }: Service, allocationId: string): Promise<Answer> {
  const allocation = await findAllocation(pool, allocationId);
  if (allocation === undefined) return failure(404, 'Allocation not found');
  if (allocation.trainerId === null || !['approved', 'active'].includes(allocation.status)) {
    return failure(400, `Allocation is ${allocation.status}`);
  }
  const courseId = environment.generation === 'newest' ? null : allocation.courseId;
  const made = await createSessions(pool, allocation, courseId);
  log.info('Sessions created by request', { allocationId, count: made.length });
  return { status: 201, body: { success: true, data: { allocationId, sessionsCreated: made.length } } };
}

function readRequest(body: Readonly<Record<string, unknown>>): AssignRequest | undefined {
  const { studentId, courseId, date, timeSlot, requestedBy, paymentMetadata } = body;
  if (typeof studentId !== 'string' || typeof courseId !== 'string' || typeof date !== 'string')
    return undefined;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  return {
    studentId,
    courseId,
    date,
    ...(typeof timeSlot === 'string' ? { timeSlot } : {}),
    ...(typeof requestedBy === 'string' ? { requestedBy } : {}),
    paymentMetadata: readMetadata(paymentMetadata ?? {}),
  };
}

function failure(status: number, error: string): Answer {
  return { status, body: { success: false, error } };
}
