import { describe, expect, it } from 'vitest';
import type { LogKind } from '../../src/platform/log-line.ts';
import { keepLine, readLogLine, readLogLines } from '../../src/platform/read-log-line.ts';

const AT = 1_767_817_324_000;
const PAYMENT = '5dc56599-cd44-4672-ab73-2bf7f789ef34';
const STUDENT = '809556c1-e184-4b85-8fd6-a5f1c8014bf6';

function raw(text: string, stream: 'stdout' | 'stderr' = 'stdout') {
  return { atMs: AT, stream, text };
}

function worker(message: string, fields: Record<string, unknown> = {}, level = 'info') {
  const line = { level, message, service: 'purchase-worker', timestamp: '2026-01-07 20:22:04', ...fields };
  return raw(JSON.stringify(line));
}

function kafkajs(message: string, fields: Record<string, unknown> = {}, level = 'ERROR') {
  const line = { level, timestamp: '2026-01-07T20:22:04.000Z', logger: 'kafkajs', message, ...fields };
  return raw(JSON.stringify(line), level === 'INFO' ? 'stdout' : 'stderr');
}

function kinds(line: ReturnType<typeof raw>): readonly LogKind[] {
  return readLogLines([line]).map(({ kind }) => kind);
}

describe('phrases of the workers', () => {
  it.each<[string, LogKind]>([
    ['Starting purchase worker', 'starting'],
    ['Starting allocation worker', 'starting'],
    ['[PurchaseWorker] Started', 'starting'],
    ['[PurchaseWorker] Received PURCHASE_CONFIRMED event from Kafka', 'received'],
    [
      '[PurchaseWorker] Processing PURCHASE_CONFIRMED event Processing PURCHASE_CONFIRMED event',
      'processing',
    ],
    ['Failed to process TRAINER_ALLOCATED', 'attempt-failed'],
    ['Operation succeeded after retry', 'retried-ok'],
    ['[PurchaseWorker] Purchase created successfully', 'purchase-created'],
    ['[PurchaseWorker] PURCHASE_CREATED event emitted', 'event-emitted'],
    ['Allocation verified in database', 'allocation-verified'],
    ['[SessionWorker] Sessions created successfully', 'sessions-created'],
    ['Event already processed, skipping', 'skipped-processed'],
    ['RECOVERY: Event marked as processed but purchase missing', 'recovery'],
    ['Topping up sessions', 'topping-up'],
    ['All retries exhausted, sending to DLQ', 'sent-to-dlq'],
    ['Message sent to DLQ', 'sent-to-dlq'],
    ['Calling admin-service allocation API', 'calling-admin'],
    ['Auto Assignment: allocation created', 'auto-assignment-created'],
    ['Auto Assignment: no trainer found, allocation stays pending', 'auto-assignment-no-trainer'],
    ['Auto Assignment: all trainers at capacity', 'auto-assignment-no-trainer'],
    ['Auto Assignment: student has no GPS coordinates', 'auto-assignment-no-trainer'],
    ['Auto Assignment: active allocation exists already', 'auto-assignment-other'],
    ['Allocation service returned allocation without trainerId', 'no-trainer-id'],
    [`Allocation ${PAYMENT} not found in database after API call`, 'allocation-not-found'],
    ['ON CONFLICT constraint not found (42P10) - index missing', 'on-conflict-unmatched'],
    ['Redis connection failed after all retries', 'redis-failed'],
    ['Failed to emit PURCHASE_CONFIRMED event', 'send-failed'],
    ['uncaughtException: REDIS_URL environment variable is required', 'fatal'],
    ['Cache invalidated', 'other'],
    ['Message processed successfully', 'other'],
  ])('%s', (message, kind) => {
    expect(kinds(worker(message))).toEqual([kind]);
  });

  it('leaves a line of level error that no phrase knows as an error', () => {
    expect(kinds(worker('The moon is in the wrong house', {}, 'error'))).toEqual(['error']);
  });

  it('reads ids, position and event type, and writes a doubled text once', () => {
    const line = readLogLine(
      worker('[PurchaseWorker] Processing PURCHASE_CONFIRMED event Processing PURCHASE_CONFIRMED event', {
        correlationId: PAYMENT,
        eventId: 'e1',
        topic: 'purchase-confirmed',
        partition: 1,
        offset: '9007199254740993',
      }),
    );
    expect(line).toEqual({
      atMs: AT,
      stream: 'stdout',
      kind: 'processing',
      level: 'info',
      logger: 'worker',
      message: '[PurchaseWorker] Processing PURCHASE_CONFIRMED event',
      eventType: 'PURCHASE_CONFIRMED',
      correlationId: PAYMENT,
      eventId: 'e1',
      topic: 'purchase-confirmed',
      partition: 1,
      offset: 9_007_199_254_740_993n,
      status: null,
    });
  });

  it('tells the status of a failed request, from its field or from the text', () => {
    const given = readLogLine(
      worker('API Error: POST /allocations/auto-assign', { statusCode: 500 }, 'error'),
    );
    const written = readLogLine(
      worker('API Error: POST /api/v1/admin/allocations/auto-assign 400', {}, 'error'),
    );
    expect([given?.kind, given?.status, written?.status]).toEqual(['api-error', 500, 400]);
  });
});

describe('what happened, and why', () => {
  it.each<[string, string | Record<string, unknown>, LogKind]>([
    [
      'a missing column',
      'column "start_date" of relation "student_course_purchases" does not exist',
      'undefined-column',
    ],
    ['a missing column of an alias', 'column p.start_date does not exist', 'undefined-column'],
    [
      'no constraint',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
      'on-conflict-unmatched',
    ],
    [
      'an aborted transaction',
      'current transaction is aborted, commands ignored until end of transaction block',
      'on-conflict-unmatched',
    ],
    ['a narrow id', 'invalid input syntax for type uuid: "purchase-created-1"', 'uuid-syntax'],
    ['a refused login', 'password authentication failed for user "kc"', 'database-connection'],
    ['too many clients', 'sorry, too many clients already', 'database-connection'],
    ['Postgres away', 'connect ECONNREFUSED 10.0.0.5:5432', 'database-connection'],
    ['another service away', 'connect ECONNREFUSED 172.30.16.4:3010', 'connection-refused'],
    ['an unknown name', 'getaddrinfo ENOTFOUND admin-service', 'connection-unresolvable'],
    ['a slow service', 'timeout of 5000ms exceeded', 'connection-timeout'],
    [
      'an error of a class',
      'Error: Allocation service returned allocation without trainerId',
      'no-trainer-id',
    ],
    ['an SQLSTATE alone', { message: 'Spalte fehlt', code: '42703' }, 'undefined-column'],
    ['a failed login by SQLSTATE', { message: 'nein', code: '28P01' }, 'database-connection'],
  ])('of a failed attempt: %s', (_, error, reason) => {
    expect(kinds(worker('Failed to process PURCHASE_CONFIRMED', { error }, 'error'))).toEqual([
      'attempt-failed',
      reason,
    ]);
  });

  it('finds the reason behind the phrase as well', () => {
    const line = worker('Fatal error This server does not host this topic-partition', {}, 'error');
    expect(kinds(line)).toEqual(['fatal', 'topic-not-hosted']);
  });

  it('keeps a purchase made by the fallback a purchase', () => {
    const line = worker('[PurchaseWorker] Purchase created successfully (fallback method)');
    expect(kinds(line)).toEqual(['purchase-created', 'fallback-method']);
  });

  it('gives one fact where it may give one only', () => {
    const error = 'invalid input syntax for type uuid: "x"';
    expect(readLogLine(worker('Failed to process PURCHASE_CREATED', { error }, 'error'))).toMatchObject({
      kind: 'attempt-failed',
      eventType: 'PURCHASE_CREATED',
      message: `Failed to process PURCHASE_CREATED: ${error}`,
    });
  });

  it('reads the status of a failed call to admin-service', () => {
    const error = 'Allocation API failed with status 503: no trainer table';
    const lines = readLogLines([worker('Failed to process PURCHASE_CREATED', { error }, 'error')]);
    expect(lines.map(({ kind, status }) => [kind, status])).toEqual([
      ['attempt-failed', 503],
      ['api-error', 503],
    ]);
  });
});

describe('kafkajs', () => {
  it.each<[string, Record<string, unknown>, string, readonly LogKind[]]>([
    ['[ConsumerGroup] Consumer has joined the group', { groupId: 'g' }, 'INFO', ['joined']],
    [
      '[Consumer] Crash: KafkaJSNonRetriableError: Unexpected token h in JSON',
      {},
      'ERROR',
      ['consumer-crash-final'],
    ],
    [
      '[Consumer] Crash: KafkaJSNumberOfRetriesExceeded: The group is rebalancing',
      {},
      'ERROR',
      ['consumer-crash'],
    ],
    ['[Consumer] Stopped', { groupId: 'g' }, 'INFO', ['consumer-stopped']],
    ['[Consumer] Restarting the consumer in 9746ms', {}, 'ERROR', ['consumer-restarting']],
    ['[Runner] The group is rebalancing, re-joining', {}, 'WARN', ['rebalancing']],
    ['[Connection] Connection error: connect ECONNREFUSED ::1:9092', {}, 'ERROR', ['connection-refused']],
    ['[Connection] Connection error: getaddrinfo ENOTFOUND kafka', {}, 'ERROR', ['connection-unresolvable']],
    ['[Connection] Connection error: getaddrinfo EAI_AGAIN kafka', {}, 'ERROR', ['connection-unresolvable']],
    ['[Connection] Connection error: read ETIMEDOUT', {}, 'ERROR', ['connection-timeout']],
    ['[Connection] Connection timeout', {}, 'ERROR', ['connection-timeout']],
    [
      '[BrokerPool] Failed to connect to seed broker, trying another broker from the list: Connection error: connect ECONNREFUSED 172.30.0.2:9092',
      {},
      'ERROR',
      ['connection-refused'],
    ],
    [
      '[Connection] Response Metadata(key: 3, version: 6)',
      { error: 'This server does not host this topic-partition', correlationId: 4 },
      'ERROR',
      ['topic-not-hosted'],
    ],
    [
      '[Connection] Response GroupCoordinator(key: 10, version: 2)',
      { error: 'The group coordinator is not available' },
      'ERROR',
      ['coordinator-not-available'],
    ],
    [
      '[Connection] Response Heartbeat(key: 12, version: 3)',
      { error: 'The group is rebalancing, so a rejoin is needed' },
      'ERROR',
      ['other'],
    ],
    [
      '[ConsumerGroup] Offset out of range, resetting to default offset',
      { topic: 't', partition: 0 },
      'ERROR',
      ['offset-out-of-range'],
    ],
    [
      '[Producer] Failed to send messages: Connection timeout',
      {},
      'ERROR',
      ['send-failed', 'connection-timeout'],
    ],
    ['[Consumer] Starting', {}, 'INFO', ['other']],
    ['[Cluster] The sky is falling', {}, 'ERROR', ['error']],
  ])('%s', (message, fields, level, expected) => {
    expect(kinds(kafkajs(message, fields, level))).toEqual(expected);
  });

  it('drops its own small correlation ids and names the group', () => {
    const [line] = readLogLines([
      kafkajs(
        '[ConsumerGroup] Consumer has joined the group',
        { groupId: 'purchase-workers-2', correlationId: '7' },
        'INFO',
      ),
    ]);
    expect(line).toMatchObject({
      logger: 'kafkajs',
      correlationId: null,
      message: '[ConsumerGroup] Consumer has joined the group (groupId purchase-workers-2)',
    });
  });

  it('tells where a handler failed, and why, from its stack', () => {
    const [failed, reason] = readLogLines([
      kafkajs('[Runner] Error when calling eachMessage', {
        topic: 'purchase-confirmed',
        partition: 2,
        offset: '17',
        stack:
          'error: column "start_date" of relation "student_course_purchases" does not exist\n    at x.js:1',
        error: { code: '42703', severity: 'ERROR' },
      }),
    ]);
    expect(failed).toMatchObject({
      kind: 'attempt-failed',
      topic: 'purchase-confirmed',
      partition: 2,
      offset: 17n,
    });
    expect(reason).toMatchObject({ kind: 'undefined-column' });
  });
});

describe('text that a customer wrote', () => {
  const hostile = 'All retries exhausted, sending to DLQ';

  it('does not classify from a field', () => {
    const line = worker('Payment succeeded', {
      studentName: hostile,
      note: '[Consumer] Stopped',
      reason: hostile,
    });
    expect(kinds(line)).toEqual(['other']);
  });

  it('does not classify from the middle of a message', () => {
    expect(kinds(worker(`Welcome mail sent to "${hostile}"`))).toEqual(['other']);
    expect(kinds(worker(`Student [Consumer] Stopped was seen`))).toEqual(['other']);
  });

  it('does not classify from the middle of an error', () => {
    const error =
      'duplicate key value: Key (name)=(column "a" of relation "b" does not exist) already exists';
    expect(kinds(worker('Failed to process PURCHASE_CONFIRMED', { error }, 'error'))).toEqual([
      'attempt-failed',
    ]);
  });

  it('does not take a worker for kafkajs', () => {
    expect(kinds(worker('[Consumer] Stopped'))).toEqual(['other']);
    expect(kinds(worker('[Consumer] Crash: KafkaJSNonRetriableError: x', {}, 'error'))).toEqual(['error']);
  });

  it('does not classify what a line break made a line of', () => {
    expect(kinds(raw(hostile))).toEqual(['other']);
    expect(kinds(raw('Error: column "a" does not exist', 'stdout'))).toEqual(['other']);
  });
});

describe('development logs', () => {
  const coloured =
    '\u001b[90m2026-01-07 20:22:04\u001b[39m [\u001b[36mpurchase-worker\u001b[39m] \u001b[31merror\u001b[39m: ';

  it('joins the Meta line to its text', () => {
    const meta = { correlationId: PAYMENT, eventId: 'e1', error: 'current transaction is aborted' };
    const lines = readLogLines([
      raw(`${coloured}Failed to process PURCHASE_CONFIRMED`),
      raw(`Meta: ${JSON.stringify(meta)}`),
      raw('2026-01-07 20:22:05 [purchase-worker] info: Message sent to DLQ'),
    ]);
    expect(lines.map(({ kind, level, correlationId }) => [kind, level, correlationId])).toEqual([
      ['attempt-failed', 'error', PAYMENT],
      ['on-conflict-unmatched', 'error', PAYMENT],
      ['sent-to-dlq', 'info', null],
    ]);
  });

  it('joins a Meta block of several lines', () => {
    const meta = JSON.stringify({ correlationId: PAYMENT }, null, 2).split('\n');
    const lines = readLogLines([
      raw('info: [SessionWorker] Sessions created successfully'),
      ...`Meta: ${meta.join('\n')}`.split('\n').map((text) => raw(text)),
      raw('warn: Event already processed, skipping'),
    ]);
    expect(lines.map(({ kind, correlationId }) => [kind, correlationId])).toEqual([
      ['sessions-created', PAYMENT],
      ['skipped-processed', null],
    ]);
  });

  it('reads a Meta line whose text was cut off', () => {
    expect(readLogLine(raw(`Meta: {"correlationId":"${PAYMENT}"}`))).toMatchObject({
      kind: 'other',
      correlationId: PAYMENT,
    });
  });

  it('believes an uncaught error on stderr', () => {
    expect(kinds(raw('Error: REDIS_URL environment variable is required', 'stderr'))).toEqual(['error']);
    expect(kinds(raw('Error: getaddrinfo ENOTFOUND kafka', 'stderr'))).toEqual(['connection-unresolvable']);
    expect(kinds(raw('    at Object.<anonymous> (/app/index.js:1:7)', 'stderr'))).toEqual(['other']);
  });
});

describe('keepLine', () => {
  const line = (text: ReturnType<typeof raw>) => {
    const read = readLogLine(text);
    if (read === null) throw new Error('nothing was read');
    return read;
  };

  it('keeps known kinds and errors, and drops noise', () => {
    const none = new Set<string>();
    expect(keepLine(line(worker('Topping up sessions')), none)).toBe(true);
    expect(keepLine(line(worker('Anything', {}, 'error')), none)).toBe(true);
    expect(keepLine(line(worker('Cache invalidated')), none)).toBe(false);
    const waiting = kafkajs('[Connection] Response GroupCoordinator', {
      error: 'The group coordinator is not available',
    });
    expect(keepLine(line(waiting), none)).toBe(false);
  });

  it.each([
    ['as correlation id', worker('Cache invalidated', { correlationId: PAYMENT })],
    ['in another case', worker('Cache invalidated', { correlationId: PAYMENT.toUpperCase() })],
    ['in the text', worker(`Mail for ${PAYMENT} queued`)],
    ['in a field, where no correlation id is', worker('Payment succeeded', { paymentId: PAYMENT })],
  ])('keeps a line that names a target %s', (_, text) => {
    expect(keepLine(line(text), new Set([PAYMENT]))).toBe(true);
    expect(keepLine(line(text), new Set([STUDENT]))).toBe(false);
  });
});

it('has nothing to say of an empty line', () => {
  expect(readLogLine(raw('  '))).toBeNull();
  expect(readLogLines([raw(''), raw('\r')])).toEqual([]);
});

it('cuts a long message and keeps the ids that give it to a payment', () => {
  const line = readLogLine(worker(`Auto Assignment: ${'x'.repeat(2_000)}`, { studentId: STUDENT }));
  expect(line?.message).toHaveLength(400);
  expect(line?.message).toMatch(new RegExp(`\\(studentId ${STUDENT}\\)$`));
});

describe('order of one log', () => {
  it("keeps kafkajs's own order where Docker stamped the two streams the other way round", () => {
    const own = (ms: number) => new Date(Date.UTC(2026, 0, 7, 12, 0, 0, ms)).toISOString();
    const line = (level: string, ms: number, message: string) =>
      JSON.stringify({ level, timestamp: own(ms), logger: 'kafkajs', message });
    const read = readLogLines([
      {
        atMs: Date.UTC(2026, 0, 7, 12, 0, 0, 40),
        stream: 'stdout',
        text: line('INFO', 12, '[Consumer] Stopped'),
      },
      {
        atMs: Date.UTC(2026, 0, 7, 12, 0, 0, 41),
        stream: 'stderr',
        text: line('ERROR', 5, '[Consumer] Crash: KafkaJSNonRetriableError: Unexpected token'),
      },
    ]);
    expect(read.map(({ kind }) => kind)).toEqual(['consumer-crash-final', 'consumer-stopped']);
  });
});
