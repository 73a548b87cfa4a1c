import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadFault } from '../../lab/faults/catalogue.ts';
import type { Lab } from '../../lab/lab.ts';
import { doctor, documentOf, summaryOf } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { dockerEvents } from '../support/fingerprint.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { recordsOfRun, repairOf } from '../support/repairs.ts';

/**
 * The ten faults of the first catalogue, injected into a real platform. The lab's configuration divides graces and silences by
 * 10; `FINDING_AGE_MS` is the longest of them (allocation row, 12 s) and the slack of one look.
 */
const FINDING_AGE_MS = 13_000;
/** On demand with the defaults instead, `KC_FAULT_GRACES=defaults npx vitest run --project live test/live/faults.test.ts`: half an hour. */
const WITH_DEFAULTS = process.env['KC_FAULT_GRACES'] === 'defaults';
const AGE_MS = WITH_DEFAULTS ? FINDING_AGE_MS * 10 : FINDING_AGE_MS;
/** Most that a heal may take: a poison loop of the older allocation-worker retries every 42 s. */
const FAULT_TIMEOUT_MS = WITH_DEFAULTS ? 600_000 : 300_000;

/** What must stand among the evidence for the top cause, each true by what the injection did. */
const EVIDENCE: Readonly<Record<string, readonly RegExp[]>> = {
  f01: [/purchase-worker has no container/, /not in the compose file/],
  f02: [/allocation-worker is exited/, /no member/],
  f15: [/purchase-created does not exist/],
  f19: [/older than the worker/],
  f26: [/the other partitions pass/],
  f33: [/no partition of purchase-confirmed holds the record/],
  f39: [/allocation-worker marked PURCHASE_CREATED, and there is no allocation/],
  f40: [/marked by cache-worker, and there are no sessions/],
  f46: [/auto-assign answered 500/],
  f53: [/kafkajs did not restart it/],
};

/** Those that no repair of this version settles. */
const BY_HAND: readonly string[] = ['f01', 'f26', 'f39', 'f46', 'f53'];

interface Row {
  readonly fault: string;
  readonly expected: string;
  readonly got: string;
  readonly probability: string;
  readonly level: string;
  readonly seconds: string;
}

describeLive('the documented faults, live', labMissing, () => {
  const rows: Row[] = [];
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ({ lab, dispose } = await openTestLab());
  });
  afterAll(async () => {
    await dispose?.();
    console.table(rows);
  });

  const look = (...args: readonly string[]) =>
    doctor(['--json', '--project', lab.project, ...graces(), ...args], {
      cwd: lab.projectDirectory,
    });

  const graces = () => (WITH_DEFAULTS ? [] : ['--config', lab.configFile]);

  async function expectHealthy(when: string): Promise<void> {
    const run = await look();
    const document = documentOf(run);
    expect(run.exitCode, `${when}: ${summaryOf(document)}`).toBe(0);
    const blind = document.checks.filter(({ required, status }) => required && status === 'unknown');
    expect(blind.map(({ id }) => id)).toEqual([]);
  }

  /** `fix` says what a person must do, and changes nothing. */
  async function expectInstructions(): Promise<void> {
    await using home = await emptyFolder();
    const sinceMs = Date.now();
    const run = await doctor(['fix', '--yes', '--json', '--project', lab.project, ...graces()], {
      cwd: lab.projectDirectory,
      environment: { HOME: home.path },
    });
    const { plan, run: applied, headline } = repairOf(run);
    expect(await dockerEvents(lab, sinceMs, Date.now())).toEqual([]);
    expect(run.exitCode, headline).toBe(1);
    expect(applied).toBeNull();
    expect(plan?.steps.length).toBeGreaterThan(0);
    expect(plan?.steps.every(({ action }) => action.kind === 'instruct')).toBe(true);
    expect(await readdir(home.path)).toEqual([]);
    expect(await recordsOfRun(lab, null)).toBe(0);
  }

  it.each(Object.keys(EVIDENCE))(
    '%s: its cause on top, healthy before and after',
    { timeout: FAULT_TIMEOUT_MS },
    async (id) => {
      const fault = await loadFault(id);
      await lab.reset({
        generation: fault.generation ?? 'newest',
        warm: (fault.startsFrom ?? 'warm') === 'warm',
      });
      await expectHealthy('before');

      const injected = await lab.fault(id);
      await lab.waitForAge(injected.payments, AGE_MS);
      const run = await look();
      const document = documentOf(run);
      const stuck = document.cohorts.find((cohort) =>
        cohort.payments.some((payment) => injected.payments.includes(payment)),
      );
      const top = stuck?.causes[0];
      const got =
        top === undefined
          ? 'none'
          : fault.expects.topCause?.includes('@')
            ? `${top.id}@${top.stage}`
            : top.id;
      rows.push({
        fault: id,
        expected: fault.expects.topCause ?? 'none',
        got,
        probability: top === undefined ? '' : top.probability.toFixed(2),
        level: top?.level ?? '',
        seconds: (run.tookMs / 1000).toFixed(1),
      });
      const told = summaryOf(document);
      expect(got, told).toBe(fault.expects.topCause);
      expect(run.exitCode, told).toBe(fault.expects.exitCode);
      expect(document.cohorts[0]?.causes[0], told).toEqual(top);
      const texts = (top?.evidence ?? []).filter((item) => item.for).map(({ text }) => text);
      for (const pattern of EVIDENCE[id] ?? []) expect(texts.join('\n'), told).toMatch(pattern);

      if (BY_HAND.includes(id)) await expectInstructions();
      await lab.heal();
      await expectHealthy('after heal');
    },
  );
});
