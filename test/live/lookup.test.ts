import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import type { TraceDocument } from '../../src/report/schema.ts';
import { type DoctorRun, doctor } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { connect } from '../support/real-postgres.ts';

/** Of the lab's configuration: the longest grace. */
const LONGEST_GRACE_MS = 13_000;

interface Ids {
  readonly payment: string;
  readonly student: string;
  readonly course: string;
  readonly purchase: string;
  readonly allocation: string;
}
const KINDS = ['student', 'course', 'purchase', 'allocation'] as const;

describeLive('payments found by other ids', labMissing, () => {
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;
  let folder: Awaited<ReturnType<typeof emptyFolder>>;
  let arrived: Ids;

  beforeAll(async () => {
    ({ lab, dispose } = await openTestLab({ warm: true }));
    folder = await emptyFolder();
    arrived = await paid();
    await lab.waitForSessions([arrived.payment]);
    await lab.waitForIdle();
  });
  afterAll(async () => {
    await folder?.[Symbol.asyncDispose]();
    await dispose?.();
  });

  /** A payment of its own student and course, once its allocation is there. */
  async function paid(): Promise<Ids> {
    const [student, course] = [randomUUID(), randomUUID()];
    const [payment = ''] = await lab.pay({ studentId: student, courseId: course });
    const client = await connect(lab.databaseUrl);
    try {
      const row = await lab.until('its allocation', async () => {
        const { rows } = await client.query<{ purchase: string; allocation: string }>(
          `select s.id as purchase, a.id as allocation
           from student_course_purchases s
           join trainer_allocations a on a.student_id = s.student_id and a.course_id = s.course_id
           where s.student_id = $1`,
          [student],
        );
        return rows[0];
      });
      return { payment, student, course, ...row };
    } finally {
      await client.end();
    }
  }

  const run = (args: readonly string[]): Promise<DoctorRun> => doctor(args, { cwd: folder.path });
  /** A busy machine may not answer in time: looks until every system did. */
  const live = (args: readonly string[]): Promise<DoctorRun> =>
    lab.until('a look that was answered in time', async () => {
      const done = await run([...args, '--project', lab.project, '--config', lab.configFile]);
      return !/no answer from|no time/.test(done.stdout + done.stderr) && done;
    });

  function documentOf(done: DoctorRun): TraceDocument {
    expect(done.stdout, done.stderr).toMatch(/^\{/);
    return JSON.parse(done.stdout) as TraceDocument;
  }
  const told = ({ traces }: TraceDocument) =>
    traces.map(({ payment, firstMissing, hops }) => ({
      payment,
      firstMissing,
      hops: hops.map(({ id, status }) => `${id} ${status}`),
    }));

  it.each(KINDS)('by %s', async (kind) => {
    const done = await live(['trace', `--${kind}`, arrived[kind], '--json']);
    const document = documentOf(done);
    expect(told(document)).toMatchObject([
      { payment: arrived.payment, firstMissing: { state: 'complete', hop: null } },
    ]);
    expect(document.lookups).toEqual([
      { kind, id: arrived[kind], payments: [arrived.payment], complete: true, gap: null },
    ]);
    expect(done.exitCode).toBe(0);
  });

  it('says of an id of another kind what it is, and of a strange one that no payment has it', async () => {
    for (const kind of ['student', 'purchase', 'allocation'] as const) {
      const mistaken = await live(['trace', arrived[kind]]);
      expect(mistaken.stdout.replace(/\s+/g, ' ')).toContain(
        `${kind} id; its payment is ${arrived.payment}: kc-doctor trace ${arrived.payment}`,
      );
      expect(mistaken.exitCode).toBe(1);
    }
    const strange = await live(['trace', randomUUID()]);
    expect(strange.stdout).toContain('no payment has this id');
    expect(strange.exitCode).toBe(1);
  });

  it('tells the same from a snapshot: of one that stopped, and of one that arrived where it was asked to keep it', async () => {
    await lab.stop('session-worker');
    const stopped = await paid();
    await lab.waitForAge([stopped.payment], LONGEST_GRACE_MS);
    const file = join(folder.path, 'state.json');
    const taken = await live(['snapshot', '-o', file, '--payment', arrived.payment]);
    expect(taken.exitCode, taken.stderr).toBe(1);
    const both = documentOf(
      await live(['trace', arrived.payment, '--allocation', stopped.allocation, '--json']),
    );
    expect(told(both)).toMatchObject([
      { payment: arrived.payment, firstMissing: { state: 'complete' } },
      { payment: stopped.payment, firstMissing: { state: 'stuck' } },
    ]);
    for (const [index, ids] of [arrived, stopped].entries()) {
      for (const args of [[ids.payment], ...KINDS.map((kind) => [`--${kind}`, ids[kind]])]) {
        const recorded = await run(['trace', ...args, '--json', '--from', file]);
        expect(told(documentOf(recorded)), args.join(' ')).toEqual([told(both)[index]]);
        expect(recorded.exitCode).toBe(index);
      }
    }
    await live(['snapshot', '-o', file]);
    const without = await run(['trace', arrived.payment, '--from', file]);
    expect(without.stdout.replace(/\s+/g, ' ')).toContain(
      'the snapshot holds no such payment: it keeps those that had not arrived, and those named with snapshot --payment',
    );
    expect(without.exitCode).toBe(3);
  });
});
