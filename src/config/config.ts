import type { Settings } from '../platform/settings.ts';
import type { AddressCandidate } from './address-map.ts';
import type { SettingRow } from './rows.ts';

export interface KafkaSettings {
  /** Empty: neither configured nor found. */
  readonly brokers: readonly string[];
  readonly tls: boolean | TlsMaterial;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

/** PEM texts, already read. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

export interface PostgresSettings {
  /** As the platform has it, sslmode included; never printed. */
  readonly url: string;
  /**
   * The configured mode, else the URL's `sslmode` as far as there is one to match, else `POSTGRES_SSL=true`, else none.
   * `require` encrypts without asking who answers, as in libpq; with a CA file the server's certificate is checked.
   */
  readonly ssl: { readonly mode: 'disable' | 'require' | 'verify-full'; readonly caFile: string | null };
}

/** Ids that a profile insists on; what is null is not pinned. */
export interface IdentityPin {
  readonly composeProject: string | null;
  readonly dockerDaemonId: string | null;
  readonly kafkaClusterId: string | null;
  readonly databaseSystemId: string | null;
  readonly databaseOid: number | null;
  readonly databaseName: string | null;
}

/** Everything that is configured. Made without a connection; `discoveredConfig` fills what only Docker can tell. */
export interface Config {
  readonly profile: string | null;
  readonly settings: Settings;
  /** Compose project that was asked for; null: the only one that has a worker of the pipeline. */
  readonly project: string | null;
  /** Folder of the env files that were read; null: none found yet. */
  readonly projectDir: string | null;
  readonly docker: { readonly host: string | null };
  readonly kafka: KafkaSettings;
  readonly postgres: PostgresSettings | null;
  readonly adminService: { readonly baseUrl: string | null; readonly token: string | null };
  readonly redis: { readonly url: string } | null;
  /** `host:port` to `host:port`, said by configuration; wins over every other way. */
  readonly addressMap: Readonly<Record<string, string>>;
  /** What Docker shows of names that only resolve in its networks. */
  readonly addressCandidates: readonly AddressCandidate[];
  readonly pin: IdentityPin;
  readonly repairs: 'all' | 'none' | readonly string[];
  readonly timeoutMs: number;
  readonly failOn: 'fail' | 'warn';
  readonly timeZone: string;
  readonly rows: readonly SettingRow[];
  /** Values of the platform's env files whose names say that they are secret; they turn up in logs. */
  readonly platformSecrets: readonly string[];
}

/** Flags that configuration knows; a secret is never one of them. */
export interface ConfigFlags {
  readonly config?: string;
  readonly env?: string;
  readonly project?: string;
  readonly projectDir?: string;
  readonly since?: string;
  readonly timeout?: string;
  readonly failOn?: string;
  readonly tz?: string;
}
