import type { DatabaseFacts } from '../../platform/state.ts';
import { TABLES } from './guards.ts';
import {
  type FactsRecord,
  facts,
  type ReplayLagRecord,
  replayLag,
  type SystemIdRecord,
  systemId,
} from './queries/facts.ts';
import { BACK_TO_SAVEPOINT, type ReadSession, SAVEPOINT } from './session.ts';

export async function readFacts(session: ReadSession, signal: AbortSignal): Promise<DatabaseFacts> {
  const operation = 'facts of the database';
  const [known, , lag, , id] = await session.answers<
    [FactsRecord, never, ReplayLagRecord, never, SystemIdRecord]
  >([facts(TABLES), SAVEPOINT, replayLag(), BACK_TO_SAVEPOINT, systemId()], { operation, signal });
  if (known.kind === 'failed') throw session.failure(known.error, operation);
  const [fact] = known.rows;
  if (fact === undefined) throw new Error('the current database is not in pg_database');
  return {
    // Both may be denied or missing on a managed server, and neither makes the rest less true.
    systemId: id.kind === 'rows' ? (id.rows[0]?.system_id ?? null) : null,
    replayLagMs: lag.kind === 'rows' ? (lag.rows[0]?.lag_ms ?? null) : null,
    oid: fact.oid,
    name: fact.name,
    user: fact.user_name,
    serverVersion: fact.server_version,
    inRecovery: fact.in_recovery,
    canWrite: fact.can_write,
    serverTimeMs: fact.server_time_ms,
  };
}
