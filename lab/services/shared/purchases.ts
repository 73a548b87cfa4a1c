import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { PurchaseMetadata } from './events.ts';

export interface NewPurchase {
  readonly studentId: string;
  readonly courseId: string;
  readonly tier: number;
  readonly metadata: PurchaseMetadata;
}

export interface Purchase {
  readonly id: string;
  readonly createdAt: Date;
}

const INSERT = `
  insert into student_course_purchases
    (id, student_id, course_id, purchase_tier, purchase_date, expiry_date, metadata, is_active, created_at, updated_at)
  values ($1, $2, $3, $4, now(), now() + interval '1 year', $5, true, now(), now())`;

function values(purchase: NewPurchase): readonly unknown[] {
  const { studentId, courseId, tier, metadata } = purchase;
  return [randomUUID(), studentId, courseId, tier, JSON.stringify(metadata)];
}

export async function findActivePurchase(
  pool: Pool | PoolClient,
  studentId: string,
  courseId: string,
): Promise<Purchase | undefined> {
  const found = await pool.query<{ id: string; created_at: Date }>(
    `select id, created_at
     from student_course_purchases
     where student_id = $1 and course_id = $2 and is_active`,
    [studentId, courseId],
  );
  const [row] = found.rows;
  return row === undefined ? undefined : { id: row.id, createdAt: row.created_at };
}

/** `predicate` false: the newest generation's ON CONFLICT, which the partial index does not satisfy (42P10). */
export async function upsertPurchase(pool: Pool, purchase: NewPurchase, predicate: boolean): Promise<string> {
  const target = predicate ? '(student_id, course_id) where is_active' : '(student_id, course_id)';
  const made = await pool.query<{ id: string }>(
    `${INSERT} on conflict ${target} do update set updated_at = now() returning id`,
    [...values(purchase)],
  );
  return idOf(made.rows);
}

/** Looks, then inserts: the way that needs no index. */
export async function insertPurchase(pool: Pool, purchase: NewPurchase): Promise<string> {
  const existing = await findActivePurchase(pool, purchase.studentId, purchase.courseId);
  if (existing !== undefined) return existing.id;
  const made = await pool.query<{ id: string }>(`${INSERT} returning id`, [...values(purchase)]);
  return idOf(made.rows);
}

/** As images did before the column went: the database refuses it by name (42703). */
export async function insertWithStartDate(pool: Pool): Promise<void> {
  await pool.query(`insert into student_course_purchases (start_date) values (now())`);
}

function idOf(rows: readonly { readonly id: string }[]): string {
  const [row] = rows;
  if (row === undefined) throw new Error('the purchase was not returned');
  return row.id;
}
