import type { Query } from '../session.ts';
import { epochMs } from './instant.ts';

export interface SessionCountRecord {
  readonly allocation_id: string;
  readonly total: number;
  readonly future: number;
  readonly first_created_at_ms: number | null;
  readonly course_id_set: boolean | null;
}

/** Joined on the allocation alone: the newest session-worker leaves course_id null (platform.md, tables). */
const TEXT = `select n.allocation_id::text as allocation_id,
    count(*)::int as total,
    (count(*) filter (where n.scheduled_date >= current_date and n.status <> 'cancelled'))::int as future,
    ${epochMs('min(n.created_at)')} as first_created_at_ms,
    (array_agg(n.course_id is not null order by n.created_at desc))[1] as course_id_set
  from tutoring_sessions n
  where n.allocation_id = any($1)
  group by n.allocation_id
  limit $2::int`;

export function sessionsOf(allocations: readonly string[]): Query<SessionCountRecord> {
  return { text: TEXT, values: [allocations, allocations.length] };
}
