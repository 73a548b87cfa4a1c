import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { type DoctorRun, doctor, documentOf, summaryOf } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { dockerEvents, fingerprint, statisticsSettle } from '../support/fingerprint.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { missingKafka, startRealKafka } from '../support/real-kafka.ts';
import { PGBOUNCER_MISSING, startPgbouncer } from '../support/real-pgbouncer.ts';
import { connect } from '../support/real-postgres.ts';

/** Of the lab's configuration: the grace of an allocation row. */
const LONGEST_GRACE_MS = 13_000;
const TRACED = '<a payment>';
/** Every command that looks, for people and for programs. */
const COMMANDS = [
  ['diagnose'],
  ['diagnose', '--json', '--verbose'],
  ['trace', TRACED],
  ['trace', TRACED, '--json'],
  ['snapshot', '-o', 'state.json'],
  ['config'],
  ['config', '--json'],
  ['smoke'],
  ['fix', '--dry-run'],
  ['history'],
].map((args) => ({ command: args.join(' '), args }));

describeLive('looking at a real platform', labMissing, () => {
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;
  let payment = '';

  beforeAll(async () => {
    ({ lab, dispose } = await openTestLab({ warm: true }));
    [payment = ''] = await lab.pay(1);
    await lab.waitForSessions([payment]);
    await lab.waitForIdle();
    await statisticsSettle(lab);
  });
  afterAll(async () => {
    await dispose?.();
  });

  const run = (args: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {}) =>
    doctor(
      [
        ...args.map((arg) => (arg === TRACED ? payment : arg)),
        ...['--project', lab.project, '--config', lab.configFile],
      ],
      { cwd, environment },
    );

  it.each(COMMANDS)('$command leaves everything as it was', async ({ args }) => {
    await using folder = await emptyFolder();
    const before = await fingerprint(lab);
    const sinceMs = Date.now();
    const done = await run(args, folder.path);
    expect(await dockerEvents(lab, sinceMs, Date.now())).toEqual([]);
    expect(await fingerprint(lab)).toEqual(before);
    expect(done.exitCode, `${done.stdout}\n${done.stderr}`).toBe(0);
  });

  it.each(COMMANDS)('$command needs no more than the right to select', async ({ args }) => {
    await using folder = await emptyFolder();
    const before = await fingerprint(lab);
    const done = await run(args, folder.path, { POSTGRES_URL: lab.readOnlyDatabaseUrl });
    expect(await fingerprint(lab)).toEqual(before);
    expect(done.exitCode, `${done.stdout}\n${done.stderr}`).toBe(0);
    expect(done.stdout).not.toContain('login could write');
    expectNoSecret(done, lab);
  });

  it('leaves everything as it was where a payment has stopped, too', async () => {
    await using folder = await emptyFolder();
    await lab.stop('purchase-worker');
    const stopped = await lab.pay(1);
    await lab.waitForAge(stopped, LONGEST_GRACE_MS);
    await statisticsSettle(lab);
    const before = await fingerprint(lab);
    const sinceMs = Date.now();
    for (const args of [
      ['diagnose', '--json'],
      ['trace', ...stopped],
      ['snapshot', '-o', 'state.json'],
    ]) {
      const done = await run(args, folder.path, { POSTGRES_URL: lab.readOnlyDatabaseUrl });
      expect(done.exitCode, `${done.stdout}\n${done.stderr}`).toBe(1);
    }
    expect(await dockerEvents(lab, sinceMs, Date.now())).toEqual([]);
    expect(await fingerprint(lab)).toEqual(before);
    await lab.start('purchase-worker');
    await lab.waitForSessions(stopped);
    await lab.waitForIdle();
  });

  it('would have seen a change', async () => {
    const before = await fingerprint(lab);
    const sinceMs = Date.now();
    await lab.restart('course-service');
    await lab.waitForHealth('course-service');
    const [later] = await lab.pay(1);
    await lab.waitForSessions([later ?? '']);
    await lab.waitForIdle();
    await statisticsSettle(lab);
    const after = await fingerprint(lab);
    for (const part of ['topics', 'groups', 'tables', 'containers'] as const)
      expect(after[part]).not.toEqual(before[part]);
    expect(await dockerEvents(lab, sinceMs, Date.now())).toContain('container start');
  });

  it('keeps the secrets of the platform out of a snapshot', async () => {
    await using folder = await emptyFolder();
    const done = await run(['snapshot', '-o', 'state.json'], folder.path);
    const text = await readFile(join(folder.path, 'state.json'), 'utf8');
    expect(text).toContain(lab.project);
    expectNoSecret({ ...done, stdout: text }, lab);
  });

  describeLive('through a transaction pooler', PGBOUNCER_MISSING, () => {
    it.each(COMMANDS)('$command leaves the session of a client that writes as it was', async ({ args }) => {
      await using folder = await emptyFolder();
      await using pooler = await startPgbouncer(lab.platformDatabaseUrl);
      const url = pooler.through(lab.platformDatabaseUrl);
      await using writer = await startWriter(url, lab);
      const done = await run(args, folder.path, { POSTGRES_URL: url });
      expect(done.exitCode, `${done.stdout}\n${done.stderr}`).toBe(0);
      expect(await writer.transactionsSince()).toBeGreaterThan(0);
      expect(writer.failures).toEqual([]);
      expect(writer.sessions).toEqual([writer.sessionBefore]);
    });
  });
});

describe('a cluster that no group ever used', () => {
  describeLive('on a real broker', missingKafka(), () => {
    it('is not made to create its offsets topic', async () => {
      await using folder = await emptyFolder();
      await using real = await startRealKafka();
      const admin = real.kafka.admin();
      await admin.connect();
      await admin.createTopics({
        topics: ['purchase-confirmed', 'purchase-created', 'trainer-allocated'].map((topic) => ({
          topic,
          numPartitions: 3,
          replicationFactor: 1,
        })),
      });
      const topics = (await admin.listTopics()).sort();
      for (const args of [['diagnose'], ['diagnose', '--json']]) {
        const done = await doctor(args, {
          cwd: folder.path,
          environment: { KAFKA_BROKERS: real.bootstrap, DOCKER_HOST: 'tcp://127.0.0.1:1' },
        });
        expect(done.exitCode, `${done.stdout}\n${done.stderr}`).toBe(3);
        if (args.includes('--json')) {
          const document = documentOf(done);
          const exist = document.checks.find(({ id }) => id === 'topics/expected-exist');
          expect(exist?.status, summaryOf(document)).toBe('pass');
        }
      }
      expect((await admin.listTopics()).sort()).toEqual(topics);
      expect(topics).not.toContain('__consumer_offsets');
      await admin.disconnect();
    });
  });
});

function expectNoSecret({ stdout, stderr }: Pick<DoctorRun, 'stdout' | 'stderr'>, lab: Lab): void {
  const passwords = [lab.databaseUrl, lab.platformDatabaseUrl, lab.readOnlyDatabaseUrl].map(
    (url) => new URL(url).password,
  );
  for (const password of passwords) {
    expect(password).not.toBe('');
    expect(`${stdout}${stderr}`).not.toContain(password);
  }
}

/** What a transaction finds set by whoever had the server's session before it. */
const SESSION = `select json_build_array(
  current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('jit'),
  current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'),
  current_setting('default_transaction_read_only'), current_setting('transaction_read_only'),
  current_setting('search_path'), current_setting('default_transaction_isolation'))::text as session`;

/** The platform's own work through the pooler, transaction after transaction, with what each of them found. */
async function startWriter(url: string, lab: Lab) {
  const table = `bystander_${process.hrtime.bigint()}`;
  await lab.sql(`create table public.${table} (at timestamptz)`);
  await lab.sql(`grant all on public.${table} to public`);
  const client = await connect(url);
  const sessions = new Set<string>();
  const failures: string[] = [];
  let done = 0;
  let isStopped = false;
  const turn = async () => {
    try {
      await client.query('begin');
      const { rows } = await client.query<{ session: string }>(SESSION);
      for (const { session } of rows) sessions.add(session);
      await client.query(`insert into public.${table} values (now())`);
      await client.query('commit');
      done += 1;
    } catch (error) {
      failures.push(String(error));
      await client.query('rollback');
    }
  };
  await turn();
  const [sessionBefore = ''] = sessions;
  const doneBefore = done;
  const working = (async () => {
    while (!isStopped) await turn();
  })();
  return {
    sessionBefore,
    failures,
    get sessions(): readonly string[] {
      return [...sessions];
    },
    /** Transactions beside the look, the last of them after it. */
    transactionsSince: async () => {
      const soFar = done;
      await lab.until('the writer goes on', async () => done > soFar || failures.length > 0);
      return done - doneBefore;
    },
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      await working;
      await client.end();
      await lab.sql(`drop table public.${table}`);
    },
  };
}
