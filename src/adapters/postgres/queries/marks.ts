import type { Query } from '../session.ts';
import { epochMs } from './instant.ts';

export interface MarkRecord {
  readonly event_id: string;
  readonly event_type: string;
  readonly correlation_id: string;
  readonly source: string;
  readonly processed_at_ms: number;
}

const COLUMNS = `m.event_id::text as event_id,
    m.event_type::text as event_type,
    coalesce(m.correlation_id::text, '') as correlation_id,
    coalesce(m.source::text, '') as source,
    ${epochMs('m.processed_at')} as processed_at_ms`;

/** The arrays take the types of their columns (uuid or text), so that the indexes serve. */
const OF_IDS = `select ${COLUMNS}
  from processed_events m
  where m.correlation_id = any($1)
    or m.event_id = any($2)
  order by m.processed_at, m.event_id
  limit $3::int`;

/** Ids of a type that a column cannot hold must not be sent: a uuid column takes no "purchase-created-…". */
export function marksOf(
  correlationIds: readonly string[],
  eventIds: readonly string[],
  limit: number,
): Query<MarkRecord> {
  return { text: OF_IDS, values: [correlationIds, eventIds, limit] };
}

const BY_SCRIPTS = `select ${COLUMNS}
  from processed_events m
  where m.source in ('fix-script', 'manual-script')
    and m.processed_at >= now() - $1::float8 * interval '1 ms'
  order by m.processed_at desc, m.event_id
  limit $2::int`;

export function scriptMarks(windowMs: number, limit: number): Query<MarkRecord> {
  return { text: BY_SCRIPTS, values: [windowMs, limit] };
}
