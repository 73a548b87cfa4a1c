/** Ids that can be confused get a light brand: a student id does not compile where a payment id is wanted. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type PaymentId = Branded<'payment'>;
export type PurchaseId = Branded<'purchase'>;
export type AllocationId = Branded<'allocation'>;
export type StudentId = Branded<'student'>;
export type CourseId = Branded<'course'>;

export const paymentId = (text: string): PaymentId => text.toLowerCase() as PaymentId;
export const purchaseId = (text: string): PurchaseId => text.toLowerCase() as PurchaseId;
export const allocationId = (text: string): AllocationId => text.toLowerCase() as AllocationId;
export const studentId = (text: string): StudentId => text.toLowerCase() as StudentId;
export const courseId = (text: string): CourseId => text.toLowerCase() as CourseId;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
