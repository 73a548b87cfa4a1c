import { afterAll, beforeAll, describe } from 'vitest';
import { openPostgres } from '../../src/adapters/postgres/open.ts';
import { describeLive } from '../support/live.ts';
import {
  createPlatformDatabase,
  POSTGRES_MISSING,
  type RealPostgres,
  startPostgres,
} from '../support/real-postgres.ts';
import { SimulatedPurchaseDatabase } from '../support/simulated-purchase-database.ts';
import { purchaseDatabaseContract } from './purchase-database.contract.ts';

describe('simulated purchase database', () => {
  purchaseDatabaseContract(async (rows) => ({
    reader: new SimulatedPurchaseDatabase({ rows }),
    [Symbol.asyncDispose]: async () => undefined,
  }));
});

describeLive('purchase database in Postgres', POSTGRES_MISSING, () => {
  let server: RealPostgres;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  purchaseDatabaseContract(async (rows) => {
    const database = await createPlatformDatabase(server);
    await database.fill(rows);
    const reader = openPostgres({
      url: database.readerUrl,
      ssl: { mode: 'disable' },
      statementTimeoutMs: 5_000,
      lockTimeoutMs: 1_000,
      connectTimeoutMs: 5_000,
      applicationName: 'kc-doctor',
      secrets: [],
    });
    return {
      reader,
      [Symbol.asyncDispose]: async () => {
        await reader[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
});
