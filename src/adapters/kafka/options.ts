export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TlsOptions {
  /** PEM texts, not paths. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to verify instead of the one that each broker advertises. */
  readonly servername?: string;
}

export interface SaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaOptions {
  /** Bootstrap brokers, `host:port`; a listener prefix such as `PLAINTEXT://` is taken off. */
  readonly brokers: readonly string[];
  readonly tls: boolean | TlsOptions;
  readonly sasl: SaslOptions | null;
  /** Where to dial instead: `{ 'kafka:9092': '127.0.0.1:9092' }`. Wins over everything else. */
  readonly addressMap: Readonly<Record<string, string>>;
  /** Asked for a name that does not resolve: a published port or a container's address, or null. */
  readonly resolveAddress?: (host: string, port: number) => Promise<Address | null>;
  /** Default 2000. */
  readonly connectTimeoutMs?: number;
  /** Default 5000. */
  readonly requestTimeoutMs?: number;
  /** Bytes of one partition that a key search reads at most. Default 1 GiB. */
  readonly scanLimitBytes?: number;
  /** Time that one key search takes at most, all its partitions together. Default 2000 ms; keep it below the caller's own limit. */
  readonly scanLimitMs?: number;
  /** Texts that must not appear in any error, beside the SASL password and the TLS key. */
  readonly secrets: readonly string[];
  /** Epoch milliseconds; default `Date.now`. */
  readonly nowMs?: () => number;
}
