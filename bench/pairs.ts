export interface Paired {
  readonly medianMs: number;
  /** Median of the ratios of the pairs: what slows the machine down for a while slows both of a pair. */
  readonly ratio: number;
}

/** Runs the baseline and each candidate by turns, `rounds` times after one to warm up. */
export function measureInTurns(
  baseline: () => void,
  candidates: Readonly<Record<string, () => void>>,
  rounds: number,
): { readonly baselineMs: number; readonly results: Readonly<Record<string, Paired>> } {
  const names = Object.keys(candidates);
  const turns = Array.from({ length: rounds + 1 }, () => ({
    base: timed(baseline),
    times: new Map(names.map((name) => [name, timed(candidates[name] ?? baseline)])),
  })).slice(1);
  const results = names.map((name) => {
    const times = turns.map(({ times }) => times.get(name) ?? Number.NaN);
    const ratios = turns.map(({ base }, index) => (times[index] ?? Number.NaN) / base);
    return [name, { medianMs: median(times), ratio: median(ratios) }] as const;
  });
  return { baselineMs: median(turns.map(({ base }) => base)), results: Object.fromEntries(results) };
}

function timed(work: () => void): number {
  const beganMs = performance.now();
  work();
  return performance.now() - beganMs;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = sorted.slice(sorted.length % 2 === 1 ? middle : middle - 1);
  return sorted.length % 2 === 1 ? low : (low + high) / 2;
}
