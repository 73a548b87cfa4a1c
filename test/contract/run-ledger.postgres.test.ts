import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  openPostgresLedger,
  openPostgresLedgerReader,
} from '../../src/adapters/postgres/ledger/open-ledger.ts';
import type { PostgresOptions } from '../../src/adapters/postgres/open.ts';
import { describeLive } from '../support/live.ts';
import { PGBOUNCER_MISSING, startPgbouncer } from '../support/real-pgbouncer.ts';
import {
  connect,
  createPlatformDatabase,
  type PlatformDatabase,
  POSTGRES_MISSING,
  type RealPostgres,
  startPostgres,
} from '../support/real-postgres.ts';
import {
  lockContract,
  NO_IDENTITY,
  runJournalContract,
  signal,
  someEntry,
  someTaker,
} from './run-ledger.contract.ts';

function optionsFor(url: string): PostgresOptions {
  return {
    url,
    ssl: { mode: 'disable' },
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 3_000,
    connectTimeoutMs: 5_000,
    applicationName: 'kc-doctor',
    secrets: [],
  };
}

const open = (url: string) => openPostgresLedger(optionsFor(url));

describeLive('run ledger in Postgres', POSTGRES_MISSING, () => {
  let server: RealPostgres;
  let database: PlatformDatabase;

  beforeAll(async () => {
    server = await startPostgres();
    database = await createPlatformDatabase(server);
  });

  afterEach(async () => {
    await database.owner.query('drop schema if exists kc_doctor cascade');
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  async function endSessionOfHolder(): Promise<void> {
    await database.owner.query(
      `select pg_terminate_backend(l.pid) from pg_locks l
      where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())`,
    );
    await untilNobodyHolds();
  }

  async function untilNobodyHolds(): Promise<void> {
    await until(async () => {
      const { rowCount } = await database.owner.query(
        `select from pg_locks l
        where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())`,
      );
      return rowCount === 0;
    });
  }

  runJournalContract(async () => () => open(database.ownerUrl));

  lockContract(async () => ({ open: () => open(database.ownerUrl), loseHolder: endSessionOfHolder }));

  it('makes the schema kc_doctor and touches nothing else', async () => {
    const others = `select n.nspname, c.relname, c.relkind, c.reltuples, pg_relation_filenode(c.oid) as file
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'kc_doctor') order by 1, 2`;
    const counters =
      'select relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables where schemaname = $1 order by 1';
    const look = async () => [
      (await database.owner.query(others)).rows,
      (await database.owner.query(counters, ['public'])).rows,
    ];
    const before = await look();
    await using ledger = open(database.ownerUrl);
    await using _ = await ledger.lock(NO_IDENTITY, someTaker(), signal);
    await ledger.append(someEntry(), signal);
    expect(await look()).toEqual(before);
    const { rows } = await database.owner.query<{ readonly name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'kc_doctor' and c.relkind = 'r' order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['journal', 'lock_holder']);
  });

  it('makes nothing by locking, looking and being refused', async () => {
    await using ledger = open(database.ownerUrl);
    await using _ = await ledger.lock(NO_IDENTITY, someTaker(), signal);
    await expect(ledger.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
      code: 'KC_LOCK_HELD',
    });
    await ledger.holder(NO_IDENTITY, signal);
    const { rowCount } = await database.owner.query("select from pg_namespace where nspname = 'kc_doctor'");
    expect(rowCount).toBe(0);
  });

  it('says that the right to make the schema is missing, and locks all the same', async () => {
    await using ledger = open(database.readerUrl);
    expect(await ledger.standing(signal)).toBe('denied');
    const taker = someTaker();
    await using lock = await ledger.lock(NO_IDENTITY, taker, signal);
    await expect(ledger.append(someEntry(), signal)).rejects.toMatchObject({
      name: 'DependencyError',
      code: 'KC_LEDGER_DENIED',
      gapCode: 'unauthorized',
    });
    await lock.prove(signal);
    // A login that sees no more of others than everybody does names the holder too.
    await using other = open(database.readerUrl);
    await expect(other.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
      code: 'KC_LOCK_HELD',
      message: expect.stringContaining(`Run ${taker.run} by alice on ops-1`),
    });
  });

  it('says that a journal of another login may not be read, instead of calling it empty', async () => {
    await using theirs = open(database.ownerUrl);
    await using _ = await theirs.lock(NO_IDENTITY, someTaker({ run: '7f3a' }), signal);
    await theirs.append(someEntry(), signal);
    await using mine = openPostgresLedgerReader(optionsFor(database.readerUrl));
    const unauthorized = { name: 'DependencyError', gapCode: 'unauthorized' };
    await expect(mine.entries(1, signal)).rejects.toMatchObject(unauthorized);
    await expect(mine.entriesOf('a1', signal)).rejects.toMatchObject(unauthorized);
    expect(await mine.standing(signal)).toBe('denied');
    expect(await mine.holder(NO_IDENTITY, signal)).toMatchObject({ run: '7f3a', title: null });
  });

  it('makes the schema once where several operators write their first entry at once', async () => {
    const ledgers = Array.from({ length: 6 }, () => open(database.ownerUrl));
    try {
      await Promise.all(ledgers.map((ledger, at) => ledger.append(someEntry({ run: `r${at}` }), signal)));
      expect(await ledgers[0]?.entries(10, signal)).toHaveLength(6);
    } finally {
      await Promise.all(ledgers.map((ledger) => ledger[Symbol.asyncDispose]()));
    }
  });

  it('settles an entry whose answer was lost, by asking again', async () => {
    await using ledger = open(database.ownerUrl);
    const entry = someEntry({ run: 'lost' });
    await ledger.append(entry, signal);
    await database.owner.query(
      `select pg_terminate_backend(a.pid) from pg_stat_activity a
      where a.datname = current_database() and a.pid <> pg_backend_pid()`,
    );
    await ledger.append(entry, signal);
    await ledger.append({ ...entry, sequence: 2 }, signal);
    expect(await ledger.entriesOf('lost', signal)).toHaveLength(2);
  });

  it('does not promise an entry before it is on disk, whatever the database is set to', async () => {
    await using ledger = open(database.ownerUrl);
    await ledger.append(someEntry(), signal);
    await database.owner.query(`
      alter database ${database.name} set synchronous_commit = off;
      create table kc_doctor.seen (setting text);
      create function kc_doctor.see() returns trigger language plpgsql as
        $$ begin insert into kc_doctor.seen values (current_setting('synchronous_commit')); return new; end $$;
      create trigger see before insert on kc_doctor.journal for each row execute function kc_doctor.see()`);
    await using later = open(database.ownerUrl);
    await later.append(someEntry(), signal);
    const { rows } = await database.owner.query('select setting from kc_doctor.seen');
    expect(rows).toEqual([{ setting: 'on' }]);
    await database.owner.query(`alter database ${database.name} reset synchronous_commit`);
  });

  it('is refused for another database of the same server', async () => {
    const { rows } = await database.owner.query<{ readonly oid: number }>(
      'select oid::int8::float8 as oid from pg_database where datname = current_database()',
    );
    const same = { ...NO_IDENTITY, databaseOid: rows[0]?.oid ?? 0, databaseName: database.name };
    await using ledger = open(database.ownerUrl);
    for (const other of [{ databaseOid: 1 }, { databaseName: 'kc' }, { databaseSystemId: '1' }]) {
      await expect(ledger.lock({ ...same, ...other }, someTaker(), signal)).rejects.toMatchObject({
        name: 'RefusedError',
        code: 'KC_LOCK_OTHER_DATABASE',
      });
    }
    await using lock = await ledger.lock(same, someTaker(), signal);
    await lock.prove(signal);
  });

  it('does not keep operators of different views of one platform from excluding each other', async () => {
    await using mine = open(database.ownerUrl);
    await using theirs = open(database.ownerUrl);
    await using _ = await mine.lock(
      { ...NO_IDENTITY, composeProject: null, kafkaClusterId: null },
      someTaker(),
      signal,
    );
    await expect(theirs.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
      code: 'KC_LOCK_HELD',
    });
  });

  it('asks the server to notice within 5 s a holder that vanished without a word, and to end the session for nothing else', async () => {
    await using ledger = open(database.ownerUrl);
    await ledger.append(someEntry(), signal);
    const watched = [
      'tcp_keepalives_idle',
      'tcp_keepalives_interval',
      'tcp_keepalives_count',
      'tcp_user_timeout',
      'idle_session_timeout',
    ];
    await database.owner.query(`
      create table kc_doctor.seen (name text, setting text);
      create function kc_doctor.see() returns trigger language plpgsql as
        $$ begin insert into kc_doctor.seen select name, setting from pg_settings; return new; end $$;
      create trigger see before insert on kc_doctor.lock_holder for each row execute function kc_doctor.see()`);
    await using _ = await ledger.lock(NO_IDENTITY, someTaker(), signal);
    const { rows } = await database.owner.query<{ readonly name: string; readonly setting: string }>(
      'select name, setting from kc_doctor.seen where name = any ($1)',
      [watched],
    );
    const seen = Object.fromEntries(rows.map(({ name, setting }) => [name, Number(setting)]));
    const {
      tcp_keepalives_idle: idle = 0,
      tcp_keepalives_interval: every = 0,
      tcp_keepalives_count: times = 0,
    } = seen;
    expect(idle).toBeGreaterThan(0);
    expect(every).toBeGreaterThan(0);
    expect(idle + every * times).toBeLessThan(5);
    expect(seen).toMatchObject({ tcp_user_timeout: 4_000, idle_session_timeout: 0 });
  });

  it('is free within 5 s after kill -9 of its holder', async () => {
    const child = await holderProcess(database.ownerUrl);
    try {
      await using ledger = open(database.ownerUrl);
      await expect(ledger.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
        code: 'KC_LOCK_HELD',
        message: expect.stringMatching(/^Run child \(held by a child\) by carol on ops-3 /),
      });
      child.kill('SIGKILL');
      const killedAt = performance.now();
      await untilNobodyHolds();
      expect(performance.now() - killedAt).toBeLessThan(5_000);
      expect(await ledger.holder(NO_IDENTITY, signal)).toBeNull();
      await using lock = await ledger.lock(NO_IDENTITY, someTaker(), signal);
      await lock.prove(signal);
      expect(await ledger.entriesOf('child', signal)).toHaveLength(1);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('leaves no session behind', async () => {
    const ledger = open(database.ownerUrl);
    await ledger.lock(NO_IDENTITY, someTaker(), signal);
    await ledger.append(someEntry(), signal);
    await ledger.entries(1, signal);
    await expect(ledger.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
      code: 'KC_LOCK_HELD',
    });
    await ledger[Symbol.asyncDispose]();
    await until(async () => {
      const { rowCount } = await database.owner.query(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and backend_type = 'client backend'`,
      );
      return rowCount === 0;
    });
  });

  describeLive('through a transaction pooler', PGBOUNCER_MISSING, () => {
    it.each([1, 5])('refuses to lock, with a pool of %i, and leaves nothing behind', async (size) => {
      await using pooler = await startPgbouncer(database.ownerUrl, { poolSize: size });
      const pooledUrl = pooler.through(database.ownerUrl);
      await using ledger = open(pooledUrl);
      const settings = async () => {
        const platform = await connect(pooledUrl);
        const { rows } = await platform.query(
          `select current_setting('application_name') as name, current_setting('tcp_keepalives_idle') as idle,
            (select count(*)::int from pg_locks where locktype = 'advisory') as locks`,
        );
        await platform.end();
        return rows;
      };
      const before = await settings();
      for (let round = 0; round < 5; round += 1) {
        await expect(ledger.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
          name: 'RefusedError',
          code: 'KC_LOCK_POOLED',
          message: expect.stringContaining('transaction pooler'),
        });
      }
      expect(await settings()).toEqual(before);
    });

    it('refuses while the platform keeps the pool busy', async () => {
      await using pooler = await startPgbouncer(database.ownerUrl, { poolSize: 2 });
      const pooledUrl = pooler.through(database.ownerUrl);
      const clients = await Promise.all([1, 2].map(() => connect(pooledUrl)));
      const stop = new AbortController();
      const busy = clients.map(async (client) => {
        while (!stop.signal.aborted) await client.query('select pg_sleep(random() * 0.01)');
        await client.end();
      });
      try {
        await using ledger = open(pooledUrl);
        for (let round = 0; round < 40; round += 1) {
          await expect(ledger.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
            code: 'KC_LOCK_POOLED',
          });
        }
      } finally {
        stop.abort();
        await Promise.all(busy);
      }
    });

    it('still reads and writes the journal', async () => {
      await using pooler = await startPgbouncer(database.ownerUrl);
      await using ledger = open(pooler.through(database.ownerUrl));
      const entry = someEntry();
      await ledger.append(entry, signal);
      expect(await ledger.entries(10, signal)).toEqual([entry]);
    });
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not happen within 20 s');
    await delay(10);
  }
}

/** Another process that took the lock and wrote an entry. */
async function holderProcess(url: string): Promise<ChildProcess> {
  const script = new URL('../support/lock-holder.ts', import.meta.url);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script.pathname, JSON.stringify(optionsFor(url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (String(said).trim() !== 'held') throw new Error(`the holder said ${String(said)}`);
  return child;
}
