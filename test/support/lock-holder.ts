import { openPostgresLedger } from '../../src/adapters/postgres/ledger/open-ledger.ts';
import type { PostgresOptions } from '../../src/adapters/postgres/open.ts';

/** A process of its own that takes the repair lock, writes one entry, says "held" and waits to be killed. */
const options = JSON.parse(process.argv[2] ?? '') as PostgresOptions;
const ledger = openPostgresLedger(options);
const signal = new AbortController().signal;
await ledger.lock(
  {
    composeProject: null,
    dockerDaemonId: null,
    kafkaClusterId: null,
    databaseSystemId: null,
    databaseOid: null,
    databaseName: null,
    dockerAddress: null,
    kafkaAddress: null,
    databaseAddress: null,
    belongsTogether: { verdict: 'proved', proofs: [] },
  },
  { run: 'child', operator: 'carol', host: 'ops-3', title: 'held by a child' },
  signal,
);
await ledger.append(
  {
    run: 'child',
    sequence: 1,
    atMs: Date.now(),
    kind: 'run-opened',
    operator: 'carol',
    step: null,
    data: null,
  },
  signal,
);
process.stdout.write('held\n');
