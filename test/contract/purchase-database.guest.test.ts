import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates, TLSSocket } from 'node:tls';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres, type PostgresOptions } from '../../src/adapters/postgres/open.ts';
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
  type PlatformDatabase,
  POSTGRES_MISSING,
  type RealPostgres,
  startPostgres,
} from '../support/real-postgres.ts';

import { serveTcp, slowProxy, unusedAddress } from '../support/tcp.ts';

const OPENSSL_MISSING = spawnSync('openssl', ['version']).status === 0 ? null : 'no openssl on the PATH';
const signal = AbortSignal.timeout(600_000);
const WINDOW = { windowMs: 7 * DAY, limit: 100, asked: [] };

function open(url: string, options: Partial<PostgresOptions> = {}): PurchaseDatabaseReader {
  return openPostgres({
    url,
    ssl: { mode: 'disable' },
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 300,
    connectTimeoutMs: 5_000,
    applicationName: 'kc-doctor',
    secrets: [],
    ...options,
  });
}

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
    await untilSome(async () => {
      const found = await database.owner.query(
        `select from pg_stat_activity where usename = $1 and wait_event_type = 'Lock'`,
        [`${database.name}_reader`],
      );
      return found.rowCount === 0 ? null : true;
    });
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

  describe('when it cannot look', () => {
    it('says that nobody listens', async () => {
      await using reader = open(`postgres://kc:hush-hush@${await unusedAddress()}/kc`);
      await expect(reader.facts(signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_REFUSED',
        gapCode: 'refused',
        system: 'postgres',
      });
    });

    it('says that the name does not resolve', async () => {
      await using reader = open('postgres://kc@db.invalid/kc');
      await expect(reader.facts(signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_UNRESOLVABLE',
        gapCode: 'unresolvable',
      });
    });

    it('stops waiting for a server that accepts and is silent', async () => {
      await using mute = await serveTcp(() => undefined);
      await using reader = open(`postgres://kc@${mute.address}/kc`, { connectTimeoutMs: 100 });
      await expect(reader.facts(signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_TIMEOUT',
        gapCode: 'timeout',
      });
      await using patient = open(`postgres://kc@${mute.address}/kc`, { connectTimeoutMs: 60_000 });
      await expect(patient.facts(AbortSignal.timeout(100))).rejects.toMatchObject({ gapCode: 'timeout' });
      expect(await untilSome(async () => (mute.connections() === 0 ? 'hung up' : null))).toBe('hung up');
    });

    it('stops waiting for a server that falls silent in the middle', async () => {
      const { host } = new URL(database.readerUrl);
      const delays = { now: 0 };
      await using proxy = await slowProxy(host, () => delays.now);
      const url = database.readerUrl.replace(host, proxy.address);
      await using reader = open(url, { statementTimeoutMs: 200, connectTimeoutMs: 200 });
      expect(await reader.knownPayments([chain.payment.id], signal)).toEqual([chain.payment.id]);
      delays.now = 3_600_000;
      await expect(reader.knownPayments([chain.payment.id], signal)).rejects.toMatchObject({
        gapCode: 'timeout',
      });
      delays.now = 0;
      expect(await reader.knownPayments([chain.payment.id], signal)).toEqual([chain.payment.id]);
    });

    it('names the login that is not accepted, and never the password', async () => {
      const url = new URL(database.ownerUrl);
      url.username = 'nobody_like_that';
      url.password = 'hush-hush';
      await using reader = open(url.toString());
      const failure = await reader.facts(signal).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'KC_POSTGRES_UNAUTHENTICATED', gapCode: 'unauthenticated' });
      expect(JSON.stringify([failure, String(failure), reader.address])).not.toContain('hush-hush');
    });

    it('names a database that does not exist', async () => {
      const url = new URL(database.ownerUrl);
      url.pathname = '/no_such_database';
      await using reader = open(url.toString());
      await expect(reader.facts(signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_NO_DATABASE',
        gapCode: 'protocol',
      });
    });

    it('says what it may not read', async () => {
      await database.owner.query(`revoke select on trainer_allocations from ${database.name}_reader`);
      await using reader = open(database.readerUrl);
      await expect(reader.anomalies(DAY, signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_UNAUTHORIZED',
        gapCode: 'unauthorized',
      });
      await database.owner.query(`grant select on trainer_allocations to ${database.name}_reader`);
      expect(await reader.anomalies(DAY, signal)).toMatchObject({ pairsWithTwoLiveAllocations: 0 });
    });

    it('says that the server speaks no TLS where TLS is wanted', async () => {
      await using plain = await serveTcp((socket) => socket.once('data', () => socket.write('N')));
      await using reader = open(`postgres://kc@${plain.address}/kc`, { ssl: { mode: 'require' } });
      await expect(reader.facts(signal)).rejects.toMatchObject({
        code: 'KC_POSTGRES_TLS',
        gapCode: 'protocol',
      });
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

describeLive('reading Postgres over TLS', OPENSSL_MISSING, () => {
  let folder: string;
  let key: string;
  let cert: string;
  const caFile = () => join(folder, 'cert.pem');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kc-tls-'));
    const request = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=db.example',
    ];
    const names = ['-addext', 'subjectAltName=DNS:db.example'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', caFile()];
    const made = spawnSync('openssl', [...request, ...names, ...files], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
    [key, cert] = (await Promise.all(
      ['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name), 'utf8')),
    )) as [string, string];
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Goes as far as the login, which it refuses: whoever hears that has got through TLS. */
  function secureServer() {
    return serveTcp((socket) => {
      socket.once('data', () => {
        socket.write('S');
        const secure = new TLSSocket(socket, { isServer: true, key, cert });
        secure.on('error', () => undefined);
        secure.once('data', () => secure.end(loginRefused()));
      });
    });
  }

  it.each([
    ['require', false, 'KC_POSTGRES_UNAUTHENTICATED'],
    ['require', true, 'KC_POSTGRES_UNAUTHENTICATED'],
    ['verify-full', false, 'KC_POSTGRES_TLS'],
    // Its certificate is for db.example and the address is 127.0.0.1.
    ['verify-full', true, 'KC_POSTGRES_TLS'],
  ] as const)('with %s and an authority: %s ends in %s', async (mode, withAuthority, code) => {
    await using server = await secureServer();
    const ssl = withAuthority ? { mode, caFile: caFile() } : { mode };
    await using reader = open(`postgres://kc@${server.address}/kc`, { ssl });
    await expect(reader.facts(signal)).rejects.toMatchObject({ code });
  });

  it('does not take the certificate of another authority, even where only encryption is asked for', async () => {
    await using server = await secureServer();
    const other = join(folder, 'other.pem');
    await writeFile(other, rootCertificates[0] ?? '');
    await using reader = open(`postgres://kc@${server.address}/kc`, {
      ssl: { mode: 'require', caFile: other },
    });
    await expect(reader.facts(signal)).rejects.toMatchObject({ code: 'KC_POSTGRES_TLS' });
  });

  it('names the authority that cannot be read', async () => {
    await using server = await secureServer();
    const ssl = { mode: 'require', caFile: join(folder, 'absent.pem') } as const;
    await using reader = open(`postgres://kc@${server.address}/kc`, { ssl });
    await expect(reader.facts(signal)).rejects.toMatchObject({ code: 'KC_POSTGRES_CA', name: 'ConfigError' });
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
      // A query that fails or is given up must leave nothing behind either.
      await expect(reader.marksOf(['x'.repeat(10)], AbortSignal.abort())).rejects.toMatchObject({
        gapCode: 'timeout',
      });
      expect(await write(writer)).toEqual(before);
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

/** Sessions in the test's database besides the owner's. */
async function openSessions(database: PlatformDatabase): Promise<number> {
  const { rowCount } = await database.owner.query(
    `select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
  return rowCount ?? 0;
}

async function untilSome<T>(look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error('it did not happen within 20 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** ErrorResponse: severity, SQLSTATE and text, each ended by a zero. */
function loginRefused(): Buffer {
  const fields = Buffer.from('SFATAL\0C28P01\0Mpassword authentication failed\0\0');
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from('E'), length, fields]);
}
