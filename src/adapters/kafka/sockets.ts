import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Address, TlsOptions } from './options.ts';

const KEEP_ALIVE_MS = 60_000;
/** Node 20 gives each address of a name 250 ms, too little for a broker across a WAN. */
const ADDRESS_ATTEMPT_MS = 1_000;

interface SocketRequest {
  readonly advertised: Address;
  readonly dial: Address;
  readonly onConnect: () => void;
}

/**
 * Every socket that kafkajs opens, those that it forgets included: its fetch slot opens several when asked at once, and they
 * survive its own disconnect.
 */
export class Sockets {
  readonly #open = new Set<Socket>();
  readonly #tls: boolean | TlsOptions;

  constructor(tls: boolean | TlsOptions) {
    this.#tls = tls;
  }

  open({ advertised, dial, onConnect }: SocketRequest): Socket {
    const target = { host: dial.host, port: dial.port, autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS };
    const socket =
      this.#tls === false
        ? connectPlain(target, onConnect)
        : connectTls({ ...target, ...tlsOptions(this.#tls, advertised) }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  }

  /** kafkajs does not listen to 'close': only an error makes its waiting requests fail at once. */
  destroy(reason: Error): void {
    for (const socket of this.#open) socket.destroy(reason);
  }
}

/**
 * The certificate is verified against the advertised name, wherever it is dialled; managed clusters route by that name too.
 *
 * @internal
 */
export function tlsOptions(tls: true | TlsOptions, advertised: Address): ConnectionOptions {
  const { servername, ...material } = tls === true ? {} : tls;
  const name = servername ?? advertised.host;
  const identity: ConnectionOptions =
    isIP(name) === 0
      ? { servername: name }
      : { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) };
  return { ...identity, ...material };
}
