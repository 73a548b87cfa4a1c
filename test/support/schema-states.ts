import { seen } from '../../src/platform/observed.ts';
import type { GuardIndex, PlatformState } from '../../src/platform/state.ts';
import { NOW, seenValue } from './states.ts';

export function withGuard(state: PlatformState, name: string, patch: Partial<GuardIndex>): PlatformState {
  const schema = seenValue(state.schema);
  const guards = schema.guards.map((guard) => (guard.name === name ? { ...guard, ...patch } : guard));
  return { ...state, schema: seen({ ...schema, guards }, NOW) };
}

export function withoutTable(state: PlatformState, table: string): PlatformState {
  const schema = seenValue(state.schema);
  return {
    ...state,
    schema: seen({ ...schema, tables: schema.tables.filter(({ name }) => name !== table) }, NOW),
  };
}

/** Changes the type of a column; null takes the column away. */
export function withColumn(
  state: PlatformState,
  table: string,
  column: string,
  type: string | null,
): PlatformState {
  const schema = seenValue(state.schema);
  const tables = schema.tables.map((one) =>
    one.name !== table
      ? one
      : {
          ...one,
          columns: one.columns.flatMap((old) =>
            old.name !== column ? [old] : type === null ? [] : [{ name: column, type }],
          ),
        },
  );
  return { ...state, schema: seen({ ...schema, tables }, NOW) };
}
