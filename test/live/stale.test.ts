import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { GROUP_OF } from '../../lab/platform.ts';
import { makeTables } from '../../lab/postgres/server.ts';
import type { RepairDocument } from '../../src/report/schema.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import { type DoctorRun, doctor } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import { dockerEvents, fingerprint, TABLES } from '../support/fingerprint.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { PGBOUNCER_MISSING, startPgbouncer } from '../support/real-pgbouncer.ts';
import { connect } from '../support/real-postgres.ts';
import { recordsOfRun } from '../support/repairs.ts';
import { gated } from '../support/tcp-proxy.ts';

/** Sent once the plan stands and is agreed to, before anything else. */
const TAKES_LOCK = 'pg_try_advisory_lock';
/** Sent after the last look at the plan as a whole, before its first step. */
const OPENS_RUN = 'insert into kc_doctor.journal';
const PLAN = 'plan.json';
const STUDENT_OF = '(select student_id from payments where id::text = $1)';

/** What happens to the platform, and what the operator is told of it. */
interface Change {
  readonly what: string;
  readonly make: (lab: Lab, payment: string) => Promise<unknown>;
  /** Until the platform has done what it makes of the change by itself. */
  readonly settle?: (lab: Lab, payment: string) => Promise<unknown>;
  readonly takeBack?: (lab: Lab, payment: string) => Promise<unknown>;
  readonly saysOfSaved: RegExp;
  readonly saysInOneRun: RegExp;
}

const setStatus = (status: string) => (lab: Lab, id: string) =>
  lab.sql('update payments set status = $2 where id::text = $1', [id, status]);
const purchase = (lab: Lab, id: string, isActive: boolean) =>
  lab.sql(
    `insert into student_course_purchases (student_id, course_id, purchase_tier, is_active)
    select student_id, (metadata ->> 'courseId')::uuid, 10, $2 from payments where id::text = $1`,
    [id, isActive],
  );
const noPurchase = (lab: Lab, id: string) =>
  lab.sql(`delete from student_course_purchases where student_id = ${STUDENT_OF}`, [id]);
const setActive = (isActive: boolean) => (lab: Lab, id: string) =>
  lab.sql(`update student_course_purchases set is_active = $2 where student_id = ${STUDENT_OF}`, [
    id,
    isActive,
  ]);

const CHANGES: Readonly<Record<'f02' | 'f15' | 'f19' | 'f33', readonly Change[]>> = {
  f02: [
    {
      what: 'the purchase is deactivated',
      make: setActive(false),
      takeBack: setActive(true),
      saysOfSaved: /its purchase has ended/,
      saysInOneRun: /its purchase [-\w]+ has ended/,
    },
    {
      what: 'the worker is started',
      make: (lab) => lab.start('allocation-worker'),
      settle: (lab, payment) => lab.waitForSessions([payment]),
      saysOfSaved: /nothing of it is missing/,
      saysInOneRun: /allocation-worker is running, it was exited/,
    },
  ],
  f15: [
    {
      what: 'the topic is created',
      make: (lab) => lab.kafka.createTopic('purchase-created'),
      settle: async (lab) => {
        await lab.waitForJoined('allocation-worker');
        await lab.waitForJoined('cache-worker');
      },
      saysOfSaved: /no more: create topic purchase-created/,
      saysInOneRun: /topic purchase-created exists meanwhile/,
    },
  ],
  f19: [
    {
      what: 'the offset is moved',
      make: moveOffset,
      settle: untilOnlyFaultIsUnread,
      saysOfSaved: /no more: commit .* at none/,
      saysInOneRun: /purchase-confirmed\[\d\] is at 1, it was at none/,
    },
  ],
  f33: [
    {
      what: 'the payment is refunded',
      make: setStatus('refunded'),
      takeBack: setStatus('succeeded'),
      saysOfSaved: /payment [-\w]+ is refunded/,
      saysInOneRun: /it is not paid/,
    },
    {
      what: 'a purchase appears',
      make: (lab, id) => purchase(lab, id, true),
      takeBack: noPurchase,
      saysOfSaved: /it is on its way: no allocation yet/,
      saysInOneRun: /it is on its way: no allocation yet/,
    },
    {
      what: 'a purchase appears that has ended',
      make: (lab, id) => purchase(lab, id, false),
      takeBack: noPurchase,
      saysOfSaved: /its purchase has ended/,
      saysInOneRun: /its purchase has ended/,
    },
  ],
};

/** As offsets move by themselves: a payment comes to a partition without a commit, and is read. */
async function moveOffset(lab: Lab): Promise<void> {
  const [group, topic] = [GROUP_OF['purchase-worker'], 'purchase-confirmed'] as const;
  const ends = await lab.kafka.ends(topic);
  const free = ends.find(({ high }) => high === 0n)?.partition;
  if (free === undefined) throw new Error('no partition is free');
  await lab.pay({ partition: free });
  await lab.until(`${group} has read partition ${free}`, async () =>
    (await lab.kafka.committed(group, topic)).some(
      ({ partition, offset }) => partition === free && offset === 1n,
    ),
  );
}

async function untilOnlyFaultIsUnread(lab: Lab): Promise<void> {
  const unread = /^still unread: purchase-creation-workers purchase-confirmed\[\d\]$/;
  await lab.until('all else is read', async () => {
    const behind = await lab.waitForIdle(0).then(
      () => '',
      (error: Error) => error.message,
    );
    return unread.test(behind);
  });
}

/** A second database of the same server with the same tables and rows, as a copy for trying things out is. */
async function copyOf(lab: Lab): Promise<AsyncDisposable & { readonly name: string; readonly url: string }> {
  const name = `copy_${process.hrtime.bigint()}`;
  await lab.sql(`create database ${name}`);
  const url = new URL(lab.databaseUrl);
  url.pathname = `/${name}`;
  const client = await connect(url.href);
  await makeTables(client);
  for (const table of TABLES) {
    const [found] = await lab.sql<{ rows: string }>(`select json_agg(t)::text as rows from ${table} t`);
    await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
      found?.rows,
    ]);
  }
  await client.end();
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      await lab.sql(`drop database ${name} with (force)`);
    },
  };
}

describeLive('a platform that changes between plan and apply', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  describe.each(Object.entries(CHANGES))('%s', (id, changes) => {
    let folder: Awaited<ReturnType<typeof emptyFolder>>;
    let payment = '';
    let bystander = { id: '', rows: [] as readonly string[] };
    let consent: readonly string[] = [];

    beforeAll(async () => {
      folder = await emptyFolder();
      const injected = await injectBeside(lab, id);
      [payment = ''] = injected.payments;
      bystander = { id: injected.bystander, rows: await rowsOf(lab, injected.bystander) };
      expect(bystander.rows.length).toBeGreaterThan(0);
      const dry = await run(['fix', '--dry-run', '--json', '--plan-out', PLAN]);
      expect(dry.exitCode, dry.stdout + dry.stderr).toBe(0);
      const { plan } = JSON.parse(dry.stdout) as RepairDocument;
      expect(plan?.payments).toEqual([payment]);
      consent = plan?.confirm == null ? ['--yes'] : ['--confirm', plan.confirm];
    });
    afterAll(async () => {
      await folder[Symbol.asyncDispose]();
    });

    if (id === 'f33') {
      it('another database of the same server: refused and named', async () => {
        await using copy = await copyOf(lab);
        await expectRefused(copy.url, new RegExp(`different platforms.*we use \\S+/${copy.name}`));
      });

      describeLive('a transaction pooler', PGBOUNCER_MISSING, () => {
        it('is refused and named', async () => {
          await using pooler = await startPgbouncer(lab.platformDatabaseUrl);
          const url = pooler.through(lab.platformDatabaseUrl);
          await expectRefused(url, /reached through a transaction pooler.*server's own address/);
        });
      });
    }

    it.each(changes)('$what: refused, said, and nothing written', async (change) => {
      const untouched = await ours();
      try {
        expectRefusal(await runWith(() => change.make(lab, payment), TAKES_LOCK), 11, change.saysInOneRun);
        expect(await ours()).toEqual(untouched);

        await change.settle?.(lab, payment);
        const before = await world();
        expectRefusal(await run(['fix', '--plan', PLAN, ...consent]), 11, change.saysOfSaved);
        expect(await world()).toEqual(before);
      } finally {
        await change.takeBack?.(lab, payment);
      }
    });

    if (id === 'f33') {
      it.each(changes)('$what before the first step: refused, and the journal tells', async (change) => {
        const before = await ours();
        try {
          expectRefusal(await runWith(() => change.make(lab, payment), OPENS_RUN), 11, change.saysInOneRun);
          const journal = await lab.sql<{ kind: string }>(
            'select kind from kc_doctor.journal order by position',
          );
          expect(journal.map(({ kind }) => kind)).toEqual(['run-opened', 'step-not-done', 'run-failed']);
        } finally {
          await change.takeBack?.(lab, payment);
          await lab.sql('drop schema if exists kc_doctor cascade');
          await rm(join(folder.path, '.local'), { recursive: true, force: true });
        }
        expect(await ours()).toEqual(before);
      });

      it('nothing: the saved plan is applied', async () => {
        const done = await run(['fix', '--plan', PLAN, ...consent]);
        expect(done.exitCode, done.stdout + done.stderr).toBe(0);
        const delivered = { purchases: 1, liveAllocations: 1, sessions: 7, doubledSlots: 0 };
        expect(await deliveryOf(lab, payment)).toEqual(delivered);
      });
    }

    it('leaves the payment beside it as it was', async () => {
      expect(await rowsOf(lab, bystander.id)).toEqual(bystander.rows);
    });

    const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
      doctor(
        [
          ...args,
          '--project',
          lab.project,
          '--project-dir',
          lab.projectDirectory,
          '--config',
          lab.configFile,
        ],
        {
          cwd: folder.path,
          environment: { HOME: folder.path, ...environment },
        },
      );

    /** As a saved plan and as one of the same run. */
    async function expectRefused(databaseUrl: string, said: RegExp): Promise<void> {
      const before = await world();
      for (const plan of [['--plan', PLAN], []]) {
        const done = await run(['fix', ...plan, ...consent], { POSTGRES_URL: databaseUrl });
        expectRefusal(done, 2, said);
      }
      expect(await world()).toEqual(before);
    }

    /** `fix` with its consent, held where it first sends this statement until the change is made; no container is touched after. */
    async function runWith(change: () => Promise<unknown>, text: string): Promise<DoctorRun> {
      const url = new URL(lab.platformDatabaseUrl);
      await using gate = await gated(url.host, text);
      url.host = gate.address;
      const running = run(['fix', ...consent], { POSTGRES_URL: url.href });
      const isHeld = await Promise.race([gate.reached.then(() => true), running.then(() => false)]);
      if (isHeld) await change();
      const sinceMs = Date.now();
      gate.open();
      const done = await running;
      expect(isHeld, done.stdout + done.stderr).toBe(true);
      const events = await dockerEvents(lab, sinceMs, Date.now());
      // Readers without their topic start again and again by themselves.
      expect(id === 'f15' ? events.filter((event) => event === 'container stop') : events).toEqual([]);
      return done;
    }

    /** What only kc-doctor leaves behind. */
    async function ours(): Promise<unknown> {
      const schemas = await lab.sql("select nspname from pg_namespace where nspname = 'kc_doctor'");
      return { schemas, records: await recordsOfRun(lab, null), files: await readdir(folder.path) };
    }

    async function world(): Promise<unknown> {
      const { topics, groups, containers } = await fingerprint(lab);
      return { topics, groups, containers, rows: await rowsOfAll(), ours: await ours() };
    }

    async function rowsOfAll(): Promise<unknown> {
      const hash = (table: string) =>
        `select '${table}' as name, md5(string_agg(t::text, ',' order by t::text)) from ${table} t`;
      return await lab.sql(TABLES.map(hash).join(' union all '));
    }
  });
});

function expectRefusal({ exitCode, stdout, stderr }: DoctorRun, code: number, said: RegExp): void {
  expect(exitCode, stdout + stderr).toBe(code);
  expect(`${stdout}${stderr}`.replace(/\s+/g, ' ')).toMatch(said);
}
