import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocationId, courseId, paymentId, purchaseId, studentId } from '../../src/platform/ids.ts';
import type { PurchaseDatabaseReader } from '../../src/ports/purchase-database.ts';
import { describeLive } from '../support/live.ts';
import {
  allocationRecord,
  DAY,
  HOUR,
  healthyChain,
  joinRows,
  NO_ROWS,
  paymentRecord,
  purchaseRecord,
} from '../support/platform-rows.ts';
import { PGBOUNCER_MISSING, startPgbouncer } from '../support/real-pgbouncer.ts';
import {
  connect,
  createPlatformDatabase,
  openForTest as open,
  type PlatformDatabase,
  POSTGRES_MISSING,
  type RealPostgres,
  startPostgres,
  untilSome,
} from '../support/real-postgres.ts';

const signal = AbortSignal.timeout(600_000);
const WINDOW = { windowMs: 7 * DAY, limit: 100, asked: [] };

/** Every method once, with ids that are there. */
async function readAll(
  reader: PurchaseDatabaseReader,
  chain: ReturnType<typeof healthyChain>,
): Promise<void> {
  const pair = { studentId: studentId(chain.payment.studentId), courseId: courseId(chain.courseId) };
  const payment = paymentId(chain.payment.id);
  await Promise.all([
    reader.facts(signal),
    reader.schema(signal),
    reader.payments({ windowMs: 30 * DAY, limit: 10, asked: [payment] }, signal),
    reader.purchasesOf([pair], signal),
    reader.allocationsOf([pair], signal),
    reader.sessionsOf([allocationId(chain.allocation.id)], signal),
    reader.marksOf([payment, 'purchase-created-x'], signal),
    reader.scriptMarks(30 * DAY, 10, signal),
    reader.anomalies(30 * DAY, signal),
    reader.runs({ windowMs: 30 * DAY, limit: 20 }, signal),
    reader.knownPayments([payment], signal),
    reader.paymentsBehind({ kind: 'student', id: pair.studentId }, signal),
    reader.paymentsBehind({ kind: 'course', id: pair.courseId }, signal),
    reader.paymentsBehind({ kind: 'purchase', id: purchaseId(chain.purchase.id) }, signal),
    reader.paymentsBehind({ kind: 'allocation', id: allocationId(chain.allocation.id) }, signal),
  ]);
}

describeLive('reading Postgres as a guest', POSTGRES_MISSING, () => {
  let server: RealPostgres;
  let database: PlatformDatabase;
  const chain = healthyChain(Date.now() - HOUR);

  beforeAll(async () => {
    server = await startPostgres();
    database = await createPlatformDatabase(server);
    await database.fill(chain);
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it('changes no row', async () => {
    const before = await writesOf(database.owner);
    const reader = open(database.ownerUrl);
    await readAll(reader, chain);
    // The counters of a session arrive when it ends.
    await reader[Symbol.asyncDispose]();
    await untilSome(async () => ((await openSessions(database)) === 0 ? true : null));
    expect(await writesOf(database.owner)).toEqual(before);

    await database.owner.query('update payments set updated_at = now()');
    expect(await writesOf(database.owner)).not.toEqual(before);
  });

  it('could not write if it wanted to: a transaction says so to the server', async () => {
    // A view that writes when it is read, in the place of a table.
    await using trap = await createPlatformDatabase(server);
    await trap.owner.query(`create table written (at timestamptz);
      create function write() returns boolean language sql as 'insert into written values (now()); select true';
      alter table payments rename to real_payments;
      create view payments as select * from real_payments where write()`);
    await trap.owner.query(`insert into real_payments (id, student_id, amount_cents, currency, status)
      values (gen_random_uuid(), gen_random_uuid(), 1, 'INR', 'succeeded')`);
    await using trapped = open(trap.ownerUrl);
    await expect(trapped.payments(WINDOW, signal)).rejects.toThrow(/read-only transaction/);
    expect((await trap.owner.query('select from written')).rowCount).toBe(0);
  });

  it('needs no more than the right to select, and says that it cannot write', async () => {
    await using reader = open(database.readerUrl);
    await readAll(reader, chain);
    expect(await reader.facts(signal)).toMatchObject({
      canWrite: false,
      name: database.name,
      user: `${database.name}_reader`,
    });
    await using owner = open(database.ownerUrl);
    expect(await owner.facts(signal)).toMatchObject({ canWrite: true });
  });

  it('goes without a system identifier that it may not read', async () => {
    await database.owner.query('revoke execute on function pg_control_system() from public');
    await using reader = open(database.readerUrl);
    expect(await reader.facts(signal)).toMatchObject({ systemId: null, name: database.name });
    await database.owner.query('grant execute on function pg_control_system() to public');
    expect((await reader.facts(signal)).systemId).toMatch(/^\d+$/);
  });

  it('holds two connections at most, under its name while it asks', async () => {
    await using reader = open(database.readerUrl);
    const lock = await connect(database.ownerUrl);
    await lock.query('begin; lock table payments in access exclusive mode');
    const asking = Promise.allSettled(
      Array.from({ length: 6 }, () => reader.knownPayments([randomUUID()], signal)),
    );
    const seen = await untilSome(async () => {
      const found = await database.owner.query<{ application_name: string }>(
        `select application_name from pg_stat_activity where usename = $1 and wait_event_type = 'Lock'`,
        [`${database.name}_reader`],
      );
      return found.rows.length === 2 ? found.rows : null;
    });
    expect(seen.map((row) => row.application_name)).toEqual(['kc-doctor', 'kc-doctor']);
    expect(
      (await asking).map((result) => (result.status === 'rejected' ? result.reason.gapCode : result.value)),
    ).toEqual(Array.from({ length: 6 }, () => 'timeout'));
    await lock.end();
    expect(await reader.knownPayments([chain.payment.id], signal)).toEqual([chain.payment.id]);
  });

  it('gives up at once when told to, and keeps no connection of it', async () => {
    const lock = await connect(database.ownerUrl);
    await lock.query('begin; lock table payments in access exclusive mode');
    await using reader = open(database.readerUrl, { lockTimeoutMs: 60_000, statementTimeoutMs: 60_000 });
    const controller = new AbortController();
    const asking = reader.payments(WINDOW, controller.signal);
    await untilSome(async () => ((await waitingForLocks(database)) > 0 ? true : null));
    controller.abort();
    await expect(asking).rejects.toMatchObject({ code: 'KC_POSTGRES_TIMEOUT', gapCode: 'timeout' });
    await lock.end();
    expect(await reader.knownPayments([chain.payment.id], signal)).toEqual([chain.payment.id]);
  });

  it('asks again on a new connection when the server closed an idle one', async () => {
    await using reader = open(database.readerUrl);
    expect(await reader.knownPayments([chain.payment.id], signal)).toHaveLength(1);
    await database.owner.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
      `${database.name}_reader`,
    ]);
    expect(await reader.knownPayments([chain.payment.id], signal)).toHaveLength(1);
  });

  it('lets go of its connections', async () => {
    const reader = open(database.readerUrl);
    await readAll(reader, chain);
    await reader[Symbol.asyncDispose]();
    expect(await untilSome(async () => ((await openSessions(database)) === 0 ? 'none left' : null))).toBe(
      'none left',
    );
  });

  describe('on other schemas', () => {
    it.each([
      { eventId: 'uuid', correlationId: 'uuid' },
      { eventId: 'uuid', correlationId: 'text' },
      { eventId: 'text', correlationId: 'text' },
    ] as const)('finds marks with event_id $eventId and correlation_id $correlationId', async (variant) => {
      await using older = await createPlatformDatabase(server, variant);
      const other = healthyChain(Date.now() - HOUR);
      const marks = [...chain.marks, ...other.marks].filter(
        (mark) => variant.eventId === 'text' || /^[0-9a-f-]{36}$/.test(mark.eventId),
      );
      await older.fill(joinRows({ marks }));
      for (const looksFirst of [true, false]) {
        await using reader = open(older.readerUrl);
        if (looksFirst) await reader.schema(signal);
        const found = await reader.marksOf(
          [chain.payment.id, chain.purchase.id, 'purchase-created-1'],
          signal,
        );
        expect(found).toEqual(chain.marks.slice(0, 2));
      }
    });

    it('names the table that is missing', async () => {
      await using partial = await createPlatformDatabase(server);
      await partial.owner.query('drop table processed_events; alter table payments drop column metadata');
      await using reader = open(partial.ownerUrl);
      await expect(reader.scriptMarks(DAY, 10, signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_SCHEMA',
        gapCode: 'protocol',
        operation: 'marks made by scripts',
        message: expect.stringContaining('"processed_events"'),
      });
      await expect(reader.payments(WINDOW, signal)).rejects.toThrow(/metadata/);
      const found = await reader.schema(signal);
      expect(found.tables.map((table) => table.name)).not.toContain('processed_events');
      expect(found.guards.at(-1)).toMatchObject({ state: 'absent', definition: null, duplicates: null });
    });

    it('tells guards that are absent, invalid and different apart, and counts what breaks them', async () => {
      await using broken = await createPlatformDatabase(server);
      const pair = { studentId: randomUUID(), courseId: randomUUID() };
      await broken.owner.query(`drop index unique_active_purchase; drop index unique_active_allocation;
        drop index unique_session_slot; drop index idx_processed_events_idempotency;
        create unique index unique_session_slot on tutoring_sessions (allocation_id, scheduled_date);
        create unique index another_name on processed_events (event_type, correlation_id)`);
      await broken.fill(
        joinRows({
          purchases: [purchaseRecord(pair, Date.now()), purchaseRecord(pair, Date.now())],
          allocations: [
            allocationRecord(pair, Date.now()),
            allocationRecord(pair, Date.now(), { status: 'active' }),
          ],
        }),
      );
      // A concurrent build that meets duplicates leaves an invalid index behind.
      await expect(
        broken.owner.query(`create unique index concurrently unique_active_allocation
          on trainer_allocations (student_id, course_id) where status in ('active', 'approved')`),
      ).rejects.toThrow(/could not create unique index/);
      await using reader = open(broken.readerUrl);
      const found = await reader.schema(signal);
      expect(found.guards.map((guard) => [guard.name, guard.state, guard.duplicates])).toEqual([
        ['unique_active_purchase', 'absent', 1],
        ['unique_active_allocation', 'invalid', 1],
        ['unique_session_slot', 'different', 0],
        ['idx_processed_events_idempotency', 'valid', null],
      ]);
      expect(await reader.anomalies(DAY, signal)).toMatchObject({ pairsWithTwoLiveAllocations: 1 });
    });
  });

  it('gives the newest part of a window whose oldest is too slow to read', async () => {
    await using slow = await createPlatformDatabase(server);
    const [recent, older] = [paymentRecord(Date.now() - HOUR), paymentRecord(Date.now() - 20 * DAY)];
    const oldest = Array.from({ length: 10 }, (_, index) => paymentRecord(Date.now() - (70 + index) * DAY));
    await slow.fill({ ...NO_ROWS, payments: [recent, older, ...oldest] });
    await slow.owner.query(`alter table payments rename to real_payments;
      create function dawdle() returns boolean language plpgsql cost 100000
        as 'begin perform pg_sleep(1); return true; end';
      create view payments as select * from real_payments where confirmed_at > now() - interval '60 days' or dawdle()`);
    await using reader = open(slow.ownerUrl, { statementTimeoutMs: 2_000 });
    const found = await reader.payments({ windowMs: 90 * DAY, limit: 10, asked: [] }, signal);
    expect(found.unfinished.map((payment) => payment.paymentId)).toEqual([recent.id, older.id]);
    expect(found.coveredFromMs).toBeGreaterThan(found.windowStartMs);
    expect(found.coveredFromMs).toBeLessThan(older.createdAtMs);
    expect(found).toMatchObject({ succeeded: 2, unfinishedTotal: 2, olderMissing: null });
  });
});

describeLive('reading Postgres through a transaction pooler', POSTGRES_MISSING ?? PGBOUNCER_MISSING, () => {
  it('leaves the sessions of the platform as they were, and reads all the same', async () => {
    await using server = await startPostgres();
    await using database = await createPlatformDatabase(server);
    const chain = healthyChain(Date.now() - HOUR);
    await database.fill(joinRows(chain, { payments: [paymentRecord(Date.now() - HOUR)] }));
    await using pooler = await startPgbouncer(database.ownerUrl);
    const writer = await connect(pooler.through(database.ownerUrl));
    try {
      const before = await settingsOf(writer);
      await using reader = open(pooler.through(database.ownerUrl));
      for (let round = 0; round < 3; round += 1) {
        const [during] = await Promise.all([write(writer), readAll(reader, chain)]);
        expect(during).toEqual(before);
        expect(await write(writer)).toEqual(before);
      }
      expect(await reader.payments(WINDOW, signal)).toMatchObject({ succeeded: 2, arrived: 1 });

      // A query that fails or is given up must leave nothing behind either; the pooler throws its server connection away.
      await expect(reader.scriptMarks(Number.NaN, -1, signal)).rejects.toMatchObject({ system: 'postgres' });
      expect(await write(writer)).toEqual(before);
      await database.owner.query('begin; lock table payments in access exclusive mode');
      const controller = new AbortController();
      const asking = reader.payments(WINDOW, controller.signal);
      await untilSome(async () => ((await waitingForLocks(database)) > 0 ? true : null));
      controller.abort();
      await expect(asking).rejects.toMatchObject({ gapCode: 'timeout' });
      await database.owner.query('rollback');
      expect({ ...(await write(writer)), pid: null }).toEqual({ ...before, pid: null });
    } finally {
      await writer.end();
    }
  });
});

const SETTINGS = [
  'statement_timeout',
  'lock_timeout',
  'application_name',
  'default_transaction_read_only',
  'jit',
] as const;

async function settingsOf(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  const columns = SETTINGS.map((name) => `current_setting('${name}') as ${name}`).join(', ');
  const { rows } = await client.query<Record<string, string>>(`select ${columns}, pg_backend_pid() as pid`);
  return rows[0] ?? {};
}

/** Writes as the platform does, and tells under which settings. */
async function write(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  await client.query('update payments set updated_at = now()');
  return await settingsOf(client);
}

async function writesOf(owner: pg.Client): Promise<unknown> {
  // As a rule a session reports its counters once a second (pg_stat_force_next_flush: Postgres 15).
  await owner.query('select pg_stat_force_next_flush()');
  const { rows } = await owner.query(
    'select relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables order by relname',
  );
  return rows;
}

async function waitingForLocks(database: PlatformDatabase): Promise<number> {
  const { rowCount } = await database.owner.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
}

/** Sessions in the test's database besides the owner's. */
async function openSessions(database: PlatformDatabase): Promise<number> {
  const { rowCount } = await database.owner.query(
    `select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
  return rowCount ?? 0;
}
