import type { Query } from '../session.ts';

export interface DuplicatesRecord {
  readonly groups: number;
}

/** Groups of rows that a guard would refuse. A unique index takes null for different from null, so nulls do not count. */
function countingGroups(
  table: string,
  columns: readonly string[],
  condition?: string,
): Query<DuplicatesRecord> {
  const where = [
    ...columns.map((column) => `${column} is not null`),
    ...(condition === undefined ? [] : [condition]),
  ];
  return {
    text: `select count(*)::int as groups
  from (
    select
    from ${table}
    where ${where.join('\n      and ')}
    group by ${columns.join(', ')}
    having count(*) > 1
    limit 1000
  ) doubled
  limit 1`,
    values: [],
  };
}

export const doubledPurchases = countingGroups(
  'student_course_purchases',
  ['student_id', 'course_id'],
  'is_active',
);
export const doubledAllocations = countingGroups(
  'trainer_allocations',
  ['student_id', 'course_id'],
  "status in ('approved', 'active')",
);
export const doubledSessions = countingGroups('tutoring_sessions', [
  'allocation_id',
  'scheduled_date',
  'scheduled_time',
]);
export const doubledMarks = countingGroups('processed_events', ['correlation_id', 'event_type']);
