const UNITS = [
  { name: 'days', ms: 86_400_000, from: 2 * 86_400_000 },
  { name: 'h', ms: 3_600_000, from: 2 * 3_600_000 },
  { name: 'min', ms: 60_000, from: 2 * 60_000 },
] as const;

/** "12 s", "19 min", "3 h", "2 days": rounded down, one unit. */
export function durationText(ms: number): string {
  const unit = UNITS.find(({ from }) => ms >= from);
  return unit === undefined
    ? `${Math.max(0, Math.floor(ms / 1000))} s`
    : `${Math.floor(ms / unit.ms)} ${unit.name}`;
}
