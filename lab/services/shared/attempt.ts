import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.ts';

/** One attempt more than there are delays. The last error is thrown as it is: kafkajs judges it by its name. */
export async function attempt<Value>(
  delaysMs: readonly number[],
  log: Log,
  fields: Readonly<Record<string, unknown>>,
  work: () => Promise<Value>,
): Promise<Value> {
  for (let failures = 0; ; failures++) {
    try {
      const value = await work();
      if (failures > 0) log.info('Operation succeeded after retry', { ...fields, attempt: failures + 1 });
      return value;
    } catch (error) {
      const delayMs = delaysMs[failures];
      if (delayMs === undefined) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log.warn('Operation failed, retrying', { ...fields, attempt: failures + 1, delayMs, error: reason });
      await sleep(delayMs);
    }
  }
}
