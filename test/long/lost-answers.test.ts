import { afterAll, beforeAll, expect, it } from 'vitest';
import { GROUP_OF } from '../../lab/platform.ts';
import type { RepairDocument } from '../../src/report/schema.ts';
import { type CutLab, OFFSET_COMMIT, openCutLab, PRODUCE } from '../support/cut-lab.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import type { Cut } from '../support/interruptions.ts';
import { labMissing } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { consentTo, DELIVERED, repairOf, runsOf } from '../support/repairs.ts';

const TOPIC = 'purchase-confirmed';
/** Of a stop, whose container gets 120 s, kc-doctor knows only after 135 s that it did not come. */
const TRIAL_TIMEOUT_MS = 420_000;

const ONCE = new Set([1]);

/** What is sent, and the repair of which fault sends it. */
const ACTIONS = {
  'commit-offsets': 'f19',
  'produce-record': 'f33',
  'start-container': 'f02',
  'stop-container': 'f19',
} as const;
type Action = keyof typeof ACTIONS;
const ALL_ACTIONS = Object.keys(ACTIONS) as Action[];
const CARRIED_OUT = ALL_ACTIONS.flatMap((action) => [
  [action, 'before-answer'] as const,
  [action, 'silence'] as const,
]);

describeLive('an answer that is lost on the wire', labMissing, () => {
  let place: CutLab;

  beforeAll(async () => {
    place = await openCutLab();
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it.each(CARRIED_OUT)(
    '%s was carried out, %s: found by reading, sent once',
    { timeout: TRIAL_TIMEOUT_MS },
    async (action, cut) => {
      await using trial = await openTrial(action);
      const { run, document } = await trial.fixCut(cut);
      const told = `${document.headline}\n${run.stderr}`;
      expect(run.exitCode, told).toBe(0);
      expect(document.outcome?.kind, told).toBe('fixed');
      expect(statusesOf(document, action), told).toEqual(['done']);
      expect(await trial.sent()).toBe(1);
      expect(new Set(await trial.carriedOut(document))).toEqual(ONCE);
      expect(await deliveryOf(place.lab, trial.payment)).toEqual(DELIVERED);
      expect(await trial.journal()).toMatchObject([{ run: document.run, end: { kind: 'verified' } }]);
      await trial.expectBystander();
    },
  );

  it.each(ALL_ACTIONS)(
    '%s never came: not done, taken back, and repaired by the next run',
    { timeout: TRIAL_TIMEOUT_MS },
    async (action) => {
      await using trial = await openTrial(action);
      const before = await deliveryOf(place.lab, trial.payment);
      const { run, document } = await trial.fixCut('before-server');
      const told = `${document.headline}\n${run.stderr}`;
      expect(run.exitCode, told).toBe(12);
      expect(document.outcome?.kind, told).toBe('undone');
      expect(statusesOf(document, action), told).toEqual(['not-done']);
      expect(await trial.sent()).toBe(0);
      expect(await deliveryOf(place.lab, trial.payment)).toEqual(before);
      const again = await trial.fix();
      expect(again.run.exitCode, again.document.headline).toBe(0);
      expect(await trial.sent()).toBe(1);
      expect(new Set(await trial.carriedOut(again.document))).toEqual(ONCE);
      expect(await deliveryOf(place.lab, trial.payment)).toEqual(DELIVERED);
      expect(await trial.journal()).toMatchObject([
        { run: again.document.run, end: { kind: 'verified' } },
        { run: document.run, end: { kind: 'undone' } },
      ]);
      await trial.expectBystander();
    },
  );

  /** The fault of an action beside a payment that arrived, which at the end must be as it was. */
  async function openTrial(action: Action) {
    const { lab } = place;
    const home = await emptyFolder();
    const {
      payments: [payment = ''],
      bystander,
    } = await injectBeside(lab, ACTIONS[action]);
    const untouched = await rowsOf(lab, bystander);
    const requests = requestsOf(action);
    const passedBefore = requests.passed();
    const sinceMs = Date.now();
    const saidBefore = await timesSaid(action);
    const fix = async (interrupted: () => void = () => {}) => {
      const dry = repairOf(await place.run(home.path, ['fix', '--dry-run', '--json']));
      interrupted();
      const run = await place.run(home.path, ['fix', '--json', ...consentTo(dry)]);
      return { run, document: repairOf(run) };
    };
    return {
      payment,
      fix,
      fixCut: async (cut: Cut) => {
        let isCut = false;
        const fixed = await fix(() => {
          void requests.cut(cut).then(() => {
            isCut = true;
          });
        });
        expect(isCut, fixed.run.stdout + fixed.run.stderr).toBe(true);
        return fixed;
      },
      /** Requests that reached the server. */
      sent: async () => requests.passed() - passedBefore,
      /** As the server tells it. */
      carriedOut: (document: RepairDocument) =>
        timesCarriedOut(action, { payment, sinceMs, saidBefore, document }),
      journal: async () => runsOf(await place.run(home.path, ['history', '--json'])),
      expectBystander: async () => {
        expect(untouched).not.toEqual([]);
        expect(await rowsOf(lab, bystander)).toEqual(untouched);
      },
      [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
    };
  }

  function requestsOf(action: Action) {
    const { broker, daemon } = place;
    const through = (key: number) => ({
      cut: (cut: Cut) => broker.requests.cut(key, cut),
      passed: () => broker.requests.passed(key),
    });
    const verb = (name: 'start' | 'stop') => ({
      cut: (cut: Cut) => daemon.requests.cut(name, cut),
      passed: () => daemon.requests.passed(name),
    });
    switch (action) {
      case 'commit-offsets':
        return through(OFFSET_COMMIT);
      case 'produce-record':
        return through(PRODUCE);
      case 'start-container':
        return verb('start');
      case 'stop-container':
        return verb('stop');
    }
  }

  async function timesCarriedOut(
    action: Action,
    about: {
      readonly payment: string;
      readonly sinceMs: number;
      readonly saidBefore: number;
      readonly document: RepairDocument;
    },
  ): Promise<readonly number[]> {
    const { lab } = place;
    switch (action) {
      case 'commit-offsets':
        return timesStored(about.document, about.sinceMs);
      case 'produce-record':
        return [(await lab.kafka.records(TOPIC)).filter(({ key }) => key === about.payment).length];
      case 'start-container':
      case 'stop-container':
        return [(await timesSaid(action)) - about.saidBefore];
    }
  }

  /** How often the worker of the fault says that it starts or is told to stop; Docker itself forgets its events too soon. */
  async function timesSaid(action: Action): Promise<number> {
    const worker = ACTIONS[action] === 'f02' ? 'allocation-worker' : 'purchase-worker';
    const words = action === 'start-container' ? `Starting ${worker.replace('-', ' ')}` : 'SIGTERM received';
    return (await place.lab.logs(worker)).split(words).length - 1;
  }

  /** How often the broker has stored each planned offset, whoever sent it. */
  async function timesStored(document: RepairDocument, sinceMs: number): Promise<readonly number[]> {
    const stored = await place.lab.kafka.records('__consumer_offsets');
    return movesOf(document).map(
      (move) =>
        stored.filter(
          ({ key, value, timestampMs }) =>
            timestampMs >= sinceMs &&
            key === commitKey(move) &&
            value?.startsWith(commitStart(move)) === true,
        ).length,
    );
  }
});

interface Move {
  readonly topic: string;
  readonly partition: number;
  readonly to: string;
}

function movesOf({ plan }: RepairDocument): readonly Move[] {
  return (plan?.steps ?? []).flatMap(({ action }) =>
    action.kind === 'commit-offsets' ? (action['moves'] as readonly Move[]) : [],
  );
}

/** Key of a commit in the broker's own topic, version 1: lengths and numbers are big-endian, and here below 128. */
function commitKey({ topic, partition }: Move): string {
  const group = GROUP_OF['purchase-worker'];
  return Buffer.from([
    0,
    1,
    0,
    group.length,
    ...Buffer.from(group),
    0,
    topic.length,
    ...Buffer.from(topic),
    0,
    0,
    0,
    partition,
  ]).toString();
}

/** Its value, version 3, begins with the offset in 8 bytes. */
function commitStart({ to }: Move): string {
  return Buffer.from([0, 3, 0, 0, 0, 0, 0, 0, 0, Number(to)]).toString();
}

function statusesOf({ outcome }: RepairDocument, kind: Action): readonly string[] {
  return (outcome?.phases ?? []).flatMap(({ plan, steps, isUndo }) =>
    isUndo
      ? []
      : plan.steps
          .filter(({ action }) => action.kind === kind)
          .map(({ number }) => steps.find((step) => step.number === number)?.status ?? 'not begun'),
  );
}
