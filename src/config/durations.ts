const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;

/** "90s", "36h", "7d", "1h30m"; null for anything else. A bare number has no unit and is refused here. */
export function parseDuration(text: string): number | null {
  const compact = text.trim().toLowerCase().replace(/\s+/g, '');
  if (!WHOLE.test(compact)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of compact.matchAll(PART))
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return Number.isSafeInteger(Math.round(totalMs)) ? Math.round(totalMs) : null;
}

const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Window before `nowMs` that a duration or an ISO time means. A time that names no zone is UTC, as all times that are shown. */
export function parseSince(
  text: string,
  nowMs: number,
): { readonly windowMs: number } | { readonly problem: string } {
  const duration = parseDuration(text);
  if (duration !== null) return duration > 0 ? { windowMs: duration } : { problem: 'is empty' };
  const match = ISO_TIME.exec(text.trim());
  if (match === null) return { problem: `"${text}" is neither a duration nor a time` };
  const [, day, time = '00:00', zone = 'Z'] = match;
  const atMs = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(atMs)) return { problem: `"${text}" is not a time` };
  if (atMs >= nowMs) return { problem: `"${text}" is not in the past` };
  return { windowMs: nowMs - atMs };
}

const SHOWN_UNITS = ['d', 'h', 'm', 's', 'ms'] as const;

/** In at most two units, the way it would be written: 604800000 is "7d", 5400000 is "1h30m". */
export function formatDuration(ms: number): string {
  const parts: string[] = [];
  let rest = Math.round(ms);
  for (const unit of SHOWN_UNITS) {
    const size = UNIT_MS[unit] ?? 1;
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0 && parts.length < 2) parts.push(`${amount}${unit}`);
  }
  return parts.length === 0 ? '0s' : parts.join('');
}
