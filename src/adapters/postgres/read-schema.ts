import { DependencyError } from '../../errors.ts';
import type { SchemaFacts } from '../../platform/state.ts';
import { GUARDS, type GuardDefinition, judgeGuard, TABLES } from './guards.ts';
import { patience } from './patience.ts';
import type { DuplicatesRecord } from './queries/duplicates.ts';
import { type ColumnRecord, columns, type IndexRecord, indexes } from './queries/schema.ts';
import { BACK_TO_SAVEPOINT, type ReadSession, SAVEPOINT } from './session.ts';

/** Of the statement timeout, for counting duplicates behind all guards: good to know, and not worth losing the schema for. */
const COUNTING_SHARE = 1 / 3;

export async function readSchema(
  session: ReadSession,
  statementTimeoutMs: number,
  signal: AbortSignal,
): Promise<SchemaFacts> {
  const operation = 'schema of the platform';
  const [columnAnswer, indexAnswer] = await session.answers<[ColumnRecord, IndexRecord]>(
    [columns(TABLES), indexes(TABLES)],
    { operation, signal },
  );
  if (columnAnswer.kind === 'failed') throw session.failure(columnAnswer.error, operation);
  if (indexAnswer.kind === 'failed') throw session.failure(indexAnswer.error, operation);
  const tables = TABLES.map((name) => ({
    name,
    columns: columnAnswer.rows
      .filter((column) => column.table_name === name)
      .map((column) => ({ name: column.column_name, type: column.type })),
  })).filter((table) => table.columns.length > 0);
  const judged = GUARDS.map((guard) => ({ guard, verdict: judgeGuard(guard, indexAnswer.rows) }));
  // A valid guard rules duplicates out.
  const open = judged
    .filter(
      ({ guard, verdict }) => verdict.state !== 'valid' && tables.some((table) => table.name === guard.table),
    )
    .map(({ guard }) => guard);
  const counts = await countDuplicates(session, open, statementTimeoutMs * COUNTING_SHARE, signal);
  return {
    tables,
    guards: judged.map(({ verdict }) => ({ ...verdict, duplicates: counts.get(verdict.name) ?? null })),
  };
}

async function countDuplicates(
  session: ReadSession,
  guards: readonly GuardDefinition[],
  withinMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  if (guards.length === 0) return counts;
  using time = patience(signal, withinMs);
  try {
    const answers = await session.answers<DuplicatesRecord[]>(
      guards.flatMap((guard) => [SAVEPOINT, guard.duplicates, BACK_TO_SAVEPOINT]),
      { operation: 'duplicates behind missing guards', signal: time.signal, timeoutMs: withinMs },
    );
    guards.forEach((guard, index) => {
      const answer = answers[index * 3 + 1];
      const [row] = answer?.kind === 'rows' ? answer.rows : [];
      if (row !== undefined) counts.set(guard.name, row.groups);
    });
    return counts;
  } catch (error) {
    // Null says that they were not counted; the guards themselves were read.
    if (error instanceof DependencyError && error.gapCode === 'timeout' && !signal.aborted) return counts;
    throw error;
  }
}
