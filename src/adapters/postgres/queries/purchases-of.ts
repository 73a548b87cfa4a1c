import type { Query } from '../session.ts';
import { epochMs } from './instant.ts';
import { metadataField } from './metadata.ts';

export interface PurchaseRecord {
  readonly id: string;
  readonly student_id: string;
  readonly course_id: string;
  readonly is_active: boolean;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly payment_id: string | null;
}

/** The students' type is taken from the column, so that its index serves; the pair is then compared as text. */
const TEXT = `select s.id::text as id,
    s.student_id::text as student_id,
    s.course_id::text as course_id,
    s.is_active,
    ${epochMs('s.created_at')} as created_at_ms,
    ${epochMs('s.expiry_date')} as expires_at_ms,
    ${metadataField('s.metadata', 'paymentId', 'payment_id')} as payment_id
  from student_course_purchases s
  where s.student_id = any($1)
    and (s.student_id::text, s.course_id::text) in (select * from unnest($2::text[], $3::text[]))
  order by s.created_at, s.id
  limit $4::int`;

export function purchasesOf(
  students: readonly string[],
  courses: readonly string[],
  limit: number,
): Query<PurchaseRecord> {
  return { text: TEXT, values: [[...new Set(students)], students, courses, limit] };
}
