import type { GuardIndex } from '../../platform/state.ts';
import {
  type DuplicatesRecord,
  doubledAllocations,
  doubledMarks,
  doubledPurchases,
  doubledSessions,
} from './queries/duplicates.ts';
import type { IndexRecord } from './queries/schema.ts';
import type { Query } from './session.ts';

/** The tables that the pipeline works on (platform.md, tables). */
export const TABLES = [
  'payments',
  'student_course_purchases',
  'trainer_allocations',
  'tutoring_sessions',
  'processed_events',
] as const;

export interface GuardDefinition {
  readonly name: string;
  readonly table: (typeof TABLES)[number];
  readonly columns: readonly string[];
  /** Whether an index with this condition guards what it should; null: no condition. */
  readonly fits: (predicate: string | null) => boolean;
  readonly duplicates: Query<DuplicatesRecord>;
}

/** The unique indexes that the workers' idempotency rests on. */
export const GUARDS: readonly GuardDefinition[] = [
  {
    name: 'unique_active_purchase',
    table: 'student_course_purchases',
    columns: ['student_id', 'course_id'],
    fits: (predicate) =>
      predicate !== null && /^(is_active|is_active = true|is_active is true)$/.test(plain(predicate)),
    duplicates: doubledPurchases,
  },
  {
    name: 'unique_active_allocation',
    table: 'trainer_allocations',
    columns: ['student_id', 'course_id'],
    fits: isApprovedOrActive,
    duplicates: doubledAllocations,
  },
  {
    name: 'unique_session_slot',
    table: 'tutoring_sessions',
    columns: ['allocation_id', 'scheduled_date', 'scheduled_time'],
    fits: (predicate) => predicate === null,
    duplicates: doubledSessions,
  },
  {
    name: 'idx_processed_events_idempotency',
    table: 'processed_events',
    columns: ['correlation_id', 'event_type'],
    fits: (predicate) => predicate === null,
    duplicates: doubledMarks,
  },
];

export type GuardVerdict = Pick<GuardIndex, 'name' | 'table' | 'state' | 'definition'>;

/**
 * An index does the guard's work whatever its name, so one that fits is looked for first. Else the one that bears the guard's
 * name is told with what is wrong about it.
 */
export function judgeGuard(guard: GuardDefinition, indexes: readonly IndexRecord[]): GuardVerdict {
  const ofTable = indexes.filter((index) => index.table_name === guard.table);
  const fitting = ofTable.filter((index) => guards(guard, index));
  const usable = fitting.find((index) => index.is_usable);
  const named = ofTable.find((index) => index.index_name === guard.name);
  const shown = usable ?? fitting[0] ?? named;
  const base = { name: guard.name, table: guard.table };
  if (shown === undefined) return { ...base, state: 'absent', definition: null };
  const state = usable !== undefined ? 'valid' : fitting.length > 0 ? 'invalid' : 'different';
  return { ...base, state, definition: shown.definition };
}

function guards(guard: GuardDefinition, index: IndexRecord): boolean {
  return (
    index.is_unique &&
    index.is_immediate &&
    index.key_columns.length === guard.columns.length &&
    guard.columns.every((column) => index.key_columns.includes(column)) &&
    guard.fits(index.predicate)
  );
}

/** Postgres writes conditions back with casts and brackets of its own, which differ by column type and version. */
function plain(predicate: string): string {
  return predicate
    .toLowerCase()
    .replace(/::(character varying|text|boolean|varchar)(\(\d+\))?(\[\])?/g, '')
    .replace(/[()]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function isApprovedOrActive(predicate: string | null): boolean {
  if (predicate === null) return false;
  const condition = plain(predicate);
  const quoted = [...condition.matchAll(/'([^']*)'/g)].map((match) => match[1]);
  const around = condition.replace(/'[^']*'/g, '?');
  const isList = around === 'status = any array[?, ?]' || around === 'status = ? or status = ?';
  return isList && quoted.includes('approved') && quoted.includes('active');
}
