import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GROUP_OF } from '../../lab/platform.ts';
import { type CutLab, OFFSET_COMMIT, openCutLab, PRODUCE } from '../support/cut-lab.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import type { DoctorRun } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import { labMissing } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { consentTo, DELIVERED, repairOf, runsOf } from '../support/repairs.ts';

const TOPIC = 'purchase-confirmed';
const GROUP = GROUP_OF['purchase-worker'];
const TRIAL_TIMEOUT_MS = 600_000;

/** What the journal says for each exit code. */
const END_OF = { 12: 'undone', 13: 'failed' } as const;
type Exit = keyof typeof END_OF;

describeLive('a repair that does not hold', labMissing, () => {
  let place: CutLab;

  beforeAll(async () => {
    place = await openCutLab();
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it('the worker exits at once after its start, again and again', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    await using trial = await openTrial('f02');
    const bundle = join(place.lab.directory, 'services', 'allocation-worker.cjs');
    await copyFile(bundle, `${bundle}.good`);
    await writeFile(bundle, 'process.exit(1);\n');
    const fixed = await trial.fix(['--json']);
    await copyFile(`${bundle}.good`, bundle);
    await trial.expectNotFixed(
      fixed,
      12,
      /allocation-worker (is restarting|is exited|died and was restarted)/,
    );
    // Whether it may be started again depends on how often it has died; that it stands still is known either way.
    const { plan } = repairOf(await place.run(trial.home, ['fix', '--dry-run', '--json']));
    expect([...(plan?.steps ?? []), ...(plan?.refusals ?? [])][0]?.repair).toBe('start-worker');
    await place.lab.start('allocation-worker');
    await place.lab.waitForSessions([trial.payment]);
    await trial.expectDelivered();
  });

  it('the worker dies in its handler', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    const { lab } = place;
    await using trial = await openTrial('f02');
    await lab.setSwitch('allocation-worker', 'delayMs', 600_000);
    const fixed = await trial.fix([], /waiting for trainer-allocation-workers to read on/, () =>
      lab.kill('allocation-worker'),
    );
    await lab.clearSwitches();
    await trial.expectNotFixed(fixed, 12, /allocation-worker is exited \(exit code 137\)/);
    await lab.kafka.waitForGroupState(GROUP_OF['allocation-worker'], 'Empty');
    await trial.expectNextRunToDeliver();
  });

  it('the worker dies while the payment is on its way behind it', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    const { lab } = place;
    await using trial = await openTrial('f02');
    await lab.setSwitch('session-worker', 'delayMs', 20_000);
    await lab.setSwitch('cache-worker', 'delayMs', 60_000);
    const fixed = await trial.fix(['--json'], /looking again/, () => lab.kill('allocation-worker'));
    await lab.clearSwitches();
    await trial.expectNotFixed(fixed, 12, /allocation-worker is exited \(exit code 137\)/);
    await lab.waitForSessions([trial.payment]);
    await trial.expectDelivered();
  });

  it('somebody commits over ours before it is read back', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    await using trial = await openTrial('f19');
    const overwritten = place.broker.requests.hold(OFFSET_COMMIT, 'answer', commitTheEnds);
    const fixed = await trial.fix(['--json']);
    await overwritten;
    await trial.expectNotFixed(fixed, 12, /was committed to by somebody else/);
    await trial.expectNextRunToDeliver();
  });

  it('somebody commits over ours after it was read back, before the start', {
    timeout: TRIAL_TIMEOUT_MS,
  }, async () => {
    await using trial = await openTrial('f19');
    const overwritten = place.daemon.requests.hold('start', 'request', commitTheEnds);
    const fixed = await trial.fix([]);
    await overwritten;
    await trial.expectNotFixed(fixed, 12, /was committed to by somebody else: .*not as it was committed/s);
    await trial.expectNextRunToDeliver();
  });

  it('the topic is deleted before the record is read back', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    const { lab } = place;
    await using trial = await openTrial('f33');
    const deleted = place.broker.requests.hold(PRODUCE, 'answer', () => lab.kafka.deleteTopic(TOPIC));
    const fixed = await trial.fix(['--json']);
    await deleted;
    await trial.expectNotFixed(fixed, 13, /topic purchase-confirmed is gone/);
    await bringTopicBack();
    await trial.expectNextRunToDeliver();
  });

  it('the topic is deleted with the record unread in it', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    const { lab } = place;
    await using trial = await openTrial('f33');
    const stopped = place.broker.requests.hold(PRODUCE, 'request', () => lab.stop('purchase-worker'));
    const fixed = await trial.fix([], /waiting for purchase-creation-workers to read on/, () =>
      lab.kafka.deleteTopic(TOPIC),
    );
    await stopped;
    await trial.expectNotFixed(fixed, 13, /topic purchase-confirmed is gone/);
    await bringTopicBack();
    await trial.expectNextRunToDeliver();
  });

  async function bringTopicBack(): Promise<void> {
    const { lab } = place;
    await lab.kafka.createTopic(TOPIC);
    await lab.restart('purchase-worker');
    await lab.waitForJoined('purchase-worker');
  }

  /** As `kafka-consumer-groups --reset-offsets --to-latest` does. */
  async function commitTheEnds(): Promise<void> {
    const { kafka } = place.lab;
    const ends = await kafka.ends(TOPIC);
    await kafka.commit(
      GROUP,
      ends.map(({ partition, high }) => ({ topic: TOPIC, partition, offset: high })),
    );
  }

  async function openTrial(fault: string) {
    const { lab } = place;
    const home = await emptyFolder();
    const {
      payments: [payment = ''],
      bystander,
    } = await injectBeside(lab, fault);
    const untouched = await rowsOf(lab, bystander);
    expect(untouched).not.toEqual([]);
    const agreed = async () =>
      consentTo(repairOf(await place.run(home.path, ['fix', '--dry-run', '--json'])));
    const consent = await agreed();
    const expectDelivered = async () => {
      expect(await deliveryOf(lab, payment)).toEqual(DELIVERED);
      expect(await rowsOf(lab, bystander)).toEqual(untouched);
    };
    return {
      home: home.path,
      payment,
      expectDelivered,
      /** With something done once, when the run says that it has come so far. */
      fix: async (format: readonly string[], when?: RegExp, work: () => Promise<void> = async () => {}) => {
        let said = '';
        const working: Promise<void>[] = [];
        const fixed = await place.run(home.path, ['fix', ...format, ...consent], (text) => {
          said += text;
          if (working.length === 0 && when?.test(said) === true) working.push(work());
        });
        await Promise.all(working);
        if (when !== undefined) expect(working, fixed.stderr).toHaveLength(1);
        return fixed;
      },
      expectNotFixed: async (fixed: DoctorRun, exit: Exit, wrong: RegExp) => {
        expect(fixed.exitCode, fixed.stdout + fixed.stderr).toBe(exit);
        const told = fixed.stdout.startsWith('{') ? jsonSays(fixed) : fixed.stdout.replace(/\s+/g, ' ');
        expect(told).toMatch(wrong);
        expect(told).not.toMatch(/\bfixed\b/);
        const [last] = runsOf(await place.run(home.path, ['history', '--json']));
        expect(last?.end?.kind).toBe(END_OF[exit]);
        expect(last?.end?.text).toMatch(wrong);
        expect(await rowsOf(lab, bystander)).toEqual(untouched);
      },
      expectNextRunToDeliver: async () => {
        const again = await place.run(home.path, ['fix', '--json', ...(await agreed())]);
        expect(again.exitCode, again.stdout + again.stderr).toBe(0);
        await expectDelivered();
      },
      [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
    };
  }
});

function jsonSays(fixed: DoctorRun): string {
  const { headline, outcome } = repairOf(fixed);
  return [headline, outcome?.kind, ...(outcome?.reasons ?? [])].join('\n');
}
