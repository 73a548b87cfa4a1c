import { ConfigError } from '../../errors.ts';

/** Where a Postgres address leads, taken apart by us: `pg` would read session settings and files out of its parameters. */
export interface PostgresTarget {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  /** For people, without the password: "kc@db.example/kc". */
  readonly address: string;
}

const DEFAULT_PORT = 5432;

export function parseTarget(url: string): PostgresTarget {
  const parsed = asUrl(url);
  const host = parsed.searchParams.get('host') ?? (parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost');
  const port = Number(parsed.searchParams.get('port') ?? (parsed.port === '' ? DEFAULT_PORT : parsed.port));
  const user = parsed.searchParams.get('user') ?? decoded(parsed.username);
  const password = parsed.searchParams.get('password') ?? decoded(parsed.password);
  const database = parsed.searchParams.get('dbname') ?? (decoded(parsed.pathname.slice(1)) || user);
  if (user === '') throw badUrl('it names no user');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badUrl('its port is no port number');
  const place = host.includes(':') ? `[${host}]` : host;
  const shownPort = port === DEFAULT_PORT ? '' : `:${port}`;
  return {
    host,
    port,
    user,
    password: password === '' ? null : password,
    database,
    address: `${user}@${place}${shownPort}/${database}`,
  };
}

function asUrl(url: string): URL {
  let parsed: URL;
  try {
    // An address of a socket has no host, which `new URL` does not take together with a user.
    parsed = new URL(url.trim().replace('@/', '@localhost/'));
  } catch {
    // The error of `new URL` carries the address and so the password: it is not kept as cause.
    throw badUrl('it cannot be parsed; a password with @ : / ? or # must be percent-encoded');
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw badUrl('it does not begin with postgres:// or postgresql://');
  }
  return parsed;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl('it holds a % that begins no percent-encoded character');
  }
}

function badUrl(why: string): ConfigError {
  return new ConfigError(
    'KC_POSTGRES_URL',
    `The Postgres address is not usable: ${why}.`,
    'Set POSTGRES_URL to postgres://user:password@host:5432/database.',
  );
}
