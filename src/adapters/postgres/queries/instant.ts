/** SQL for a time as epoch milliseconds. `infinity`, which JSON cannot hold, counts as no time. */
export function epochMs(expression: string): string {
  return `case when isfinite(${expression}) then floor(extract(epoch from ${expression}) * 1000)::float8 end`;
}
