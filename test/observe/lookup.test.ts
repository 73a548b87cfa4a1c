import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DependencyError } from '../../src/errors.ts';
import { budget, type Desk } from '../../src/observe/deadline.ts';
import { foundBy, lookUp, lookUpMistaken } from '../../src/observe/lookup.ts';
import { paymentId } from '../../src/platform/ids.ts';
import { seen, unseen } from '../../src/platform/observed.ts';
import { healthyChain, joinRows } from '../support/platform-rows.ts';
import { ScriptedClock } from '../support/scripted-clock.ts';
import { SimulatedPurchaseDatabase } from '../support/simulated-purchase-database.ts';
import { gap, HOUR } from '../support/states.ts';

const REFUSED = new DependencyError('KC_POSTGRES_REFUSED', 'refused', 'start it', {
  system: 'postgres',
  operation: 'payments',
  gapCode: 'refused',
});

function platform() {
  const clock = new ScriptedClock();
  const [mine, other] = [healthyChain(clock.nowMs() - HOUR), healthyChain(clock.nowMs() - 2 * HOUR)];
  const rows = joinRows(mine, other);
  const database = new SimulatedPurchaseDatabase({ nowMs: () => clock.nowMs(), rows });
  const desk: Desk = {
    clock,
    observer: () => undefined,
    signal: AbortSignal.timeout(60_000),
    endsAtMs: clock.monotonicMs() + 15_000,
  };
  const paymentsOf = async (asked: readonly string[]) => {
    const question = { windowMs: 24 * HOUR, limit: 10, asked: asked.map(paymentId) };
    return seen(await database.payments(question, desk.signal), clock.nowMs());
  };
  return { clock, desk, database, mine, other, paymentsOf };
}

describe('a lookup', () => {
  it('finds the payments behind each id, and no others', async () => {
    const { desk, database, mine, other } = platform();
    const questions = [
      { kind: 'student', id: mine.payment.studentId },
      { kind: 'course', id: mine.courseId },
      { kind: 'purchase', id: mine.purchase.id },
      { kind: 'allocation', id: other.allocation.id },
    ] as const;
    const lookups = await lookUp(desk, budget(15_000), database, questions);
    expect(lookups.map(({ kind, id }) => ({ kind, id }))).toEqual(questions);
    expect(foundBy(lookups)).toEqual([mine.payment.id, mine.payment.id, mine.payment.id, other.payment.id]);
  });

  it('is not made where the database was not reached, and says so', async () => {
    const { desk, database, mine } = platform();
    const question = { kind: 'student', id: mine.payment.studentId } as const;
    const [hidden] = await lookUp(desk, budget(15_000), gap('postgres'), [question]);
    expect(hidden?.payments).toEqual(
      unseen(gap('postgres', { operation: `payments of student ${question.id}` })),
    );
    database.moods.paymentsBehind = { kind: 'fails', error: REFUSED };
    const [refused] = await lookUp(desk, budget(15_000), database, [question]);
    expect(refused?.payments).toMatchObject({ kind: 'unseen', gap: { code: 'refused' } });
    expect(foundBy([hidden, refused].filter((each) => each !== undefined))).toEqual([]);
  });
});

describe('an id that no payment has', () => {
  const mistaken = async (
    { desk, database, paymentsOf }: ReturnType<typeof platform>,
    ids: readonly string[],
  ) => lookUpMistaken(desk, budget(15_000), database, ids.map(paymentId), await paymentsOf(ids));

  it('is looked up under the other kinds', async () => {
    const world = platform();
    const ids = [
      world.mine.allocation.id,
      world.other.purchase.id,
      world.mine.payment.studentId,
      randomUUID(),
    ];
    const found = await mistaken(world, ids);
    expect(found.map(({ kind, id }) => [kind, id])).toEqual([
      ['allocation', ids[0]],
      ['purchase', ids[1]],
      ['student', ids[2]],
    ]);
    expect(foundBy(found)).toEqual([world.mine.payment.id, world.other.payment.id, world.mine.payment.id]);
  });

  it('costs nothing where every payment is known or payments could not be read', async () => {
    const world = platform();
    world.database.moods.paymentsBehind = { kind: 'fails', error: REFUSED };
    expect(await mistaken(world, [world.mine.payment.id])).toEqual([]);
    const { desk, database } = world;
    const unread = unseen(gap('postgres'));
    expect(await lookUpMistaken(desk, budget(15_000), database, [paymentId(randomUUID())], unread)).toEqual(
      [],
    );
  });
});
