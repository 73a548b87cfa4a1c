import type { Query } from '../session.ts';

export interface ColumnRecord {
  readonly table_name: string;
  readonly column_name: string;
  readonly type: string;
}

/** Tables are found as the platform's own statements find them: along the search path. */
const COLUMNS = `select t.name as table_name,
    a.attname::text as column_name,
    format_type(a.atttypid, a.atttypmod) as type
  from unnest($1::text[]) as t (name)
  join pg_attribute a on a.attrelid = to_regclass(t.name)
  where a.attnum > 0
    and not a.attisdropped
  order by t.name, a.attnum
  limit 1000`;

export function columns(tables: readonly string[]): Query<ColumnRecord> {
  return { text: COLUMNS, values: [tables] };
}

export interface IndexRecord {
  readonly table_name: string;
  readonly index_name: string;
  readonly definition: string;
  /** Key columns; null stands for an expression. */
  readonly key_columns: readonly (string | null)[];
  readonly predicate: string | null;
  readonly is_unique: boolean;
  readonly is_usable: boolean;
  /** A deferrable constraint cannot decide ON CONFLICT. */
  readonly is_immediate: boolean;
}

const INDEXES = `select t.name as table_name,
    c.relname::text as index_name,
    pg_get_indexdef(i.indexrelid) as definition,
    (
      select array_agg(a.attname::text order by k.position)
      from unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
      where k.position <= i.indnkeyatts
    ) as key_columns,
    pg_get_expr(i.indpred, i.indrelid) as predicate,
    i.indisunique as is_unique,
    i.indisvalid and i.indisready as is_usable,
    i.indimmediate as is_immediate
  from unnest($1::text[]) as t (name)
  join pg_index i on i.indrelid = to_regclass(t.name)
  join pg_class c on c.oid = i.indexrelid
  order by t.name, c.relname
  limit 500`;

export function indexes(tables: readonly string[]): Query<IndexRecord> {
  return { text: INDEXES, values: [tables] };
}
