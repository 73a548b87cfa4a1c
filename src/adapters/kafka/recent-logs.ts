import type { LogEntry } from 'kafkajs';

const KEPT = 20;
/** kafkajs's levels: 1 error, 2 warning, 4 info, 5 debug. KAFKAJS_LOG_LEVEL can ask for more than we did. */
const WARNING = 2;

/**
 * The last warnings and errors of kafkajs. Some causes appear nowhere else, and its own logger would write them to stdout.
 */
export class RecentLogs {
  readonly #lines: string[] = [];

  add(entry: LogEntry): void {
    if (entry.level > WARNING) return;
    const extra = typeof entry.log['error'] === 'string' ? `: ${entry.log['error']}` : '';
    const broker = typeof entry.log['broker'] === 'string' ? ` (${entry.log['broker']})` : '';
    this.#lines.push(`${entry.label} ${entry.namespace} ${entry.log.message}${extra}${broker}`);
    if (this.#lines.length > KEPT) this.#lines.shift();
  }

  /** Newest last, each once. */
  last(count: number): readonly string[] {
    return [...new Set(this.#lines)].slice(-count);
  }
}
