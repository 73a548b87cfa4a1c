import { Socket } from 'node:net';
import type pg from 'pg';
import type { PostgresTarget } from './address.ts';
import { Aborted, patience } from './patience.ts';
import { connectionTls, type PostgresTls } from './tls.ts';

/** A guest takes two connections of a shared server and no more (design.md 4.2). */
const MOST_CONNECTIONS = 2;
/** How long a polite goodbye may take before the socket is cut. */
const GOODBYE_MS = 250;

export interface Connection {
  readonly client: pg.Client;
  /** A connection that had answered before may have died since; a new one that dies has a reason. */
  readonly reused: boolean;
  /** Ends it at once: whatever is under way fails, and nothing of it keeps the process alive. */
  cut(): void;
}

interface Slot extends Connection {
  reused: boolean;
  broken: boolean;
}

/**
 * Our own pool, since the one of `pg` cannot give up connecting or waiting when a signal asks for it. Connects late. A
 * connection that broke or was cut is never lent again.
 */
export class Connections implements AsyncDisposable {
  readonly #target: PostgresTarget;
  readonly #tls: PostgresTls;
  readonly #connectTimeoutMs: number;
  readonly #idle: Slot[] = [];
  readonly #all = new Set<Slot>();
  readonly #sockets = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(target: PostgresTarget, tls: PostgresTls, connectTimeoutMs: number) {
    this.#target = target;
    this.#tls = tls;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Lends a connection for the time of `use`, to one after the other. */
  async lend<T>(caller: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#turn(AbortSignal.any([caller]));
    try {
      const slot = this.#takeIdle() ?? (await this.#connect(caller));
      try {
        return await use(slot);
      } finally {
        slot.reused = true;
        if (slot.broken) this.#drop(slot);
        else this.#idle.push(slot);
      }
    } finally {
      this.#taken -= 1;
      this.#waiting.shift()?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((slot) => this.#goodbye(slot)));
    for (const socket of this.#sockets) socket.destroy();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new Aborted();
    while (this.#taken >= MOST_CONNECTIONS) {
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
        const giveUp = () => {
          const at = this.#waiting.indexOf(go);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(new Aborted());
        };
        this.#waiting.push(go);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    }
    this.#taken += 1;
  }

  #takeIdle(): Slot | undefined {
    for (let slot = this.#idle.pop(); slot !== undefined; slot = this.#idle.pop()) {
      if (!slot.broken) return slot;
      this.#drop(slot);
    }
    return undefined;
  }

  async #connect(caller: AbortSignal): Promise<Slot> {
    using connecting = patience(caller, this.#connectTimeoutMs);
    const { signal } = connecting;
    const { Client } = await loadPg();
    const ssl = await connectionTls(this.#tls);
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const client = new Client({
      host: this.#target.host,
      port: this.#target.port,
      user: this.#target.user,
      database: this.#target.database,
      ...(this.#target.password === null ? {} : { password: this.#target.password }),
      ssl,
      stream: () => socket,
      // The statements of a transaction go out together: one round trip instead of three.
      pipeline: true,
    });
    ownStartup(client);
    const slot: Slot = {
      client,
      reused: false,
      broken: false,
      cut: () => {
        slot.broken = true;
        socket.destroy();
      },
    };
    client.on('error', () => {
      // Whoever waits for an answer gets this error from the query; an idle connection is only not lent again.
      slot.broken = true;
    });
    client.on('end', () => {
      slot.broken = true;
    });
    const giveUp = () => slot.cut();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      if (signal.aborted) throw new Aborted();
      await client.connect();
    } catch (error) {
      slot.cut();
      throw signal.aborted ? new Aborted() : error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    this.#all.add(slot);
    return slot;
  }

  #drop(slot: Slot): void {
    this.#all.delete(slot);
    slot.cut();
  }

  async #goodbye(slot: Slot): Promise<void> {
    this.#all.delete(slot);
    if (slot.broken) {
      slot.cut();
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    // A goodbye that fails leaves a dead socket, which is what was wanted.
    await Promise.race([slot.client.end().catch(() => undefined), patience]);
    clearTimeout(timer);
    slot.cut();
  }
}

/**
 * `pg` copies PGOPTIONS and PGAPPNAME of the operator's shell into the startup message. A transaction pooler refuses the first,
 * and would carry the second over to the platform's own sessions. Both are set per transaction, or not at all.
 */
function ownStartup(client: pg.Client): void {
  const { connectionParameters } = client as pg.Client & {
    readonly connectionParameters: { options?: string | undefined; application_name?: string | undefined };
  };
  connectionParameters.options = undefined;
  connectionParameters.application_name = undefined;
}

/** Loaded when first used: `--help` does not wait for it. */
async function loadPg(): Promise<typeof pg> {
  return (await import('pg')).default;
}
