import { describe, expect, it } from 'vitest';
import { paymentRecord } from '../support/platform-rows.ts';
import { SIMULATED_FAULTS, type SimulatedFaultId } from '../support/simulated-faults.ts';
import { SimulatedPlatform } from '../support/simulated-platform.ts';
import { planFrom, SimulatedOperator } from '../support/simulated-run.ts';

const PURCHASE_GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';

async function planned(id: SimulatedFaultId) {
  const fault = await SIMULATED_FAULTS[id]();
  return { ...fault, plan: await planFrom(fault.platform) };
}

function refund(platform: SimulatedPlatform, { id }: { readonly id: string }): void {
  const { rows } = platform.database;
  const payments = rows.payments.map((row) => (row.id === id ? { ...row, status: 'refunded' } : row));
  platform.database.rows = { ...rows, payments };
}

function endPurchases(platform: SimulatedPlatform): void {
  const { rows } = platform.database;
  platform.database.rows = {
    ...rows,
    purchases: rows.purchases.map((row) => ({ ...row, isActive: false })),
  };
}

describe('a plan that no longer holds', () => {
  const STALE: readonly (readonly [
    string,
    SimulatedFaultId,
    (platform: SimulatedPlatform, payment: { readonly id: string }) => void,
    RegExp,
  ])[] = [
    [
      'the worker was started meanwhile',
      'f02',
      (platform) => platform.start('allocation-worker'),
      /is running, it was exited/,
    ],
    [
      'the offset was moved meanwhile',
      'f19',
      (platform) => platform.kafka.commit(PURCHASE_GROUP, TOPIC, { 1: 1n }),
      /purchase-confirmed\[1\] is at 1, it was at none/,
    ],
    [
      'the worker was restarted meanwhile',
      'f19',
      (platform) => {
        platform.stop('purchase-worker');
        platform.pass(1_000);
        platform.start('purchase-worker');
      },
      /was started again meanwhile/,
    ],
    [
      'the topic was made meanwhile',
      'f15',
      (platform) => platform.kafka.createTopic('purchase-created'),
      /topic purchase-created exists meanwhile/,
    ],
    ['the payment was refunded meanwhile', 'f33', refund, /it is not paid/],
    ['the payment was refunded meanwhile', 'f02', refund, /payment .* is refunded/],
    ['the payment was refunded meanwhile', 'f19', refund, /payment .* is refunded/],
    ['the purchase was ended meanwhile', 'f02', endPurchases, /its purchase .* has ended/],
  ];

  it.each(STALE)('%s: nothing is written', async (_, id, change, reason) => {
    const { platform, payment, plan } = await planned(id);
    change(platform, payment);
    const operator = new SimulatedOperator(platform);
    await expect(operator.apply(plan)).rejects.toMatchObject({
      name: 'StaleError',
      message: expect.stringMatching(reason),
    });
    expect(operator.writes).toEqual([]);
    expect(platform.ledger.entries()).toEqual([]);
  });

  it('is noticed right before the worker is let at its records: the payment was refunded', async () => {
    const { platform, payment, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.2.after-outcome') refund(platform, payment);
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'undone' });
    expect(result?.reasons.join()).toMatch(/payment .* is refunded/);
    expect(operator.writes).toEqual(['stop', 'start']);
    expect(platform.running()).toContain('purchase-worker');
    expect(platform.delivered(payment)).toEqual([0, 0, 0]);
  });

  it.each([
    ['resume', '1.3.after-outcome'],
    ['resume', '1.4.after-intent'],
    ['undo', '1.3.after-outcome'],
  ] as const)('is noticed by %s after %s: the payment was refunded', async (how, place) => {
    const { platform, payment, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.diesAt = place;
    expect(await operator.apply(plan)).toBeNull();
    platform.pass(3_000);
    refund(platform, payment);
    const second = new SimulatedOperator(platform, 'bob');
    const result = await second[how]();
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toMatch(
      /stays stopped: .*payment .* is refunded.*docker start kodingcaravan-purchase-worker/,
    );
    expect(second.writes).toEqual([]);
    expect(platform.delivered(payment)).toEqual([0, 0, 0]);
  });

  it('is noticed where the readers of a new topic are to start: the payment was refunded', async () => {
    const { platform, payment, plan } = await planned('f15');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.5.before-intent') refund(platform, payment);
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toMatch(/allocation-worker stays stopped: .* is refunded/);
    expect(platform.delivered(payment)).toEqual([1, 0, 0]);
  });

  it.each(['resume', 'undo'] as const)('is noticed by %s: the purchase was ended', async (how) => {
    const platform = await SimulatedPlatform.open();
    platform.stop('allocation-worker');
    platform.kafka.commit('trainer-allocation-workers', 'purchase-created', { 0: -1n, 1: -1n, 2: -1n });
    const payment = platform.pay({ partition: 1 });
    platform.pass(2_000);
    platform.start('allocation-worker');
    platform.pass(20_000);
    const operator = new SimulatedOperator(platform);
    operator.diesAt = '1.3.after-outcome';
    expect(await operator.apply(await planFrom(platform))).toBeNull();
    platform.pass(3_000);
    endPurchases(platform);
    const result = await new SimulatedOperator(platform, 'bob')[how]();
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toMatch(/allocation-worker stays stopped: .* has ended/);
    expect(platform.delivered(payment)).toEqual([1, 0, 0]);
  });

  it('is noticed right before the record is sent: a row appeared', async () => {
    const { platform, payment, plan } = await planned('f33');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place !== '1.1.before-intent') return;
      // The fallback made the purchase over HTTP after all.
      platform.makePurchase(payment);
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'stale' });
    expect(platform.kafka.recordsOf(TOPIC, 1).filter(({ key }) => key === payment.id)).toEqual([]);
  });
});

describe('a platform that may not be changed', () => {
  it('is another one than the plan was made for', async () => {
    const { platform, plan } = await planned('f02');
    const other = { ...plan, identity: { ...plan.identity, databaseOid: 99 } };
    const operator = new SimulatedOperator(platform);
    await expect(operator.apply(other)).rejects.toMatchObject({ code: 'KC_OTHER_PLATFORM' });
    expect(operator.writes).toEqual([]);
    expect(platform.ledger.entries()).toEqual([]);
  });

  it('is not proved to be one', async () => {
    const { platform, plan } = await planned('f02');
    platform.hideLinks();
    await expect(new SimulatedOperator(platform).apply(plan)).rejects.toMatchObject({
      code: 'KC_PLATFORM_UNPROVED',
    });
  });

  it('has a read replica for a database', async () => {
    const { platform, plan } = await planned('f02');
    platform.database.databaseFacts = { inRecovery: true, replayLagMs: 10 };
    await expect(new SimulatedOperator(platform).apply(plan)).rejects.toMatchObject({
      code: 'KC_READ_REPLICA',
    });
  });

  it('is locked through a transaction pooler', async () => {
    const { platform, plan } = await planned('f02');
    platform.ledger.mood = 'pooled';
    await expect(new SimulatedOperator(platform).apply(plan)).rejects.toMatchObject({
      code: 'KC_LOCK_POOLED',
    });
    expect(platform.running()).not.toContain('allocation-worker');
  });
});

describe('two operators', () => {
  it('one proceeds, the other is told who, what and since when', async () => {
    const { platform, payment, plan } = await planned('f19');
    const alice = new SimulatedOperator(platform, 'alice');
    const refusals: unknown[] = [];
    alice.at = (place) => {
      if (place !== '1.3.after-act') return;
      void new SimulatedOperator(platform, 'bob').apply(plan, 'run2').catch((error: unknown) => {
        refusals.push(error);
      });
    };
    const result = await alice.apply(plan);
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect(refusals).toMatchObject([
      { code: 'KC_LOCK_HELD', message: expect.stringMatching(/run1.*move-offsets@purchase.*alice.*since/) },
    ]);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('the lock is free once the holder died, and a lost lock stops everything', async () => {
    const { platform, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.3.before-intent') platform.ledger.loseHolder();
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toMatch(/no longer holds the lock/);
    expect(result?.reasons).toContain('docker start kodingcaravan-purchase-worker');
    expect(platform.kafka.committedOf(PURCHASE_GROUP, TOPIC, 1)).toBeNull();
  });
});

it('a topic whose reader did not run is made, and the reader is started then', async () => {
  const { platform, payment } = await SIMULATED_FAULTS.f15();
  platform.stop('allocation-worker');
  const plan = await planFrom(platform);
  expect(plan.steps.map(({ title }) => title).join()).not.toMatch(/start container \S*allocation-worker/);
  expect(await new SimulatedOperator(platform).apply(plan)).toMatchObject({ outcome: 'fixed', reasons: [] });
  expect(platform.delivered(payment)).toEqual([1, 1, 7]);
});

it('a reader that kept dying for want of its topic is started all the same', async () => {
  const { platform, payment, plan } = await planned('f15');
  platform.runtime.nextStopExits('kodingcaravan-allocation-worker', 1);
  expect(await new SimulatedOperator(platform).apply(plan)).toMatchObject({ outcome: 'fixed', reasons: [] });
  expect(platform.delivered(payment)).toEqual([1, 1, 7]);
});

describe('a repair that does not work is never called fixed', () => {
  it('what was stopped and does not start again is named', async () => {
    const { platform, plan } = await planned('f19');
    platform.runtime.fail('start', 'refused');
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toContain('docker start kodingcaravan-purchase-worker');
  });

  it('the worker exits again after its start: it is stopped again', async () => {
    const { platform, plan } = await planned('f02');
    platform.breakWorker('allocation-worker');
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'undone' });
    expect(result?.reasons.join('\n')).toMatch(/allocation-worker is restarting|died and was restarted/);
    expect(platform.running()).not.toContain('allocation-worker');
    expect((await new SimulatedOperator(platform).record()).end?.kind).toBe('undone');
  });

  it('somebody else commits over ours', async () => {
    const { platform, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.3.after-act') platform.kafka.commit(PURCHASE_GROUP, TOPIC, { 1: 2n });
    };
    const result = await operator.apply(plan);
    expect(result?.outcome).toMatch(/undone|needs-person/);
    expect(result?.reasons.join('\n')).toMatch(/committed to by somebody else/);
    expect(platform.running()).toContain('purchase-worker');
  });

  it.each(['1.3.after-outcome', '1.4.after-intent'])('somebody else commits over ours at %s', async (at) => {
    const { platform, payment, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === at) platform.kafka.commit(PURCHASE_GROUP, TOPIC, { 1: 2n });
    };
    const result = await operator.apply(plan);
    expect(result?.outcome).toMatch(/undone|needs-person/);
    expect(result?.reasons.join('\n')).toMatch(/committed to by somebody else|not as it was committed/);
    expect(platform.delivered(payment)).toEqual([0, 0, 0]);
  });

  it('the topic is deleted after the record was sent', async () => {
    const { platform, payment, plan } = await planned('f33');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place !== '1.1.after-act') return;
      platform.stop('purchase-worker');
      platform.deleteTopic(TOPIC);
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toMatch(/purchase-confirmed/);
    expect(platform.delivered(payment)).toEqual([0, 0, 0]);
  });

  it('the topic is deleted while the record waits in it', async () => {
    const { platform, payment, plan } = await planned('f33');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.1.after-intent') platform.stop('purchase-worker');
      if (place === '1.1.after-outcome') platform.deleteTopic(TOPIC);
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons).toEqual([
      expect.stringMatching(/has not read purchase-confirmed.*: topic purchase-confirmed is gone$/),
      expect.stringMatching(/^the record of payment .* was sent to purchase-confirmed/),
    ]);
    expect(platform.delivered(payment)).toEqual([0, 0, 0]);
  });

  it('the worker reads the record and makes nothing of it', async () => {
    const { platform, payment, plan } = await planned('f33');
    platform.swallow(payment.id);
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons.join('\n')).toMatch(new RegExp(payment.id));
  });

  it('a first record that comes to nothing is the only one', async () => {
    const { platform, payment } = await SIMULATED_FAULTS.f33();
    const others = Array.from({ length: 4 }, () => platform.pay({ isSent: false }));
    platform.pass(1_000);
    for (const partition of [0, 1, 2]) platform.pay({ partition });
    platform.pass(20_000);
    const plan = await planFrom(platform);
    expect(plan.payments).toHaveLength(5);
    platform.swallow(payment.id);
    const operator = new SimulatedOperator(platform);
    const result = await operator.apply(plan);
    expect(result?.outcome).toBe('needs-person');
    expect(result?.reasons.join('\n')).toMatch(
      new RegExp(`has read the record of payment ${payment.id} and made nothing of it`),
    );
    expect(operator.writes).toEqual(['produce']);
    for (const other of others) expect(platform.delivered(other)).toEqual([0, 0, 0]);
  });
});

describe('an offset that lay outside the log', () => {
  it.each(['1.3.after-act', '1.3.after-outcome', '1.4.after-intent'])(
    'is not put back by undo after %s, and the worker runs again',
    async (place) => {
      const platform = await SimulatedPlatform.open();
      platform.stop('purchase-worker');
      platform.kafka.commit(PURCHASE_GROUP, TOPIC, { 1: 57n });
      const payment = platform.pay({ partition: 1 });
      platform.pass(2_000);
      platform.start('purchase-worker');
      platform.pass(20_000);
      const operator = new SimulatedOperator(platform);
      operator.diesAt = place;
      expect(await operator.apply(await planFrom(platform))).toBeNull();
      platform.pass(3_000);
      const undone = await new SimulatedOperator(platform, 'bob').undo();
      expect(undone).toMatchObject({ outcome: 'undone', stays: [expect.stringMatching(/from 57/)] });
      expect(platform.running()).toContain('purchase-worker');
      platform.pass(30_000);
      expect(platform.delivered(payment)).toEqual([1, 1, 7]);
    },
  );
});

describe('an answer that is lost', () => {
  const LOST = [
    ['the commit', 'f19', 'commitOffsets'],
    ['the record', 'f33', 'produce'],
    ['the topic', 'f15', 'createTopic'],
  ] as const;

  it.each(LOST)('%s, and it was done: found by reading, not done twice', async (_, id, method) => {
    const { platform, payment, plan } = await planned(id);
    platform.kafka.loseAnswer(method, 'after-effect');
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it.each(LOST)('%s, and it was not done: the run fails and says so', async (_, id, method) => {
    const { platform, payment, plan } = await planned(id);
    const running = platform.running();
    platform.kafka.loseAnswer(method, 'before-effect');
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'undone' });
    expect(platform.running()).toEqual(running);
    expect(platform.delivered(payment)[2]).toBe(0);
  });

  it.each([
    ['start', 'f02'],
    ['stop', 'f19'],
  ] as const)('of a container %s: the container tells', async (method, id) => {
    const { platform, payment, plan } = await planned(id);
    platform.runtime.fail(method, 'timeout', { isDone: true });
    const result = await new SimulatedOperator(platform).apply(plan);
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });
});

describe('the journal', () => {
  it('survives one lost answer without a second entry', async () => {
    const { platform, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.3.before-intent') platform.ledger.mood = 'loses-answer';
    };
    expect(await operator.apply(plan)).toMatchObject({ outcome: 'fixed' });
    const sequences = platform.ledger.entries().map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  });

  it('that cannot be written any more stops everything, and says what to type', async () => {
    const { platform, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.3.before-intent') platform.ledger.mood = 'silent';
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'needs-person' });
    expect(result?.reasons).toContain('docker start kodingcaravan-purchase-worker');
    expect(operator.writes).toEqual(['stop']);
  });

  it('is kept in the local file alone where the login may make no schema', async () => {
    const { platform, payment, plan } = await planned('f02');
    platform.ledger.mayMakeSchema = false;
    expect(await new SimulatedOperator(platform).apply(plan)).toMatchObject({ outcome: 'fixed' });
    expect(platform.ledger.entries()).toEqual([]);
    expect(platform.fileEntries.entries().at(-1)?.kind).toBe('run-verified');
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });
});

const READERS = [
  ['allocation-worker', 'trainer-allocation-workers', 'purchase-created'],
  ['purchase-worker', PURCHASE_GROUP, TOPIC],
] as const;

describe('Ctrl-C', () => {
  it.each([
    '1.1.after-outcome',
    '1.2.before-intent',
    '1.3.before-intent',
    '1.3.after-outcome',
    '1.5.before-intent',
  ])('at %s starts what was stopped, and --resume goes on', async (place) => {
    const { platform, payment, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (here) => {
      if (here === place) operator.interrupt();
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'interrupted', reasons: [] });
    expect(platform.running()).toContain('purchase-worker');
    platform.pass(5_000);
    const second = new SimulatedOperator(platform, 'bob');
    expect((await second.record()).end?.kind).toBe('interrupted');
    expect(await second.resume()).toMatchObject({ outcome: 'fixed' });
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('in the middle of a topic finishes its offsets before the readers start', async () => {
    const { platform, payment, plan } = await planned('f15');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.5.after-act') operator.interrupt();
    };
    const result = await operator.apply(plan);
    expect(result).toMatchObject({ outcome: 'interrupted' });
    expect(platform.running()).toContain('allocation-worker');
    platform.pass(30_000);
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('before a stop was sent ends the run at once', async () => {
    const { platform, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.1.after-intent') operator.interrupt();
    };
    const beganMs = platform.clock.nowMs();
    expect(await operator.apply(plan)).toMatchObject({ outcome: 'interrupted', reasons: [] });
    expect(platform.clock.nowMs() - beganMs).toBeLessThan(5_000);
    expect(operator.writes).toEqual([]);
    expect(await new SimulatedOperator(platform, 'bob').resume()).toMatchObject({ outcome: 'fixed' });
  });

  it('at the question about what is still missing ends the run there, and it can be gone on with', async () => {
    const { platform, payment, plan } = await planned('f02');
    platform.swallow(payment.id);
    const operator = new SimulatedOperator(platform);
    operator.asked = () => {
      operator.interrupt();
      throw new Error('left the question');
    };
    expect(await operator.apply(plan)).toMatchObject({ outcome: 'interrupted', reasons: [] });
    const second = new SimulatedOperator(platform, 'bob');
    expect((await second.record()).end?.kind).toBe('interrupted');
    expect(await second.resume()).toMatchObject({ outcome: 'remaining' });
  });

  it('of two workers starts the one that is stopped, and --resume stops it again', async () => {
    const platform = await SimulatedPlatform.open();
    const payments = READERS.map(([worker, group, topic], partition) => {
      platform.stop(worker);
      platform.kafka.commit(group, topic, { 0: -1n, 1: -1n, 2: -1n });
      const payment = platform.pay({ partition });
      platform.pass(2_000);
      platform.start(worker);
      return payment;
    });
    platform.pass(20_000);
    const plan = await planFrom(platform);
    const commits = plan.steps.filter(({ action }) => action.kind === 'commit-offsets');
    expect(commits).toHaveLength(2);
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === `1.${commits[0]?.number}.after-outcome`) operator.interrupt();
    };
    expect(await operator.apply(plan)).toMatchObject({ outcome: 'interrupted', reasons: [] });
    expect(platform.running()).toEqual(expect.arrayContaining(['purchase-worker', 'allocation-worker']));
    platform.pass(5_000);
    expect(await new SimulatedOperator(platform, 'bob').resume()).toMatchObject({ outcome: 'fixed' });
    for (const payment of payments) expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });

  it('twice before the first step names the run', async () => {
    const { platform, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (place) => {
      if (place === '1.after-opening') operator.leave();
    };
    await expect(operator.apply(plan)).rejects.toThrow();
    expect(operator.left).toEqual(['kc-doctor fix --resume run1']);
  });

  it.each([
    '1.1.after-outcome',
    '1.2.before-intent',
    '1.3.before-intent',
    '1.3.after-intent',
    '1.3.after-outcome',
    '1.4.after-intent',
  ])('twice at %s leaves at once, and --resume goes on after what is to be typed', async (place) => {
    const { platform, payment, plan } = await planned('f19');
    const operator = new SimulatedOperator(platform);
    operator.at = (here) => {
      if (here !== place) return;
      operator.interrupt();
      operator.leave();
    };
    await expect(operator.apply(plan)).rejects.toThrow();
    expect(operator.left).toEqual([
      'docker start kodingcaravan-purchase-worker',
      'kc-doctor fix --resume run1',
    ]);
    platform.ledger.loseHolder();
    platform.pass(3_000);
    platform.start('purchase-worker');
    platform.pass(5_000);
    expect(await new SimulatedOperator(platform, 'bob').resume()).toMatchObject({ outcome: 'fixed' });
    expect(platform.delivered(payment)).toEqual([1, 1, 7]);
  });
});

describe('the rest of the payments', () => {
  it('one that was never paid is not given a record', async () => {
    const { platform } = await planned('f33');
    const stranger = paymentRecord(platform.clock.nowMs(), { status: 'failed' });
    platform.database.rows = {
      ...platform.database.rows,
      payments: [...platform.database.rows.payments, stranger],
    };
    const plan = await planFrom(platform);
    expect(plan.payments).not.toContain(stranger.id);
  });
});
