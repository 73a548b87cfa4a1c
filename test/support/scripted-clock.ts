import type { Clock } from '../../src/ports/clock.ts';

interface Change {
  readonly atMs: number;
  readonly apply: () => void;
}

/** Time that stands still until somebody sleeps; what is scripted happens on the way. */
export class ScriptedClock implements Clock {
  #now: number;
  readonly #startMs: number;
  #changes: readonly Change[] = [];

  constructor(startMs: number = Date.UTC(2026, 0, 7, 20, 41)) {
    this.#now = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now - this.#startMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.advance(ms);
    await Promise.resolve();
  }

  /** Runs `apply` when the time comes. */
  in(ms: number, apply: () => void): void {
    this.#changes = [...this.#changes, { atMs: this.#now + ms, apply }].sort((a, b) => a.atMs - b.atMs);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#changes[0]; next !== undefined && next.atMs <= end; next = this.#changes[0]) {
      this.#changes = this.#changes.slice(1);
      this.#now = next.atMs;
      next.apply();
    }
    this.#now = end;
  }
}
