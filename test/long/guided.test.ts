import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { type CutLab, OFFSET_COMMIT, openCutLab } from '../support/cut-lab.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import { dockerEvents, fingerprint, statisticsSettle } from '../support/fingerprint.ts';
import { labMissing } from '../support/lab.ts';
import { openLabTerminal } from '../support/lab-terminal.ts';
import { describeLive } from '../support/live.ts';
import { consentTo, DELIVERED, repairOf, runsOf } from '../support/repairs.ts';
import { type Terminal, tmuxMissing } from '../support/terminal.ts';

const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const TRIAL_TIMEOUT_MS = 420_000;
/** A look, and a start or a stop, on a busy machine. */
const LOOK_MS = 120_000;
/** Up to the end of a repair. */
const REPAIR_MS = 240_000;
const CHOICE = /what shall be done\?/;
const CONSENT = /apply this plan\? \(y\/N\)|to apply it type \S+:1/;
const ENDING = /ending this step and starting whatever was stopped/;
/** Long enough that whoever waits for the handler can be met waiting. */
const SLOW_HANDLER_MS = 20_000;

/** Fault, what is pressed at the choice, and at the question about the plan where it comes to that. */
const REFUSALS = [
  ['f02', ['Down', 'Enter'], null],
  ['f02', ['C-d'], null],
  ['f02', ['Escape'], null],
  ['f02', ['Enter'], ['Enter']],
  ['f02', ['Enter'], ['n', 'Enter']],
  ['f02', ['Enter'], ['C-d']],
  ['f02', ['Enter'], ['Escape']],
  ['f33', ['Enter'], ['Enter']],
  ['f33', ['Enter'], ['yes', 'Enter']],
  ['f33', ['Enter'], ['kodingcaravan:2', 'Enter']],
  ['f33', ['Enter'], ['C-d']],
  ['f33', ['Enter'], ['Escape']],
] as const;

/** f19: stop, wait for Empty, commit, start, join, read. Each brings the repair to its moment and presses Ctrl-C there. */
const MOMENTS = {
  'during the stop': async ({ lab, cut, terminal }) => {
    await signal(lab, 'SIGSTOP');
    const before = cut.daemon.requests.passed('stop');
    await terminal.type('y');
    await lab.until('the stop is sent', async () => cut.daemon.requests.passed('stop') > before, LOOK_MS);
    await interrupt(terminal);
    await signal(lab, 'SIGCONT');
  },
  'while it waits for Empty': async (bed) => {
    await untilEmptyIsAwaited(bed);
    await interrupt(bed.terminal);
  },
  'right after the commit': async ({ cut, terminal }) => {
    const held = cut.broker.requests.hold(OFFSET_COMMIT, 'answer', () => interrupt(terminal));
    await terminal.type('y');
    await held;
  },
  'during the start': async ({ cut, terminal }) => {
    const held = cut.daemon.requests.hold('start', 'request', () => interrupt(terminal));
    await terminal.type('y');
    await held;
  },
  'while the worker joins': async ({ lab, cut, terminal }) => {
    const held = cut.daemon.requests.hold('start', 'answer', () => signal(lab, 'SIGSTOP'));
    await terminal.type('y');
    await held;
    await terminal.until(/waiting for a member of/, LOOK_MS);
    await interrupt(terminal);
    await signal(lab, 'SIGCONT');
  },
  'while it waits for the drain': async ({ lab, terminal }) => {
    await lab.setSwitch('purchase-worker', 'delayMs', SLOW_HANDLER_MS);
    await terminal.type('y');
    await terminal.until(/waiting for \S+ to read on/, LOOK_MS);
    await interrupt(terminal);
  },
  'during the verification': async ({ lab, terminal }) => {
    await lab.setSwitch('allocation-worker', 'delayMs', SLOW_HANDLER_MS);
    await terminal.type('y');
    await terminal.until(/looking again: payments not there yet: 1 of 1/, LOOK_MS);
    await interrupt(terminal);
  },
} satisfies Readonly<Record<string, (bed: Bed) => Promise<void>>>;

const TRIALS = [
  ['during the stop', 'undo'],
  ['while it waits for Empty', 'resume'],
  ['right after the commit', 'resume'],
  ['right after the commit', 'undo'],
  ['during the start', 'resume'],
  ['while the worker joins', 'undo'],
  ['while it waits for the drain', 'resume'],
  ['during the verification', 'resume'],
] as const satisfies readonly (readonly [keyof typeof MOMENTS, 'resume' | 'undo'])[];

interface Bed {
  readonly cut: CutLab;
  readonly lab: Lab;
  /** At the question about the plan. */
  readonly terminal: Terminal;
}

describeLive('Ctrl-C and no in a terminal', tmuxMissing ?? labMissing, () => {
  let cut: CutLab;
  let lab: Lab;

  beforeAll(async () => {
    cut = await openCutLab();
    lab = cut.lab;
  });
  afterAll(async () => {
    await cut[Symbol.asyncDispose]();
  });

  const open = (home: string): Promise<Terminal> =>
    openLabTerminal(lab, home, { configFile: cut.configFile, environment: { DOCKER_HOST: cut.daemon.host } });

  it.each(['f02', 'f33'])(
    '%s: no at each question changes nothing',
    { timeout: TRIAL_TIMEOUT_MS },
    async (id) => {
      await injectBeside(lab, id);
      await statisticsSettle(lab);
      const before = await fingerprint(lab);
      const sinceMs = Date.now();
      for (const [fault, atChoice, atPlan] of REFUSALS) {
        if (fault !== id) continue;
        await using home = await emptyFolder();
        await using terminal = await open(home.path);
        await toChoice(terminal);
        for (const key of atChoice) await terminal.press(key);
        if (atPlan !== null) await terminal.until(CONSENT);
        for (const key of atPlan ?? []) await terminal.press(key);
        expect(await terminal.end()).toBe(1);
        expect(await terminal.screen()).toMatch(/^nothing was changed$/m);
        expect(await terminal.isSane()).toBe(true);
        expect(existsSync(join(home.path, '.local'))).toBe(false);
      }
      expect(await dockerEvents(lab, sinceMs, Date.now())).toEqual([]);
      expect(await fingerprint(lab)).toEqual(before);
    },
  );

  it('Ctrl-C before the first step changes nothing', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    await injectBeside(lab, 'f19');
    const sinceMs = Date.now();
    const committed = await lab.kafka.committed(GROUP, TOPIC);
    for (const reach of [
      async (terminal: Terminal) => {
        await terminal.start('kc-doctor fix');
        await terminal.until(/looking at/);
      },
      toChoice,
      toPlan,
      async (terminal: Terminal) => {
        await toPlan(terminal);
        await terminal.type('y');
        await terminal.until(/apply this plan\? Yes\s+\S looking/);
      },
    ]) {
      await using home = await emptyFolder();
      await using terminal = await open(home.path);
      await reach(terminal);
      await terminal.press('C-c');
      expect(await terminal.end()).toBe(130);
      expect(await terminal.screen()).toMatch(/^interrupted; nothing was changed$/m);
      expect(await terminal.isSane()).toBe(true);
    }
    expect(await dockerEvents(lab, sinceMs, Date.now())).toEqual([]);
    expect(await lab.kafka.committed(GROUP, TOPIC)).toEqual(committed);
    expect(await runs()).toEqual([]);
  });

  it.each(TRIALS)('Ctrl-C %s, then %s', { timeout: TRIAL_TIMEOUT_MS }, async (moment, then) => {
    const { payments, bystander } = await injectBeside(lab, 'f19');
    const untouched = await rowsOf(lab, bystander);
    await using home = await emptyFolder();
    await using terminal = await open(home.path);
    await toPlan(terminal);
    await MOMENTS[moment]({ cut, lab, terminal });
    expect(await terminal.end(LOOK_MS)).toBe(130);
    const [, run = ''] = /fix --resume (\w+)$/m.exec(await terminal.screen()) ?? [];
    expect(await terminal.isSane()).toBe(true);
    await lab.waitForJoined('purchase-worker');
    expect(await runs()).toMatchObject([{ run, end: { kind: 'interrupted', text: '' } }]);
    await lab.clearSwitches();
    await settle(terminal, home.path, { run, then });
    for (const payment of payments) expect(await deliveryOf(lab, payment)).toEqual(DELIVERED);
    expect(await rowsOf(lab, bystander)).toEqual(untouched);
  });

  it('Ctrl-C twice: what is printed starts the worker and goes on', {
    timeout: TRIAL_TIMEOUT_MS,
  }, async () => {
    const { payments, bystander } = await injectBeside(lab, 'f19');
    const untouched = await rowsOf(lab, bystander);
    await using home = await emptyFolder();
    await using terminal = await open(home.path);
    await toPlan(terminal);
    await untilEmptyIsAwaited({ cut, lab, terminal });
    const again = cut.daemon.requests.hold('start', 'request', async () => {
      await terminal.press('C-c');
      await terminal.until(/^end=\d+$/m);
    });
    await interrupt(terminal);
    await again;
    expect(await terminal.end()).toBe(130);
    const printed = /now type:\n {2}(docker start \S+)\n {2}(kc-doctor fix --resume \w+)$/m;
    const [, start = '', resume = ''] = printed.exec(await terminal.screen()) ?? [];
    expect(await terminal.isSane()).toBe(true);
    expect(await stateOf(lab)).toMatchObject({ Running: false });

    await terminal.start(`env -u DOCKER_HOST ${start}`);
    expect(await terminal.end()).toBe(0);
    await lab.waitForJoined('purchase-worker');
    await terminal.start(resume);
    await terminal.until(CONSENT, LOOK_MS);
    await terminal.type('y');
    expect(await terminal.end(REPAIR_MS)).toBe(0);
    for (const payment of payments) expect(await deliveryOf(lab, payment)).toEqual(DELIVERED);
    expect(await rowsOf(lab, bystander)).toEqual(untouched);
  });

  it('a terminal that is closed: the worker is started again', { timeout: TRIAL_TIMEOUT_MS }, async () => {
    await injectBeside(lab, 'f19');
    await using home = await emptyFolder();
    {
      await using terminal = await open(home.path);
      await toPlan(terminal);
      await untilEmptyIsAwaited({ cut, lab, terminal });
    }
    await lab.until('the run has ended', async () => (await runs())[0]?.end != null, LOOK_MS);
    await lab.waitForJoined('purchase-worker');
    expect(await runs()).toMatchObject([{ end: { kind: 'interrupted', text: '' } }]);
  });

  /** Goes on with the run, or takes it back and repairs what is left, as the operator would. */
  async function settle(
    terminal: Terminal,
    home: string,
    { run, then }: { readonly run: string; readonly then: 'resume' | 'undo' },
  ): Promise<void> {
    await terminal.start(then === 'resume' ? `kc-doctor fix --resume ${run}` : `kc-doctor undo ${run}`);
    await terminal.until(/apply this plan\?|take it back\?/, LOOK_MS);
    await terminal.type('y');
    const exitCode = await terminal.end(REPAIR_MS);
    if (then === 'resume') {
      expect(exitCode, await terminal.screen()).toBe(0);
      return;
    }
    // A first commit stays, and a person is told so.
    expect([0, 13]).toContain(exitCode);
    const [last] = await runs();
    expect(last?.end?.kind).toBe(exitCode === 0 ? 'undone' : 'failed');
    const dry = repairOf(await cut.run(home, ['fix', '--dry-run', '--json']));
    if ((dry.plan?.steps.length ?? 0) === 0) return;
    const repaired = await cut.run(home, ['fix', '--json', ...consentTo(dry)]);
    expect(repaired.exitCode, repaired.stdout + repaired.stderr).toBe(0);
  }

  /** Of the shared journal alone: it is asked for from an empty home. */
  async function runs() {
    await using elsewhere = await emptyFolder();
    return runsOf(await cut.run(elsewhere.path, ['history', '--json']));
  }
});

async function toChoice(terminal: Terminal): Promise<void> {
  await terminal.start('kc-doctor fix');
  await terminal.until(CHOICE, LOOK_MS);
}

async function toPlan(terminal: Terminal): Promise<void> {
  await toChoice(terminal);
  await terminal.press('Enter');
  await terminal.until(CONSENT);
}

async function interrupt(terminal: Terminal): Promise<void> {
  await terminal.press('C-c');
  await terminal.until(ENDING);
}

/** Killed in place of a polite stop, the worker leaves a member behind until its session times out (30 s). */
async function untilEmptyIsAwaited({ cut, lab, terminal }: Bed): Promise<void> {
  const held = cut.daemon.requests.hold('stop', 'request', () => lab.kill('purchase-worker'));
  await terminal.type('y');
  await held;
  await terminal.until(/waiting for \S+ to be without members/, LOOK_MS);
}

function signal(lab: Lab, name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  return new Docker().getContainer(lab.container('purchase-worker')).kill({ signal: name });
}

async function stateOf(lab: Lab) {
  return (await new Docker().getContainer(lab.container('purchase-worker')).inspect()).State;
}
