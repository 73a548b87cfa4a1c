import { RefusedError } from '../../../errors.ts';
import type { Query } from '../session.ts';
import type { DirectSession } from './direct-session.ts';

const ROUNDS = 2;
/**
 * A pooler with two busy server connections passed one round in three by chance. Asked so often only where something stands in
 * between: proxies that keep one process for each client (session pooling, some clouds' own gateways) do the lock no harm.
 */
const ROUNDS_OF_DOUBT = 25;

const PID: Query<{ readonly pid: number }> = { text: 'select pg_backend_pid() as pid', values: [] };
export const BEGIN_READ: Query<never> = { text: 'begin transaction read only', values: [] };
export const ROLLBACK: Query<never> = { text: 'rollback', values: [] };

/**
 * A transaction pooler hands a lock that was taken for one client to the next one as well. It shows by the server process behind
 * a connection: two connections never share one, and one never changes it. Asked before anything is taken or set, because what a
 * session behind a pooler is left with stays there for the platform's own clients.
 */
export async function refusePooler(
  session: DirectSession,
  witness: DirectSession,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  const pid = await pidOf(session, signal);
  const rounds = session.namedPid === pid ? ROUNDS : ROUNDS_OF_DOUBT;
  for (let round = 0; round < rounds; round += 1) {
    if ((await pidOf(session, signal)) !== pid) throw pooled(address);
    await witness.rows(BEGIN_READ, signal);
    const shared = (await pidOf(witness, signal)) === pid;
    // While the witness holds its process in a transaction, a pooler must give the other client another one.
    const moved = !shared && (await pidOf(session, signal)) !== pid;
    await witness.rows(ROLLBACK, signal);
    if (shared || moved) throw pooled(address);
  }
}

export function pooled(address: string): RefusedError {
  return new RefusedError(
    'KC_LOCK_POOLED',
    `Postgres at ${address} is reached through a transaction pooler, which would grant the repair lock twice.`,
    "Give the database server's own address in POSTGRES_URL: for most poolers another port or host name.",
  );
}

async function pidOf(session: DirectSession, signal: AbortSignal): Promise<number> {
  const [row] = await session.rows(PID, signal);
  if (row === undefined) throw new Error('pg_backend_pid() answers with one row');
  return row.pid;
}
