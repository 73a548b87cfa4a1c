import type { Query } from '../session.ts';

export interface MarkTypesRecord {
  readonly column_name: string;
  readonly type: string;
}

const TEXT = `select a.attname::text as column_name,
    format_type(a.atttypid, null) as type
  from pg_attribute a
  where a.attrelid = to_regclass('processed_events')
    and a.attname in ('event_id', 'correlation_id')
    and not a.attisdropped
  limit 2`;

export function markTypes(): Query<MarkTypesRecord> {
  return { text: TEXT, values: [] };
}
