/** Time as the effectful parts see it. Pure parts have no clock: their "now" is `state.takenAtMs`. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Milliseconds that only go forward, for deadlines. */
  monotonicMs(): number;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
