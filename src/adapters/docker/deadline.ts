import { setMaxListeners } from 'node:events';
import { NoAnswer } from './docker-error.ts';

/**
 * Runs `work` until it settles, the caller's signal ends, or nothing has come for `idleMs`. Rejects at that very moment, even if
 * `work` does not heed its signal. `work` calls `alive` when something came.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  idleMs: number,
  work: (signal: AbortSignal, alive: () => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  // Each request of one call listens, and there may be hundreds.
  setMaxListeners(0, controller.signal);
  const timer = setTimeout(() => controller.abort(new NoAnswer(`nothing came for ${idleMs} ms`)), idleMs);
  const follow = (): void =>
    controller.abort(new NoAnswer('the caller stopped waiting', { cause: signal.reason }));
  signal.addEventListener('abort', follow, { once: true });
  try {
    return await new Promise<T>((resolve, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason as NoAnswer));
      if (signal.aborted) follow();
      else work(controller.signal, () => timer.refresh()).then(resolve, reject);
    });
  } catch (error) {
    // Requests that are still under way beside the one that failed end with it.
    controller.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
  }
}
