import type { QueryResultRow } from 'pg';
import type { PostgresTarget } from './address.ts';
import { type Connection, Connections } from './connections.ts';
import { type FailureContext, isConnectionLoss, postgresFailure, silence } from './failure.ts';
import { Aborted, isAbort, patience } from './patience.ts';
import type { PostgresTls } from './tls.ts';

/** A statement with the type of its rows. Values always travel apart from the text. */
export interface Query<Row> {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Never set: it ties the type of the rows to the query. */
  readonly row?: Row;
}

/** Around a query that may fail without taking the rest of its transaction along. */
export const SAVEPOINT: Query<never> = { text: 'savepoint aside', values: [] };
export const BACK_TO_SAVEPOINT: Query<never> = { text: 'rollback to savepoint aside', values: [] };

export type Answer<Row> =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'failed'; readonly error: unknown };

type Answers<Rows extends readonly unknown[]> = { readonly [Index in keyof Rows]: Answer<Rows[Index]> };
type Queries<Rows extends readonly unknown[]> = { readonly [Index in keyof Rows]: Query<Rows[Index]> };

export interface SessionOptions {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

export interface CallOptions {
  readonly operation: string;
  readonly signal: AbortSignal;
  /** Shorter than the session's, where a slow answer is not worth waiting for. */
  readonly timeoutMs?: number;
}

/**
 * Reading as a guest: every call is one short transaction that cannot write, and every setting lasts as long as it. A session
 * setting would stay behind a transaction pooler and meet the platform's own statements.
 */
export class ReadSession implements AsyncDisposable {
  readonly #connections: Connections;
  readonly #options: SessionOptions;
  readonly #context: FailureContext;

  constructor(target: PostgresTarget, tls: PostgresTls, options: SessionOptions, context: FailureContext) {
    this.#connections = new Connections(target, tls, options.connectTimeoutMs);
    this.#options = options;
    this.#context = context;
  }

  /** The rows of one query; throws when it fails. */
  async rows<Row>(query: Query<Row>, options: CallOptions): Promise<readonly Row[]> {
    const [answer] = await this.answers<[Row]>([query], options);
    if (answer.kind === 'failed') throw this.failure(answer.error, options.operation);
    return answer.rows;
  }

  /** Several queries of one transaction, in one round trip. After one that fails, those up to the next savepoint fail too. */
  async answers<Rows extends readonly unknown[]>(
    queries: Queries<Rows>,
    options: CallOptions,
  ): Promise<Answers<Rows>> {
    try {
      return await this.#transaction(queries, options, 1);
    } catch (error) {
      // An aborted signal is thrown as it is; what aborted it, the caller or our own patience, was silence in either case.
      if (isAbort(error)) throw silence(options.operation, this.#context);
      throw this.failure(error, options.operation);
    }
  }

  failure(error: unknown, operation: string): Error {
    return postgresFailure(error, operation, this.#context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
  }

  async #transaction<Rows extends readonly unknown[]>(
    queries: Queries<Rows>,
    options: CallOptions,
    retries: number,
  ): Promise<Answers<Rows>> {
    const timeoutMs = Math.ceil(options.timeoutMs ?? this.#options.statementTimeoutMs);
    const texts = [{ text: this.#begin(timeoutMs), values: [] }, ...queries, { text: 'commit', values: [] }];
    let reused = false;
    try {
      const [begun, ...rest] = await this.#connections.lend(options.signal, async (connection) => {
        reused = connection.reused;
        // The server keeps the statement timeout; a server that does not answer at all must not hold us much longer.
        using answering = patience(
          options.signal,
          timeoutMs * queries.length + this.#options.connectTimeoutMs,
        );
        return await exchange(connection, texts, answering.signal);
      });
      if (begun?.kind === 'failed') throw begun.error;
      const answers = rest.slice(0, queries.length);
      const lost = answers.find((answer) => answer.kind === 'failed' && isConnectionLoss(answer.error));
      if (lost?.kind === 'failed') throw lost.error;
      return answers as unknown as Answers<Rows>;
    } catch (error) {
      // A server or pooler closes idle connections when it likes. Reading twice does no harm.
      if (reused && retries > 0 && isConnectionLoss(error))
        return await this.#transaction(queries, options, retries - 1);
      throw error;
    }
  }

  #begin(timeoutMs: number): string {
    return [
      'begin transaction read only',
      `set local statement_timeout = ${timeoutMs}`,
      `set local lock_timeout = ${Math.ceil(this.#options.lockTimeoutMs)}`,
      `set local idle_in_transaction_session_timeout = ${timeoutMs}`,
      `set local application_name = ${quoted(this.#options.applicationName)}`,
      // Compiling costs more than these queries take.
      'set local jit = off',
    ].join('; ');
  }
}

/** `set` takes no parameters. Only letters, digits, spaces and a few signs are left, so that nothing has to be escaped. */
function quoted(name: string): string {
  return `'${name.replace(/[^\w .:/@-]/g, '').slice(0, 63)}'`;
}

/** Writes all statements and waits for all answers. When the signal fires the socket is cut at once. */
function exchange(
  connection: Connection,
  queries: readonly { readonly text: string; readonly values: readonly unknown[] }[],
  signal: AbortSignal,
): Promise<readonly Answer<unknown>[]> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      connection.cut();
      reject(new Aborted());
    };
    if (signal.aborted) {
      giveUp();
      return;
    }
    signal.addEventListener('abort', giveUp, { once: true });
    const answers = queries.map((query) =>
      connection.client
        .query<QueryResultRow>(query.text, query.values.length === 0 ? undefined : [...query.values])
        .then((result): Answer<unknown> => ({ kind: 'rows', rows: result.rows }))
        .catch((error: unknown): Answer<unknown> => ({ kind: 'failed', error })),
    );
    Promise.all(answers)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', giveUp));
  });
}
