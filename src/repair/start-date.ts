import type { Obstacle } from './targets.ts';

const DAY_MS = 86_400_000;
const START_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** session-worker dies of a date that it cannot parse (platform.md [M]), and sessions in the past help nobody. */
export function startDateObstacle(startDate: string | null, nowMs: number): Obstacle | null {
  if (startDate === null) return null;
  const hint = 'a person agrees on a new date with the student and corrects it in payments.metadata';
  const day = dayNumber(startDate);
  if (day === null) return { reason: `its start date ${startDate} is no date (YYYY-MM-DD)`, hint };
  return day < Math.floor(nowMs / DAY_MS) ? { reason: `its start date ${startDate} is past`, hint } : null;
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March; null: no such day. */
function dayNumber(text: string): number | null {
  const [, ...parts] = START_DATE.exec(text) ?? [];
  const [year = 0, month = 0, day = 0] = parts.map(Number);
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (parts.length !== 3 || day < 1 || day > (lengths[month - 1] ?? 0)) return null;
  const from = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leaps = Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400);
  // 719468 days lie between 0000-03-01 and 1970-01-01.
  return from * 365 + leaps + dayOfYear - 719_468;
}
