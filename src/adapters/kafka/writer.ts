import type { WriteOutcome } from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { CallRunner } from './call-runner.ts';
import { KafkajsClient, REQUEST_TIMEOUT_MS } from './client.ts';
import { writeRefusedError } from './errors.ts';
import type { KafkaOptions } from './options.ts';
import { WriteGate } from './write-gate.ts';
import { verdictOf, type WriteKind } from './write-kinds.ts';

/** What a broker answered: a code for each thing that was asked, and what else it said. */
export interface Written<T> {
  readonly codes: readonly (number | undefined)[];
  readonly value: T;
}

/** `value` is null unless it was done. */
export interface Settled<T> {
  readonly outcome: WriteOutcome;
  readonly value: T | null;
}

/** A client of its own for requests that write, one at a time. */
export class KafkajsWriter implements AsyncDisposable {
  /** What a broker is given for a write before it says itself that it took too long. */
  readonly timeoutMs: number;
  readonly #gate = new WriteGate();
  readonly #client: KafkajsClient;
  readonly #calls: CallRunner;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KafkaOptions) {
    this.timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#client = new KafkajsClient(options, this.#gate.admit);
    this.#calls = new CallRunner(this.#client, options);
  }

  async look<T>(operation: string, signal: AbortSignal, body: (call: Call) => Promise<T>): Promise<T> {
    return await this.#inTurn(() => this.#calls.run(operation, signal, body));
  }

  /**
   * `send` may look around first, and then sends one request of the kind. Throws only where it is certain that nothing was
   * changed: before the request may have left, or where the broker said so.
   */
  async write<T>(
    kind: WriteKind,
    operation: string,
    signal: AbortSignal,
    send: (call: Call) => Promise<Written<T>>,
  ): Promise<Settled<T>> {
    const written = await this.#inTurn(() => this.#sendOnce(kind, operation, signal, send));
    if (written === 'lost') return { outcome: 'unknown', value: null };
    const verdict = verdictOf(kind, written.codes);
    if (verdict.kind === 'refused')
      throw writeRefusedError(verdict.type, kind.right, this.#calls.context(operation));
    return { outcome: verdict.outcome, value: verdict.outcome === 'done' ? written.value : null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close(new Error('kc-doctor has closed its connection to Kafka'));
  }

  async #sendOnce<T>(
    kind: WriteKind,
    operation: string,
    signal: AbortSignal,
    send: (call: Call) => Promise<Written<T>>,
  ): Promise<Written<T> | 'lost'> {
    return await this.#gate.open(kind.apiKey, signal, async (ticket) => {
      try {
        return await this.#calls.run(operation, signal, send);
      } catch (error) {
        if (ticket.progress === 'unsent') throw error;
        // Whatever it was, it does not tell what the broker did. A connection that owes an answer is not used again.
        this.#client.interrupt(new Error('an answer never came'));
        return 'lost';
      }
    });
  }

  /** An abort cuts the connection, and so may hit the work of one call only. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return await mine;
  }
}
