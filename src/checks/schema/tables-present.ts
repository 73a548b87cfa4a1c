import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

/** Columns that the pipeline itself reads or writes (platform.md "Tables"). */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  payments: ['id', 'student_id', 'amount_cents', 'status', 'metadata', 'confirmed_at'],
  student_course_purchases: [
    'id',
    'student_id',
    'course_id',
    'purchase_tier',
    'expiry_date',
    'metadata',
    'is_active',
    'created_at',
  ],
  trainer_allocations: [
    'id',
    'student_id',
    'trainer_id',
    'course_id',
    'status',
    'requested_at',
    'created_at',
    'updated_at',
  ],
  tutoring_sessions: ['id', 'allocation_id', 'course_id', 'scheduled_date', 'scheduled_time', 'created_at'],
  processed_events: ['event_id', 'event_type', 'correlation_id', 'source', 'processed_at'],
};

export const tablesPresent: Check = {
  id: 'schema/tables-present',
  title: 'The five tables have the needed columns',
  required: true,
  after: ['schema/database-answers'],
  needs: ['schema'],
  explain:
    'payments, student_course_purchases, trainer_allocations, tutoring_sessions and processed_events carry what the pipeline did. A missing table or column means that migrations have not run, or that this is another database. Run the migrations of the platform.',
  examine({ schema }) {
    if (schema.kind === 'unseen') return { status: 'unknown', gap: schema.gap };
    const columns = new Map(
      schema.value.tables.map((table) => [table.name, new Set(table.columns.map(({ name }) => name))]),
    );
    const findings = Object.entries(NEEDED).flatMap(([table, needed]): readonly Finding[] => {
      const present = columns.get(table);
      const missing = needed.filter((column) => present?.has(column) !== true);
      if (missing.length === 0) return [];
      const observed = present === undefined ? 'does not exist' : `has no ${missing.join(', ')}`;
      return [
        {
          severity: 'fail',
          subject: { kind: 'system', name: 'postgres' },
          stage: null,
          observed: `${table} ${observed}`,
          expected: `${table} with ${needed.join(', ')}`,
          summary: `${table}: ${observed}`,
          hint: 'run the migrations of the platform, or correct POSTGRES_URL',
          payments: [],
        },
      ];
    });
    return outcomeOf({ pass: '5 of 5 tables', findings, gaps: [] });
  },
};
