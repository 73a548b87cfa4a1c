import { DoctorError } from '../../errors.ts';
import type { Call } from './call.ts';
import type { KafkajsClient } from './client.ts';
import { type FailureContext, stoppedError, toDependencyError } from './errors.ts';
import { FirstAlone } from './first-alone.ts';
import type { KafkaOptions } from './options.ts';

const LOG_LINES_IN_ERRORS = 4;

/** Runs the calls of the port on one client, each under its own signal, and turns what they throw into errors of ours. */
export class CallRunner {
  readonly #client: KafkajsClient;
  readonly #secrets: readonly string[];
  readonly #nowMs: () => number;
  readonly #fetching = new FirstAlone();
  #running = 0;

  constructor(client: KafkajsClient, options: KafkaOptions) {
    this.#client = client;
    this.#secrets = secretsOf(options);
    this.#nowMs = options.nowMs ?? Date.now;
  }

  context(operation: string): FailureContext {
    const { logs, address } = this.#client;
    return {
      operation,
      address,
      secrets: this.#secrets,
      get log() {
        return logs.last(LOG_LINES_IN_ERRORS);
      },
    };
  }

  /** kafkajs cannot cancel a request: the caller is let go at once, and the sockets fall where nobody else waits on them. */
  async run<T>(operation: string, signal: AbortSignal, body: (call: Call) => Promise<T>): Promise<T> {
    const context = this.context(operation);
    if (signal.aborted) throw stoppedError(context, signal.reason);
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => {
        const error = stoppedError(context, signal.reason);
        reject(error);
        if (this.#running === 1) this.#client.interrupt(error);
      };
    });
    signal.addEventListener('abort', stop, { once: true });
    this.#running += 1;
    const work = body({
      client: this.#client,
      context,
      signal,
      fetching: this.#fetching,
      nowMs: this.#nowMs,
    });
    try {
      return await Promise.race([work, stopped]);
    } catch (error) {
      if (error instanceof DoctorError) throw error;
      throw signal.aborted ? stoppedError(context, error) : toDependencyError(error, context);
    } finally {
      this.#running -= 1;
      signal.removeEventListener('abort', stop);
    }
  }
}

/** What must not appear in any error. */
export function secretsOf({ secrets, sasl, tls }: KafkaOptions): readonly string[] {
  const tlsKey = typeof tls === 'boolean' ? undefined : tls.key;
  return [...secrets, sasl?.password, tlsKey].filter((secret) => secret !== undefined);
}
