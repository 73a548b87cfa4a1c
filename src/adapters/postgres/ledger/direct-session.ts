import type { PostgresTarget } from '../address.ts';
import { type Connection, Connections } from '../connections.ts';
import { Aborted, patience } from '../patience.ts';
import type { Query } from '../session.ts';
import type { PostgresTls } from '../tls.ts';

export interface DirectOptions {
  readonly target: PostgresTarget;
  readonly tls: PostgresTls;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

/** One connection that is kept: what is set on it and held by it lasts until it ends. */
export class DirectSession implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #answerTimeoutMs: number;
  readonly #close: () => Promise<void>;
  #isLost = false;

  private constructor(connection: Connection, answerTimeoutMs: number, close: () => Promise<void>) {
    this.#connection = connection;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#close = close;
    connection.client.on('error', () => this.#lose()).on('end', () => this.#lose());
  }

  static async open(options: DirectOptions, signal: AbortSignal): Promise<DirectSession> {
    const connections = new Connections(options.target, options.tls, options.connectTimeoutMs);
    let giveBack: () => void = () => undefined;
    const kept = new Promise<void>((resolve) => {
      giveBack = resolve;
    });
    const connection = await new Promise<Connection>((resolve, reject) => {
      connections
        .lend(signal, async (lent) => {
          resolve(lent);
          await kept;
        })
        .catch(reject);
    });
    return new DirectSession(connection, options.answerTimeoutMs, async () => {
      giveBack();
      await connections[Symbol.asyncDispose]();
    });
  }

  /** The server process as it was named when the connection was let in (BackendKeyData); a pooler names one that is not there. */
  get namedPid(): number | null {
    const { processID } = this.#connection.client as { readonly processID?: number | null };
    return processID ?? null;
  }

  /** The connection is known to be gone; false proves nothing. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** When the signal fires or the answer does not come in time, the connection is cut and with it all that it held. */
  async rows<Row>(query: Query<Row>, signal: AbortSignal): Promise<readonly Row[]> {
    using answering = patience(signal, this.#answerTimeoutMs);
    return await new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#lose();
        this.#connection.cut();
        reject(new Aborted());
      };
      if (answering.signal.aborted) {
        giveUp();
        return;
      }
      answering.signal.addEventListener('abort', giveUp, { once: true });
      this.#connection.client
        .query(query.text, query.values.length === 0 ? undefined : [...query.values])
        .then((result) => resolve(result.rows), reject)
        .finally(() => answering.signal.removeEventListener('abort', giveUp));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #lose(): void {
    this.#isLost = true;
  }
}
