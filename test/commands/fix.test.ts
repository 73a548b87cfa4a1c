import { describe, expect, it } from 'vitest';
import { fix } from '../../src/commands/fix.ts';
import { history } from '../../src/commands/history.ts';
import { undo } from '../../src/commands/undo.ts';
import type { Outcome } from '../../src/context.ts';
import { MINUTE } from '../support/platform-rows.ts';
import { type ContextOptions, SimulatedSurroundings } from '../support/simulated-context.ts';
import { SIMULATED_FAULTS, type SimulatedFaultId } from '../support/simulated-faults.ts';
import { SimulatedPlatform } from '../support/simulated-platform.ts';
import { planFrom, SimulatedOperator } from '../support/simulated-run.ts';

async function faulty(id: SimulatedFaultId) {
  const fault = await SIMULATED_FAULTS[id]();
  const surroundings = new SimulatedSurroundings(fault.platform);
  const run = (args: readonly string[], options: ContextOptions = {}): Promise<Outcome> =>
    fix(surroundings.context(options), args);
  return { ...fault, surroundings, run };
}

const YES = { flags: { yes: true } } as const;
const DRY = { flags: { dryRun: true } } as const;

describe('fix without anybody at the terminal', () => {
  it('refuses before it looks, and names the flags', async () => {
    const { platform, run } = await faulty('f02');
    const before = platform.clock.nowMs();
    await expect(run([])).rejects.toMatchObject({
      name: 'RefusedError',
      hint: expect.stringMatching(/--dry-run.*--yes.*--confirm/),
    });
    expect(platform.clock.nowMs()).toBe(before);
  });

  it('plans, and changes nothing', async () => {
    const { platform, run } = await faulty('f02');
    const before = platform.counters();
    const outcome = await run([], DRY);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.text).toContain('start container kodingcaravan-allocation-worker');
    expect(platform.counters()).toEqual(before);
    expect((await run([], { flags: { dryRun: true, detailedExitcode: true } })).exitCode).toBe(10);
  });

  it('shows, applies and verifies what it was given consent for', async () => {
    const { platform, payment, surroundings, run } = await faulty('f02');
    const outcome = await run([], YES);
    expect(outcome.exitCode).toBe(0);
    expect(surroundings.shown.join('')).toContain('start container kodingcaravan-allocation-worker');
    expect(outcome.text).toMatch(/run run1: fixed: 1 payment arrived \(exit 0\)/);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('is not 0 where something else is broken beside what it repaired', async () => {
    const { platform, payment, run } = await faulty('f02');
    platform.stop('cache-worker');
    platform.pass(MINUTE);
    const outcome = await run(['start-worker', 'allocation'], YES);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.text).toMatch(/1 payment arrived, and something else is still wrong \(exit 1\)/);
  });

  // notification-worker is not one of the expected set.
  it.each(['cache-worker', 'notification-worker'])('starts %s before it hurts anybody', async (worker) => {
    const platform = await SimulatedPlatform.open();
    platform.stop(worker);
    platform.pass(MINUTE);
    const surroundings = new SimulatedSurroundings(platform);
    const outcome = await fix(surroundings.context(YES), []);
    expect(outcome.text).toMatch(/fixed: what was planned is done \(exit 0\)/);
    expect(platform.running()).toContain(worker);
  });

  it.each(['stopped', 'dying'])('makes a topic again before anybody paid, its readers %s', async (how) => {
    const platform = await SimulatedPlatform.open();
    const readers = ['allocation-worker', 'cache-worker'];
    for (const reader of readers) platform.stop(reader);
    platform.deleteTopic('purchase-created');
    for (const reader of how === 'dying' ? readers : []) platform.start(reader);
    platform.pass(MINUTE);
    const surroundings = new SimulatedSurroundings(platform);
    const { text } = await fix(surroundings.context(DRY), []);
    expect(text).toContain('create topic purchase-created');
    expect(text).not.toMatch(/no payment was named|no repair is offered/);
  });

  it('wants the count spelled out where something cannot be taken back', async () => {
    const { platform, payment, run } = await faulty('f33');
    await expect(run([], YES)).rejects.toMatchObject({
      name: 'RefusedError',
      hint: expect.stringContaining('--confirm kodingcaravan:1'),
    });
    expect(platform.ledger.entries()).toEqual([]);
    expect((await run([], { flags: { confirm: 'kodingcaravan:1' } })).exitCode).toBe(0);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('has nothing to do on a healthy platform', async () => {
    const platform = await SimulatedPlatform.open();
    const surroundings = new SimulatedSurroundings(platform);
    const outcome = await fix(surroundings.context(YES), []);
    expect(outcome.exitCode).toBe(0);
    expect(platform.ledger.entries()).toEqual([]);
  });

  it('obeys a configuration that forbids a repair', async () => {
    const { platform, run } = await faulty('f02');
    await expect(run([], { ...YES, allowed: 'none' })).rejects.toMatchObject({ code: 'KC_REPAIR_FORBIDDEN' });
    await expect(run([], { ...YES, allowed: ['move-offsets'] })).rejects.toMatchObject({
      code: 'KC_REPAIR_FORBIDDEN',
    });
    expect(platform.ledger.entries()).toEqual([]);
    expect((await run([], { ...YES, allowed: ['start-worker'] })).exitCode).toBe(0);
  });

  it('repairs nothing beside containers that it has not seen', async () => {
    const { platform, run } = await faulty('f33');
    platform.runtime.fail('containers');
    await expect(run([], { flags: { confirm: 'kodingcaravan:1' } })).rejects.toMatchObject({
      name: 'RefusedError',
      message: expect.stringMatching(/^the containers were not seen: /),
    });
    expect(platform.ledger.entries()).toEqual([]);
  });

  it('says what it could not look at where it has no repair', async () => {
    const { platform, run } = await faulty('f19');
    platform.runtime.fail('containers');
    const { exitCode, text } = await run([], YES);
    expect(exitCode).toBe(1);
    expect(text.replace(/\s+/g, ' ')).toMatch(
      /by hand is in the plan; \d+ required checks could not look \(docker: /,
    );
    expect(platform.ledger.entries()).toEqual([]);
  });

  it('prints one JSON document', async () => {
    const { run } = await faulty('f02');
    const { text } = await run([], { flags: { yes: true, format: 'json' } });
    expect(JSON.parse(text)).toMatchObject({
      command: 'fix',
      exitCode: 0,
      run: 'run1',
      outcome: { kind: 'fixed', reasons: [], phases: [{ phase: 1, isUndo: false }] },
    });
  });
});

describe('what is named on the command line', () => {
  it.each([[['start-worker', 'allocation']], [['start-worker', 'allocation-worker']], [['allocation']]])(
    '%j starts the worker',
    async (args) => {
      const { payment, platform, run } = await faulty('f02');
      expect((await run(args, YES)).exitCode).toBe(0);
      expect(platform.delivered(payment)).toEqual([1, 1, 7]);
    },
  );

  it.each([
    [['restart-everything'], 'KC_UNKNOWN_TARGET'],
    [['start-worker', 'nonsense'], 'KC_UNKNOWN_TARGET'],
    [['start-worker', 'purchase', 'allocation'], 'KC_USAGE'],
  ])('%j is not understood', async (args, code) => {
    const { run } = await faulty('f02');
    await expect(run(args, YES)).rejects.toMatchObject({ code });
  });

  it.each([
    [{ from: 'x.json', yes: true }],
    [{ plan: 'p.json', includeOlder: true }],
    [{ planOut: 'p.json', yes: true }],
    [{ detailedExitcode: true, yes: true }],
    [{ resume: 'run1', dryRun: true }],
  ])('%j is refused', async (flags) => {
    const { run } = await faulty('f02');
    await expect(run([], { flags })).rejects.toMatchObject({ name: 'UsageError' });
  });
});

describe('a saved plan', () => {
  const saved = async () => {
    const fault = await faulty('f02');
    await fault.run([], { flags: { dryRun: true, planOut: 'plan.json' } });
    return fault;
  };

  it('is the only thing that is applied in CI', async () => {
    const { platform, payment, run } = await saved();
    await expect(run([], { isCi: true, flags: { yes: true } })).rejects.toMatchObject({
      hint: expect.stringContaining('--plan'),
    });
    expect((await run([], { isCi: true, flags: { plan: 'plan.json' } })).exitCode).toBe(0);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('names who made it and who applies it', async () => {
    const { run, surroundings } = await saved();
    await run([], { operator: 'bob', flags: { plan: 'plan.json' } });
    expect(surroundings.said.join('\n')).toMatch(/made by alice on here, applied by bob/);
  });

  it('is refused where its time lies ahead, and says so', async () => {
    const { surroundings, run } = await saved();
    const ahead = (surroundings.files.get('plan.json') ?? '').replace(/"madeAt":"\d{4}/, '"madeAt":"2099');
    surroundings.files.set('plan.json', ahead);
    await expect(run([], { flags: { plan: 'plan.json' } })).rejects.toMatchObject({
      code: 'KC_PLAN_EXPIRED',
      message: expect.stringMatching(/at 2099.*later than the clock of this machine/),
    });
  });

  it('expires after 30 minutes', async () => {
    const { platform, run } = await saved();
    platform.pass(30 * MINUTE);
    await expect(run([], { flags: { plan: 'plan.json' } })).rejects.toMatchObject({ name: 'StaleError' });
  });

  it('is refused where it would be made otherwise now', async () => {
    const { platform, run } = await saved();
    platform.pay({ partition: 2 });
    platform.pass(20_000);
    await expect(run([], { flags: { plan: 'plan.json' } })).rejects.toMatchObject({ name: 'StaleError' });
    expect(platform.ledger.entries()).toEqual([]);
  });

  it('says in what it would be another one, and why', async () => {
    const { platform, payment, run } = await saved();
    const { rows } = platform.database;
    const refunded = rows.payments.map((row) =>
      row.id === payment.id ? { ...row, status: 'refunded' } : row,
    );
    platform.database.rows = { ...rows, payments: refunded };
    await expect(run([], { flags: { plan: 'plan.json' } })).rejects.toMatchObject({
      code: 'KC_STALE_PLAN',
      details: [
        `payment ${payment.id} is refunded`,
        'start-worker is refused: unpaid (purchase-created[1] @ 1): the payment is refunded',
        'no more: start container kodingcaravan-allocation-worker (exited (0))',
      ],
    });
  });

  it('is refused for another database', async () => {
    const { platform, run } = await saved();
    platform.database.databaseFacts = { oid: 99 };
    await expect(run([], { flags: { plan: 'plan.json' } })).rejects.toMatchObject({
      name: 'RefusedError',
      message: expect.stringMatching(/made for another database \(\d+, now 99\)/),
    });
    expect(platform.ledger.entries()).toEqual([]);
  });

  it.each(['', '{}', '{"kind":"kc-doctor-plan"}', '[1'])('is refused as %j', async (text) => {
    const { run, surroundings } = await saved();
    surroundings.files.set('plan.json', text);
    await expect(run([], { flags: { plan: 'plan.json' } })).rejects.toMatchObject({ code: 'KC_NOT_A_PLAN' });
  });
});

it('what is left and not allowed is said, and the rest stays done', async () => {
  const { platform, run } = await faulty('f15');
  platform.stop('allocation-worker');
  const confirm = (await planFrom(platform)).confirm ?? '';
  const outcome = await run([], { flags: { confirm }, allowed: ['create-topics'] });
  expect(outcome.exitCode).toBe(1);
  expect(outcome.text).toContain('the configuration does not allow start-worker here');
  expect(platform.kafka.hasTopic('purchase-created')).toBe(true);
});

describe('guided', () => {
  it('diagnoses, offers, shows, asks, applies and verifies', async () => {
    const { platform, payment, surroundings, run } = await faulty('f02');
    const outcome = await run([], { answers: [0, true] });
    expect(outcome.exitCode).toBe(0);
    expect(surroundings.questions[0]).toMatch(/start container kodingcaravan-allocation-worker.*\| nothing/);
    expect(surroundings.shown[0]).toContain('allocation-worker is not running');
    expect(surroundings.shown[0]).not.toContain('kc-doctor fix');
    expect(surroundings.shown[1]).toContain('by hand: docker start');
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('wants the text typed where something cannot be taken back', async () => {
    const { platform, payment, surroundings, run } = await faulty('f33');
    expect((await run([], { answers: [0, 'kodingcaravan:1'] })).exitCode).toBe(0);
    expect(surroundings.questions[1]).toContain('kodingcaravan:1');
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it.each([
    ['f02', 'start container kodingcaravan-allocation-worker, for 1 payment'],
    ['f19', 'Move the committed offsets (purchase): 3 steps, for 1 payment'],
  ] as const)('%s: offers what is to be done in one line', async (id, offer) => {
    const { surroundings, run } = await faulty(id);
    await run([], { answers: [-1] });
    expect(surroundings.questions[0]).toMatch(/^what shall be done\? (.*) \| nothing, leave it as it is$/);
    expect(surroundings.questions[0]).toContain(`? ${offer} |`);
  });

  it.each([
    ['f02', 'the last choice', [-1]],
    ['f02', 'no', [0, false]],
    ['f19', 'no', [0, false]],
    ['f15', 'no', [0, false]],
    ['f33', 'yes in place of the text', [0, 'yes']],
    ['f33', 'nothing', [0, '']],
  ] as const)('%s, answered with %s: changes nothing', async (id, _, answers) => {
    const { platform, run } = await faulty(id);
    const before = platform.counters();
    const outcome = await run([], { answers });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.text).toContain('nothing was changed');
    expect(platform.counters()).toEqual(before);
  });

  it('asks nobody where consent was given on the command line', async () => {
    const { surroundings, run } = await faulty('f02');
    expect((await run([], { answers: [], ...YES })).exitCode).toBe(0);
    expect(surroundings.questions).toEqual([]);
  });
});

describe('a run that was left', () => {
  async function killed(place: string) {
    const fault = await faulty('f19');
    const operator = new SimulatedOperator(fault.platform);
    operator.diesAt = place;
    await operator.apply(await planFrom(fault.platform));
    fault.platform.pass(3_000);
    return fault;
  }

  it('stands in the history, with what to do', async () => {
    const { platform } = await killed('1.3.after-act');
    const surroundings = new SimulatedSurroundings(platform);
    const { text } = await history(surroundings.context(), []);
    expect(text).toMatch(/run1 .*alice.*move-offsets@purchase for 1 payment/s);
    expect(text).toMatch(/fix --resume run1/);
  });

  it('says in the history that runs may be missing where the shared journal is silent', async () => {
    const { platform } = await killed('1.3.after-act');
    platform.ledger.mood = 'silent';
    const surroundings = new SimulatedSurroundings(platform);
    const { text, exitCode } = await history(surroundings.context(), []);
    expect(text).toMatch(/run1 .*alice/s);
    expect(surroundings.said.join()).toMatch(/runs may be missing here: Postgres did not answer in time/);
    expect(exitCode).toBe(3);
  });

  it('is gone on with, with consent', async () => {
    const { platform, payment, run } = await killed('1.3.after-act');
    await expect(run([], { flags: { resume: 'run1' } })).rejects.toMatchObject({ name: 'RefusedError' });
    expect((await run([], { flags: { resume: 'run1', yes: true } })).exitCode).toBe(0);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
    await expect(run([], { flags: { resume: 'run1', yes: true } })).rejects.toMatchObject({
      code: 'KC_RUN_ENDED',
    });
  });

  it('is taken back, with consent', async () => {
    const { platform } = await killed('1.1.after-outcome');
    const surroundings = new SimulatedSurroundings(platform);
    await expect(undo(surroundings.context(), ['run1'])).rejects.toMatchObject({ name: 'RefusedError' });
    expect(platform.running()).not.toContain('purchase-worker');
    const outcome = await undo(surroundings.context(YES), ['run1']);
    expect(outcome).toMatchObject({ exitCode: 0, text: expect.stringContaining('run run1 was taken back') });
    expect(platform.running()).toContain('purchase-worker');
    await expect(undo(surroundings.context(YES), ['run1'])).rejects.toMatchObject({ code: 'KC_RUN_ENDED' });
  });

  it('says of a first offset that it stays, and needs nobody for it', async () => {
    const { platform } = await killed('1.3.after-act');
    const outcome = await undo(new SimulatedSurroundings(platform).context(YES), ['run1']);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.text).toMatch(/the committed offset \d+ of \S+ on \S+\s+stays: none was\s+there before/);
    expect(platform.running()).toContain('purchase-worker');
  });

  it('asks before it takes back', async () => {
    const { platform } = await killed('1.1.after-outcome');
    const surroundings = new SimulatedSurroundings(platform);
    await expect(undo(surroundings.context({ answers: [false] }), ['run1'])).rejects.toMatchObject({
      name: 'RefusedError',
    });
    expect(platform.running()).not.toContain('purchase-worker');
    expect((await undo(surroundings.context({ answers: [true] }), ['run1'])).exitCode).toBe(0);
  });

  it('is not known under another name', async () => {
    const { platform } = await killed('1.1.after-outcome');
    const surroundings = new SimulatedSurroundings(platform);
    await expect(undo(surroundings.context(YES), ['run9'])).rejects.toMatchObject({ code: 'KC_UNKNOWN_RUN' });
  });
});
