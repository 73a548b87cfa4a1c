/** Thrown where a signal ended the waiting: whatever its reason is, it must not be taken for an error of the server. */
export class Aborted extends Error {}

export function isAbort(error: unknown): error is Aborted {
  return error instanceof Aborted;
}

export interface Patience extends Disposable {
  /** Fires when the caller's signal does or when the time is over. */
  readonly signal: AbortSignal;
}

/**
 * A timer of our own and not AbortSignal.timeout: Node 20 may collect such a signal while only AbortSignal.any knows it, and then
 * it never fires. The caller's signal gets no listener, however many calls share it.
 */
export function patience(caller: AbortSignal, ms: number): Patience {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  return {
    signal: AbortSignal.any([caller, controller.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
