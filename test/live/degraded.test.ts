import { readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { makeTables } from '../../lab/postgres/server.ts';
import { CATALOGUE } from '../../src/checks/catalogue.ts';
import type { CheckId, StatePart } from '../../src/checks/check.ts';
import type { DiagnosisDocument } from '../../src/report/schema.ts';
import { type DoctorRun, doctor, documentOf, summaryOf } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { connect } from '../support/real-postgres.ts';
import type { TestServer } from '../support/tcp.ts';
import { distantProxy, fallingSilent, TROUBLES, type Trouble, troubled } from '../support/tcp-proxy.ts';

const SYSTEMS = ['docker', 'kafka', 'postgres', 'admin-service'] as const;
type System = (typeof SYSTEMS)[number];

const DOCKER_SOCKET = '/var/run/docker.sock';
/** The default of 15 s, and what starting and ending a process costs. */
const DEADLINE_MS = 16_000;
const FAR_AWAY_MS = 80;

/** Which system a part of the state is read from. */
const SYSTEM_OF: Readonly<Record<StatePart, System | null>> = {
  settings: null,
  identity: null,
  containers: 'docker',
  compose: 'docker',
  logs: 'docker',
  cluster: 'kafka',
  topics: 'kafka',
  groups: 'kafka',
  records: 'kafka',
  deadLetters: 'kafka',
  database: 'postgres',
  schema: 'postgres',
  payments: 'postgres',
  purchases: 'postgres',
  allocations: 'postgres',
  sessions: 'postgres',
  marks: 'postgres',
  anomalies: 'postgres',
  clocks: 'postgres',
  runs: 'postgres',
  admin: 'admin-service',
};

/** Checks that read the hidden system as well, and whose healthy condition another one shows by itself, where nothing is under way. */
const DECIDED_ELSEWHERE: Readonly<Record<System, readonly CheckId[]>> = {
  docker: [
    // Kafka, the database and admin-service answer for themselves.
    'topics/broker-answers',
    'schema/database-answers',
    'allocation/admin-answers',
    // Every group has members and has read to the end, and the broker holds no dead letter.
    'offsets/group-known',
    'offsets/group-stable',
    'offsets/committed-inside-log',
    'offsets/records-being-read',
    'offsets/no-record-blocks',
    'events/dead-letters-settled',
    // Every payment arrived: what a log could tell of one that did not has no subject.
    'events/reads-leave-effects',
    'events/marks-match-rows',
    'events/allocations-announced',
    'events/marks-by-owner',
    'events/no-hand-made-rows',
    'allocation/calls-leave-rows',
    'allocation/trainers-assigned',
    // The guards are valid and a column of type text takes every id, whatever the logs say.
    'schema/guards-present',
    'schema/event-id-fits',
  ],
  kafka: [
    // Docker says which containers there are and how they run; groups and records only tell whom it hurts.
    'containers/workers-deployed',
    'containers/workers-running',
    'containers/workers-steady',
    'containers/services-running',
    'containers/broker-address-usable',
    // Logs that reach back to the start of each worker, without a crash or a lost connection in them.
    'containers/consumers-alive',
    'containers/workers-reach-kafka',
    'allocation/calls-succeed',
    'allocation/admin-answers',
    // The database shows that every payment arrived, each with its own purchase, rows behind every mark, and trainers.
    'events/payments-announced',
    'events/marks-match-rows',
    'events/sessions-exist',
    'events/marks-by-owner',
    'events/one-payment-per-purchase',
    'allocation/calls-leave-rows',
    'allocation/trainers-assigned',
    // A column of type text takes every id.
    'schema/event-id-fits',
  ],
  postgres: [
    'containers/services-running',
    'allocation/admin-answers',
    'allocation/calls-succeed',
    // Commits, ends of logs and members; marks only tell how a record was dropped.
    'offsets/group-stable',
    'offsets/committed-inside-log',
    'offsets/records-being-read',
    'offsets/no-record-blocks',
    // There is no dead letter.
    'events/dead-letters-settled',
  ],
  'admin-service': [],
};

function mayNotPass(hidden: System): readonly CheckId[] {
  return CATALOGUE.filter(
    ({ id, needs }) =>
      needs.some((part) => SYSTEM_OF[part] === hidden) && !DECIDED_ELSEWHERE[hidden].includes(id),
  ).map(({ id }) => id);
}

/** Where each system really is, from this host. */
function placesOf(lab: Lab): Readonly<Record<System, string>> {
  return {
    docker: DOCKER_SOCKET,
    kafka: `127.0.0.1:${lab.kafkaHostPort}`,
    postgres: new URL(lab.platformDatabaseUrl).host,
    'admin-service': new URL(lab.url('admin-service')).host,
  };
}

function addressesOf(proxies: {
  readonly docker: TestServer;
  readonly kafka: TestServer;
  readonly postgres: TestServer;
  readonly admin: TestServer;
}): Readonly<Record<System, string>> {
  const { docker, kafka, postgres, admin } = proxies;
  return {
    docker: docker.address,
    kafka: kafka.address,
    postgres: postgres.address,
    'admin-service': admin.address,
  };
}

interface Way {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A folder with a configuration that leads to these addresses; all are named, so that only the one in trouble is missing. */
async function wayTo(lab: Lab, folder: string, addresses: Readonly<Record<System, string>>): Promise<Way> {
  const database = new URL(lab.platformDatabaseUrl);
  database.host = addresses.postgres;
  const file = join(folder, 'way.json');
  const shared = JSON.parse(await readFile(lab.configFile, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...shared, addressMap: { 'kafka:9092': addresses.kafka } }));
  return {
    args: ['--project', lab.project, '--config', file],
    cwd: folder,
    environment: {
      ...(addresses.docker === DOCKER_SOCKET ? {} : { DOCKER_HOST: `tcp://${addresses.docker}` }),
      KAFKA_BROKERS: 'kafka:9092',
      POSTGRES_URL: database.href,
      ADMIN_SERVICE_URL: `http://${addresses['admin-service']}`,
    },
  };
}

function lookBy({ args, cwd, environment }: Way, ...command: readonly string[]): Promise<DoctorRun> {
  return doctor([...command, ...args], { cwd, environment });
}

/** A stack, or what Node says of a defect. */
const COMPLAINTS = /^\s+at .*:\d+:\d+\)?$|Unhandled|MaxListeners|Warning:/m;

function expectNothingMissing(document: DiagnosisDocument): void {
  const told = summaryOf(document);
  expect(
    document.checks.filter(({ status }) => status === 'fail').map(({ id }) => id),
    told,
  ).toEqual([]);
  expect(
    document.cohorts.filter(({ kind }) => kind === 'stuck'),
    told,
  ).toEqual([]);
}

describeLive('a platform that can only be seen in part', labMissing, () => {
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ({ lab, dispose } = await openTestLab({ warm: true }));
    await lab.waitForSessions(await lab.pay(2));
    await lab.waitForIdle();
  });
  afterAll(async () => {
    await dispose?.();
  });

  async function lookWithout(hidden: System, trouble: Trouble, ...command: readonly string[]) {
    await using folder = await emptyFolder();
    const places = placesOf(lab);
    await using broken = await troubled(places[hidden], trouble);
    const way = await wayTo(lab, folder.path, { ...places, [hidden]: broken.address });
    return await lookBy(way, ...command);
  }

  function expectGap(run: DoctorRun, hidden: System): DiagnosisDocument {
    const document = documentOf(run);
    const told = summaryOf(document);
    expect(run.tookMs, told).toBeLessThan(DEADLINE_MS);
    expect(run.stderr).not.toMatch(COMPLAINTS);
    const own = hidden === 'docker' ? ['docker', 'compose'] : [hidden];
    const gaps = document.coverage.notLooked;
    expect(
      gaps.map(({ system }) => system),
      told,
    ).toContain(hidden);
    expect(
      gaps.filter(({ system }) => !own.includes(system)),
      told,
    ).toEqual([]);
    for (const { reason, hint } of gaps) {
      expect(reason).not.toBe('');
      expect(hint).not.toBe('');
    }
    const passed = document.checks.filter(({ status }) => status === 'pass').map(({ id }) => id);
    expect(
      passed.filter((id) => mayNotPass(hidden).includes(id as CheckId)),
      told,
    ).toEqual([]);
    expectNothingMissing(document);
    return document;
  }

  describe.each(['docker', 'kafka', 'postgres'] as const)('%s', (hidden) => {
    it.each(TROUBLES)('%s: names the gap in time, passes nothing that rests on it', async (trouble) => {
      const run = await lookWithout(hidden, trouble, '--json');
      expectGap(run, hidden);
      expect(run.exitCode, run.stdout).toBe(3);
    });
  });

  it.each(TROUBLES)('admin-service %s: a warning on the newest generation', async (trouble) => {
    const run = await lookWithout('admin-service', trouble, '--json');
    const document = expectGap(run, 'admin-service');
    expect(document.checks.find(({ id }) => id === 'allocation/admin-answers')?.status).toBe('warn');
    expect(run.exitCode, run.stdout).toBe(0);
  });

  it.each(SYSTEMS)('says to a person what happened to %s', async (hidden) => {
    const run = await lookWithout(hidden, 'refused');
    expect(run.stdout).toMatch(/not looked at\n/);
    expect(run.stdout.replace(/\s+/g, ' ')).toMatch(/refused the connection/);
    expect(`${run.stdout}${run.stderr}`).not.toMatch(COMPLAINTS);
  });

  it.each([5, 40, 70, 80, 90, 100])('ends in time where all fall silent after %i answers', async (left) => {
    await using folder = await emptyFolder();
    const answers = { left };
    const places = placesOf(lab);
    await using docker = await fallingSilent(places.docker, answers);
    await using kafka = await fallingSilent(places.kafka, answers);
    await using postgres = await fallingSilent(places.postgres, answers);
    await using admin = await fallingSilent(places['admin-service'], answers);
    const way = await wayTo(lab, folder.path, addressesOf({ docker, kafka, postgres, admin }));
    const run = await lookBy(way, '--json');
    const document = documentOf(run);
    expect(run.tookMs).toBeLessThan(DEADLINE_MS);
    expect(run.stderr).not.toMatch(COMPLAINTS);
    expectNothingMissing(document);
    const isBlind = document.checks.some(({ required, status }) => required && status === 'unknown');
    expect(run.exitCode, summaryOf(document)).toBe(isBlind ? 3 : 0);
  });

  it('is healthy, in time, where every system is far away', async () => {
    await using folder = await emptyFolder();
    const places = placesOf(lab);
    await using docker = await distantProxy(places.docker, FAR_AWAY_MS);
    await using kafka = await distantProxy(places.kafka, FAR_AWAY_MS);
    await using postgres = await distantProxy(places.postgres, FAR_AWAY_MS);
    await using admin = await distantProxy(places['admin-service'], FAR_AWAY_MS);
    const way = await wayTo(lab, folder.path, addressesOf({ docker, kafka, postgres, admin }));
    const run = await lookBy(way, '--json');
    const document = documentOf(run);
    expect(run.exitCode, summaryOf(document)).toBe(0);
    expect(document.coverage.notLooked, summaryOf(document)).toEqual([]);
    expect(run.tookMs).toBeLessThan(DEADLINE_MS);
  });

  it('says in one sentence that a password is wrong, and nowhere the password', async () => {
    await using folder = await emptyFolder();
    const way = await wayTo(lab, folder.path, placesOf(lab));
    const wrong = new URL(lab.platformDatabaseUrl);
    wrong.password = 'not-the-password-7d1';
    const environment = { ...way.environment, POSTGRES_URL: wrong.href };
    const run = await lookBy({ ...way, environment });
    const text = run.stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(/Postgres at \S+ did not accept the login: 28P01 password authentication failed/);
    expect(text).toContain('Check user, password and sslmode of POSTGRES_URL.');
    expect(`${run.stdout}${run.stderr}`).not.toMatch(COMPLAINTS);
    expect(`${run.stdout}${run.stderr}`).not.toContain(wrong.password);
    expect(run.exitCode).toBe(3);
  });

  describe('a Docker daemon that runs none of the workers', () => {
    it('calls no worker missing', async () => {
      await using folder = await emptyFolder();
      await using daemon = await daemonWithoutContainers();
      const way = await wayTo(lab, folder.path, { ...placesOf(lab), docker: daemon.address });
      for (const args of [way.args, way.args.slice(2)]) {
        const run = await lookBy({ ...way, args }, '--json');
        const document = documentOf(run);
        expectNothingMissing(document);
        const passed = document.checks.filter(({ status }) => status === 'pass').map(({ id }) => id);
        expect(
          passed.filter((id) => id.startsWith('containers/worker')),
          summaryOf(document),
        ).toEqual([]);
        expect(run.exitCode, summaryOf(document)).toBe(3);
      }
    });

    it('does not blame them for a payment that stopped', async () => {
      await using folder = await emptyFolder();
      await using daemon = await daemonWithoutContainers();
      const way = await wayTo(lab, folder.path, { ...placesOf(lab), docker: daemon.address });
      await lab.stop('purchase-worker');
      const stopped = await lab.pay(1);
      await lab.waitForAge(stopped, LONGEST_GRACE_MS);
      const run = await lookBy(way, '--json');
      await lab.start('purchase-worker');
      await lab.waitForSessions(stopped);
      await lab.waitForIdle();
      const document = documentOf(run);
      expect(run.exitCode, summaryOf(document)).toBe(1);
      const causes = document.cohorts.flatMap((cohort) => cohort.causes);
      const blamed = causes.filter(({ id }) => id === 'worker-not-deployed');
      expect(blamed.filter(({ level }) => level === 'confirmed' || level === 'likely')).toEqual([]);
      expect(
        document.checks.find(({ id }) => id === 'containers/workers-deployed')?.status,
        summaryOf(document),
      ).not.toBe('fail');
    });
  });

  describe('an env file of another platform beside a local Docker', () => {
    it('names the contradiction and no payment', async () => {
      await using folder = await emptyFolder();
      await using other = await otherPlatform(lab);
      const lines = ['KAFKA_BROKERS=kafka:9092', `POSTGRES_URL=${other.url}`];
      await writeFile(join(folder.path, '.env.production'), `${lines.join('\n')}\n`);
      const way = { args: ['--project', lab.project, '--config', lab.configFile], cwd: folder.path };
      for (const command of [['diagnose'], ['diagnose', '--json'], ['trace', ...other.payments]]) {
        const run = await lookBy({ ...way, environment: {} }, ...command);
        expect(run.exitCode, `${run.stdout}${run.stderr}`).toBe(2);
        expect(run.stderr).toMatch(/these are parts of different platforms: .*kafka.*postgres/s);
        expect(run.stderr).toContain(other.name);
        expect(run.stdout).toBe('');
        for (const payment of other.payments) expect(run.stderr).not.toContain(payment);
        expect(run.stderr).not.toMatch(COMPLAINTS);
      }
    });
  });

  describe('the older generation', () => {
    beforeAll(async () => {
      await lab.reset({ generation: 'older', warm: true });
      await lab.waitForIdle();
    });

    it('is healthy while everything is seen', async () => {
      await using folder = await emptyFolder();
      const run = await lookBy(await wayTo(lab, folder.path, placesOf(lab)), '--json');
      expect(run.exitCode, summaryOf(documentOf(run))).toBe(0);
    });

    it.each(TROUBLES)('admin-service %s: not healthy, since it assigns the trainers', async (trouble) => {
      const run = await lookWithout('admin-service', trouble, '--json');
      expectGap(run, 'admin-service');
      expect(run.exitCode, run.stdout).toBe(3);
    });
  });
});

/** Of the lab's configuration: the grace of an allocation row. */
const LONGEST_GRACE_MS = 13_000;

/** The real daemon, except that it lists no container. */
async function daemonWithoutContainers(): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer((asked, answer) => {
    if (/\/containers\/json/.test(asked.url ?? '')) {
      answer.writeHead(200, { 'content-type': 'application/json' }).end('[]');
      return;
    }
    const { method, url: path, headers } = asked;
    const passed = request({ socketPath: DOCKER_SOCKET, method, path, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface OtherPlatform extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly payments: readonly string[];
}

/** A database with payments of its own, of which the lab's broker has never heard. */
async function otherPlatform(lab: Lab): Promise<OtherPlatform> {
  const name = `other_${process.hrtime.bigint()}`;
  await lab.sql(`create database ${name}`);
  const url = new URL(lab.databaseUrl);
  url.pathname = `/${name}`;
  const client = await connect(url.href);
  await makeTables(client);
  const { rows } = await client.query<{ id: string }>(`insert into payments
    (student_id, amount_cents, status, metadata, confirmed_at, created_at)
    select gen_random_uuid(), 100000, 'succeeded',
      jsonb_build_object('courseId', gen_random_uuid()), now() - interval '1 hour', now() - interval '1 hour'
    from generate_series(1, 3)
    returning id`);
  await client.end();
  return {
    name,
    url: url.href,
    payments: rows.map(({ id }) => id),
    [Symbol.asyncDispose]: async () => {
      await lab.sql(`drop database ${name} with (force)`);
    },
  };
}
