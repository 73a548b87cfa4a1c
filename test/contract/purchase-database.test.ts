import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresLedger } from '../../src/adapters/postgres/ledger/open-ledger.ts';
import { openPostgres, type PostgresOptions } from '../../src/adapters/postgres/open.ts';
import { paymentId, purchaseId } from '../../src/platform/ids.ts';
import { describeLive } from '../support/live.ts';
import {
  allocationRecord,
  DAY,
  HOUR,
  type PlatformRows,
  paymentRecord,
  purchaseRecord,
  SECOND,
  sessionRecords,
} from '../support/platform-rows.ts';
import {
  createPlatformDatabase,
  type PlatformDatabase,
  POSTGRES_MISSING,
  type RealPostgres,
  startPostgres,
} from '../support/real-postgres.ts';
import { SimulatedPurchaseDatabase } from '../support/simulated-purchase-database.ts';
import { SimulatedLedgerDatabase } from '../support/simulated-run-ledger.ts';
import { purchaseDatabaseContract } from './purchase-database.contract.ts';
import { runsSeenContract } from './runs-seen.contract.ts';

describe('simulated purchase database', () => {
  purchaseDatabaseContract(async (rows) => ({
    reader: new SimulatedPurchaseDatabase({ rows }),
    [Symbol.asyncDispose]: async () => undefined,
  }));

  runsSeenContract(async () => {
    const ledger = new SimulatedLedgerDatabase();
    const reader = new SimulatedPurchaseDatabase({ ledger });
    reader.mayReadJournal = false;
    return {
      reader,
      ledger: () => ledger.open(),
      letRead: async () => {
        reader.mayReadJournal = true;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  });
});

describeLive('purchase database in Postgres', POSTGRES_MISSING, () => {
  let server: RealPostgres;
  let database: PlatformDatabase;

  beforeAll(async () => {
    server = await startPostgres();
    database = await createPlatformDatabase(server);
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const openReader = () => openPostgres(optionsFor(database.readerUrl));

  purchaseDatabaseContract(async (rows) => {
    await database.clear();
    await database.fill(rows);
    const reader = openReader();
    return { reader, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
  });

  runsSeenContract(async () => {
    await database.owner.query('drop schema if exists kc_doctor cascade');
    const reader = openReader();
    return {
      reader,
      ledger: () => openPostgresLedger(optionsFor(database.ownerUrl)),
      letRead: async () => {
        const login = new URL(database.readerUrl).username;
        await database.owner.query(`grant usage on schema kc_doctor to ${login}`);
        await database.owner.query(`grant select on kc_doctor.journal to ${login}`);
      },
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    };
  });

  it('judges any rows as its simulated twin does', async () => {
    await using reader = openReader();
    const signal = AbortSignal.timeout(600_000);
    const nowMs = Date.now();
    await fc.assert(
      fc.asyncProperty(anyRows(nowMs), async (rows) => {
        await database.clear();
        await database.fill(rows);
        const twin = new SimulatedPurchaseDatabase({ rows, nowMs: () => nowMs });
        const question = {
          windowMs: 7 * DAY,
          limit: 4,
          asked: rows.payments.map((payment) => paymentId(payment.id)),
        };
        const [real, simulated] = [
          await reader.payments(question, signal),
          await twin.payments(question, signal),
        ];
        expect({ ...real, windowStartMs: 0, coveredFromMs: 0 }).toEqual({
          ...simulated,
          windowStartMs: 0,
          coveredFromMs: 0,
        });
        expect(await reader.anomalies(7 * DAY, signal)).toEqual(await twin.anomalies(7 * DAY, signal));
        for (const purchase of rows.purchases) {
          const behind = { kind: 'purchase', id: purchaseId(purchase.id) } as const;
          expect(await reader.paymentsBehind(behind, signal)).toEqual(
            await twin.paymentsBehind(behind, signal),
          );
        }
      }),
      { numRuns: 150, seed: 20260107 },
    );
  });
});

function optionsFor(url: string): PostgresOptions {
  return {
    url,
    ssl: { mode: 'disable' },
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 1_000,
    connectTimeoutMs: 5_000,
    applicationName: 'kc-doctor',
    secrets: [],
  };
}

/** Few pairs and few instants, so that payments, purchases and allocations meet in every order. */
function anyRows(nowMs: number): fc.Arbitrary<PlatformRows> {
  const usual = {
    studentId: '10000000-0000-4000-8000-000000000001',
    courseId: '20000000-0000-4000-8000-000000000001',
  };
  const sibling = { ...usual, studentId: '10000000-0000-4000-8000-000000000002' };
  const otherCourse = { ...usual, courseId: '20000000-0000-4000-8000-000000000002' };
  const start = Math.floor(nowMs / SECOND) * SECOND;
  const ages = [30 * SECOND, 50 * SECOND, 100 * SECOND, 2 * HOUR, 3 * DAY, 8 * DAY, 39 * DAY];
  const pair = fc.constantFrom(usual, usual, usual, usual, sibling, otherCourse);
  const at = fc.record({ age: fc.constantFrom(...ages), jitterMs: fc.integer({ min: 0, max: 999 }) });
  const time = at.map(({ age, jitterMs }) => start - age + jitterMs);
  const payment = fc
    .record({
      pair,
      time,
      status: fc.constantFrom(...Array<string>(7).fill('succeeded'), 'failed'),
      id: fc.uuid(),
      named: fc.constantFrom(true, true, true, true, true, false),
    })
    .map(({ pair, time, status, id, named }) =>
      paymentRecord(time, { studentId: pair.studentId, courseId: named ? pair.courseId : null, status, id }),
    );
  const purchase = fc
    .record({ pair, time, id: fc.uuid(), isExpired: fc.boolean() })
    .map(({ pair, time, id, isExpired }) =>
      purchaseRecord(pair, time, {
        id,
        isActive: false,
        expiresAtMs: isExpired ? start - 10 * SECOND : null,
      }),
    );
  const allocation = fc
    .record({
      pair,
      time,
      id: fc.uuid(),
      status: fc.constantFrom('completed', 'completed', 'completed', 'approved', 'pending', 'cancelled'),
      hasSessions: fc.constantFrom(true, true, true, false),
    })
    .map((values) => ({
      row: allocationRecord(values.pair, values.time, {
        id: values.id,
        status: values.status,
        trainerId: null,
      }),
      sessions: values.hasSessions ? sessionRecords(values.id, values.time + 300, [1, 2]) : [],
    }));
  const byId = { selector: (row: { readonly id: string }) => row.id };
  return fc
    .record({
      payments: fc.uniqueArray(payment, { ...byId, minLength: 2, maxLength: 6 }),
      purchases: fc.uniqueArray(purchase, { ...byId, minLength: 1, maxLength: 4 }),
      allocations: fc.uniqueArray(allocation, { selector: ({ row }) => row.id, minLength: 1, maxLength: 4 }),
    })
    .map(({ payments, purchases, allocations }) => ({
      payments,
      purchases: firstPerPair(purchases, () => true).activated,
      allocations: firstPerPair(
        allocations.map(({ row }) => row),
        (row) => row.status === 'approved',
      ).kept,
      sessions: allocations.flatMap(({ sessions }) => sessions),
      marks: [],
    }));
}

/** The unique indexes allow one active purchase and one live allocation per pair. */
function firstPerPair<Row extends { readonly studentId: string; readonly courseId: string | null }>(
  rows: readonly Row[],
  isLimited: (row: Row) => boolean,
) {
  const seen = new Set<string>();
  const kept: Row[] = [];
  const activated: (Row & { readonly isActive: boolean })[] = [];
  for (const row of rows) {
    const key = `${row.studentId} ${row.courseId}`;
    const isFirst = isLimited(row) && !seen.has(key);
    if (isFirst) seen.add(key);
    if (isFirst || !isLimited(row)) kept.push(row);
    activated.push({ ...row, isActive: isFirst });
  }
  return { kept, activated };
}
