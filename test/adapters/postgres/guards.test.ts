import { describe, expect, it } from 'vitest';
import { GUARDS, judgeGuard } from '../../../src/adapters/postgres/guards.ts';
import type { IndexRecord } from '../../../src/adapters/postgres/queries/schema.ts';

function guardNamed(name: string) {
  const found = GUARDS.find((guard) => guard.name === name);
  if (found === undefined) throw new Error(`no guard ${name}`);
  return found;
}

const purchases = guardNamed('unique_active_purchase');
const allocations = guardNamed('unique_active_allocation');
const marks = guardNamed('idx_processed_events_idempotency');

function index(values: Partial<IndexRecord>): IndexRecord {
  return {
    table_name: 'student_course_purchases',
    index_name: 'unique_active_purchase',
    definition: 'CREATE UNIQUE INDEX …',
    key_columns: ['student_id', 'course_id'],
    predicate: 'is_active',
    is_unique: true,
    is_usable: true,
    is_immediate: true,
    ...values,
  };
}

function allocationIndex(predicate: string | null): IndexRecord {
  return index({ table_name: 'trainer_allocations', index_name: 'unique_active_allocation', predicate });
}

describe('guards', () => {
  it('is absent without an index, and when only other tables have one', () => {
    expect(judgeGuard(purchases, [])).toEqual({
      name: 'unique_active_purchase',
      table: 'student_course_purchases',
      state: 'absent',
      definition: null,
    });
    expect(judgeGuard(purchases, [index({ table_name: 'payments' })]).state).toBe('absent');
    expect(judgeGuard(purchases, [index({ index_name: 'by_student', is_unique: false })]).state).toBe(
      'absent',
    );
  });

  it('is valid under any name and in any order of its columns', () => {
    const other = index({
      index_name: 'one_course_each',
      key_columns: ['course_id', 'student_id'],
      definition: 'other',
    });
    expect(judgeGuard(purchases, [other])).toMatchObject({ state: 'valid', definition: 'other' });
  });

  it('is invalid where its build did not finish', () => {
    expect(judgeGuard(purchases, [index({ is_usable: false })]).state).toBe('invalid');
  });

  it('prefers a usable index to a broken one of the right name', () => {
    const twin = index({ index_name: 'another', definition: 'usable' });
    expect(judgeGuard(purchases, [index({ is_usable: false }), twin])).toMatchObject({
      state: 'valid',
      definition: 'usable',
    });
  });

  it.each([
    ['not unique', { is_unique: false }],
    ['deferrable', { is_immediate: false }],
    ['on fewer columns', { key_columns: ['student_id'] }],
    ['on more columns', { key_columns: ['student_id', 'course_id', 'purchase_tier'] }],
    ['on an expression', { key_columns: ['student_id', null] }],
    ['without its condition', { predicate: null }],
    ['under the opposite condition', { predicate: '(NOT is_active)' }],
    ['under a narrower condition', { predicate: '(is_active AND (purchase_tier = 10))' }],
  ])('is different when the index of its name is %s', (_, values) => {
    expect(judgeGuard(purchases, [index(values)]).state).toBe('different');
  });

  it.each(['is_active', '(is_active = true)', '(is_active IS TRUE)'])(
    'knows the condition %s',
    (predicate) => {
      expect(judgeGuard(purchases, [index({ predicate })]).state).toBe('valid');
    },
  );

  // As Postgres 13 to 18 write them back for varchar and text columns.
  it.each([
    "((status)::text = ANY ((ARRAY['approved'::character varying, 'active'::character varying])::text[]))",
    "((status)::text = ANY (ARRAY[('active'::character varying)::text, ('approved'::character varying)::text]))",
    "(status = ANY (ARRAY['approved'::text, 'active'::text]))",
    "(((status)::text = 'approved'::text) OR ((status)::text = 'active'::text))",
  ])('knows the condition %s', (predicate) => {
    expect(judgeGuard(allocations, [allocationIndex(predicate)]).state).toBe('valid');
  });

  it.each([
    null,
    "((status)::text = 'approved'::text)",
    "((status)::text = ANY ((ARRAY['approved'::character varying, 'pending'::character varying])::text[]))",
    "((status)::text = ANY ((ARRAY['approved'::text, 'active'::text, 'pending'::text])::text[]))",
    "((status)::text <> ALL (ARRAY['approved'::text, 'active'::text]))",
    "((status)::text = ANY (ARRAY['approved'::text, 'active'::text])) AND (course_id IS NOT NULL)",
  ])('does not take %s for the condition of allocations', (predicate) => {
    expect(judgeGuard(allocations, [allocationIndex(predicate)]).state).toBe('different');
  });

  it('is different where a guard without condition has one', () => {
    const record = index({
      table_name: 'processed_events',
      index_name: marks.name,
      key_columns: ['correlation_id', 'event_type'],
      predicate: '(correlation_id IS NOT NULL)',
    });
    expect(judgeGuard(marks, [record]).state).toBe('different');
    expect(judgeGuard(marks, [{ ...record, predicate: null }]).state).toBe('valid');
  });
});
