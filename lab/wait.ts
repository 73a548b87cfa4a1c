import { setTimeout as sleep } from 'node:timers/promises';

class LabTimeout extends Error {
  override readonly name = 'LabTimeout';
}

const POLL_INTERVAL_MS = 100;

/**
 * Polls until `look` gives something other than undefined or false. An error of `look` counts as "not yet" and is
 * the cause of the timeout, because what is waited for is often not reachable at first.
 */
export async function until<Value>(
  what: string,
  look: () => Promise<Value | undefined | false>,
  timeoutMs = 30_000,
  intervalMs = POLL_INTERVAL_MS,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new LabTimeout(`not seen within ${timeoutMs} ms: ${what}${reason}`, { cause: lastError });
    }
    await sleep(intervalMs);
  }
}
