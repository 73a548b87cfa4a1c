import type { PurchaseMetadata } from './events.ts';

export const DEFAULT_TIME_SLOT = '4:00 PM';

const TIERS = [10, 20, 30] as const;
const DAY_MS = 86_400_000;

/** Metadata is jsonb, and sometimes a JSON string inside it. */
export function readMetadata(value: unknown): PurchaseMetadata {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  return typeof parsed === 'object' && parsed !== null ? parsed : {};
}

export function tierOf(metadata: PurchaseMetadata): number {
  const wanted = metadata.sessionCount ?? metadata.purchaseTier ?? TIERS[0];
  return TIERS.find((tier) => tier >= wanted) ?? TIERS[TIERS.length - 1] ?? wanted;
}

export function timeSlotOf(metadata: PurchaseMetadata): string {
  return metadata.timeSlot ?? metadata.schedule?.timeSlot ?? DEFAULT_TIME_SLOT;
}

/** As it was given, usable or not: what becomes of it is for the worker that parses it. */
export function startDateOf(metadata: PurchaseMetadata): string {
  return metadata.startDate ?? metadata.schedule?.startDate ?? metadata.schedule?.date ?? dateIn(1);
}

export function dateIn(days: number, from = Date.now()): string {
  return new Date(from + days * DAY_MS).toISOString().slice(0, 10);
}
