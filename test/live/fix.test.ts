import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { TOPICS } from '../../lab/platform.ts';
import type { RepairDocument, TraceDocument } from '../../src/report/schema.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import { type DoctorRun, doctor } from '../support/doctor.ts';
import { happenedBetween, predictedBy, worldOf } from '../support/effects.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside, nameOf } from '../support/faults.ts';
import { fingerprint, statisticsSettle } from '../support/fingerprint.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { consentTo, DELIVERED, recordsOfRun, repairOf, runsOf } from '../support/repairs.ts';

const FAULT_TIMEOUT_MS = 300_000;

/** Where its payment stops, and the repairs of the first phase, in the order of their first steps. */
const REPAIRED = {
  f02: { hop: 'allocation-read', repairs: ['start-worker'] },
  f15: { hop: 'created-record', repairs: ['create-topics'] },
  f19: { hop: 'purchase-read', repairs: ['move-offsets'] },
  f33: { hop: 'confirmed-record', repairs: ['replay-payment'] },
} as const;
describeLive('fix on a real platform', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  const run = (home: string, ...args: readonly string[]): Promise<DoctorRun> =>
    doctor([...args, '--project', lab.project, '--config', lab.configFile], {
      cwd: lab.projectDirectory,
      environment: { HOME: home },
    });

  it.each(Object.entries(REPAIRED))(
    '%s: from the fault to exit 0',
    { timeout: FAULT_TIMEOUT_MS },
    async (id, { hop, repairs }) => {
      await using home = await emptyFolder();
      const { bystander, payments, topCause } = await injectBeside(lab, id);
      const asked = [...payments, bystander];
      const file = join(home.path, 'state.json');
      const traced = traceOf(await run(home.path, 'trace', ...asked, '--json'));
      await run(home.path, 'snapshot', '-o', file, '--payment', bystander);
      const recorded = await doctor(['trace', ...asked, '--from', file, '--json'], { cwd: home.path });
      expect(placesOf(traced, topCause)).toEqual([
        ...payments.map((payment) => [payment, 'stuck', hop, topCause]),
        [bystander, 'complete', null, null],
      ]);
      expect(hopsOf(traceOf(recorded))).toEqual(hopsOf(traced));
      expect(placesOf(traceOf(recorded), topCause)).toEqual(placesOf(traced, topCause));
      await rm(file);

      await statisticsSettle(lab);
      const untouched = await rowsOf(lab, bystander);
      const before = await lookAtServers(id);
      const world = await worldOf(lab, asked);
      const dry = await run(home.path, 'fix', '--dry-run', '--json');
      expect(dry.exitCode, dry.stdout + dry.stderr).toBe(0);
      expect(await lookAtServers(id)).toEqual(before);
      expect(await readdir(home.path)).toEqual([]);
      const planned = repairOf(dry);
      if (planned.plan === null) throw new Error(planned.headline);
      expect([...new Set(planned.plan.steps.map(({ repair }) => repair))]).toEqual(repairs);
      expect(planned.plan.payments).toEqual([...payments].toSorted());

      const agreed = ['--reason', `live test of ${id}`, ...consentTo(planned)];
      const fixed = await run(home.path, 'fix', '--json', ...agreed);
      const done = repairOf(fixed);
      const told = `${done.headline}\n${fixed.stderr}`;
      expect(fixed.exitCode, told).toBe(0);
      expect(done.outcome?.kind, told).toBe('fixed');
      expect(done.plan?.fingerprint, told).toBe(planned.plan.fingerprint);
      for (const payment of payments) expect(await deliveryOf(lab, payment)).toEqual(DELIVERED);
      expect(await rowsOf(lab, bystander)).toEqual(untouched);
      const happened = await happenedBetween(lab, world, await worldOf(lab, asked), planned.plan);
      expect(happened).toEqual(predictedBy(planned.plan));
      expect(await recordsOfRun(lab, done.run)).toBe(sentBy(done));

      const history = await run(home.path, 'history', done.run ?? '', '--json');
      expect(runsOf(history)).toMatchObject([
        { run: done.run, reason: `live test of ${id}`, end: { kind: 'verified' } },
      ]);
    },
  );

  /** What looking must leave as it is. Readers that die at each start write by themselves: there, what only we could have changed. */
  async function lookAtServers(id: string): Promise<unknown> {
    if (id !== 'f15') return fingerprint(lab);
    const topics = TOPICS.filter((topic) => topic !== 'purchase-created');
    const ends = await Promise.all(topics.map((topic) => lab.kafka.ends(topic)));
    const schemas = await lab.sql("select nspname from pg_namespace where nspname = 'kc_doctor'");
    return { ends, schemas };
  }
});

type Traces = TraceDocument['traces'];

function traceOf({ stdout, stderr, exitCode }: DoctorRun): Traces {
  expect(exitCode, stdout + stderr).toBe(1);
  return (JSON.parse(stdout) as TraceDocument).traces;
}

/** Where each stops and why. */
function placesOf(traces: Traces, like: string | null): readonly unknown[] {
  return traces.map(({ payment, firstMissing: { state, hop }, cohort }) => {
    const cause = cohort?.causes[0];
    return [payment, state, hop, cause === undefined ? null : nameOf(cause, like)];
  });
}

/** Up to the first missing one: what comes after it turns from waiting into missing as time passes. */
const hopsOf = (traces: Traces) =>
  traces.map(({ payment, firstMissing, hops }) => {
    const stop = hops.findIndex(({ id }) => id === firstMissing.hop);
    const shown = stop === -1 ? hops : hops.slice(0, stop + 1);
    return { payment, firstMissing, hops: shown.map(({ id, status, at }) => `${id} ${status} ${at}`) };
  });

function sentBy({ outcome }: RepairDocument): number {
  const steps = outcome?.phases.flatMap(({ plan }) => plan.steps) ?? [];
  return steps.filter(({ action }) => action.kind === 'produce-record').length;
}
