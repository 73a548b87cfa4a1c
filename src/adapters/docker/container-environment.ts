import type { ContainerState } from '../../platform/state.ts';

type DatabasePlace = NonNullable<ContainerState['database']>;

const BROKER_NAMES = ['KAFKA_BROKERS', 'KAFKA_BROKER'] as const;
const DATABASE_NAMES = ['POSTGRES_URL', 'POSTGRES_URI', 'DATABASE_URL'] as const;
const POSTGRES_PORT = 5432;
const SCHEME = /^postgres(?:ql)?:\/\//i;

/** All that ever leaves this file of a container's environment, which is full of secrets. */
export interface ContainerEnvironment {
  readonly brokerList: string | null;
  readonly database: DatabasePlace | null;
}

export function readContainerEnvironment(variables: readonly string[]): ContainerEnvironment {
  const brokers = firstSet(variables, BROKER_NAMES);
  const database = firstSet(variables, DATABASE_NAMES);
  return {
    brokerList: brokers === null ? null : withoutCredentials(brokers),
    database: database === null ? null : databasePlace(database),
  };
}

/** The platform reads its aliases with `||`: an empty one falls through to the next. Empty is told apart from not set. */
function firstSet(variables: readonly string[], names: readonly string[]): string | null {
  const values = names
    .map((name) => variables.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1))
    .filter((value) => value !== undefined);
  return values.find((value) => value !== '') ?? values[0] ?? null;
}

/** Brokers carry no credentials by rule; one that does is cut, so that the list can be shown. */
function withoutCredentials(brokers: string): string {
  return brokers
    .split(',')
    .map((broker) => broker.replace(/^([a-z_]+:\/\/)?.*@/i, '$1').trim())
    .join(',');
}

/** Null for what is no such address, names no host, or several: nothing can be compared then. */
function databasePlace(url: string): DatabasePlace | null {
  if (!SCHEME.test(url)) return null;
  // Passwords with unescaped signs are common and no URL parser takes them: everything before the last @ is dropped.
  const [address = '', query = ''] = splitOnce(url.replace(SCHEME, ''), '?');
  const [authority = '', path = ''] = splitOnce(address.slice(address.lastIndexOf('@') + 1), '/');
  const host = /^(\[[^\]]+\]|[^:,]+)(?::(\d+))?$/.exec(authority);
  // A `host` parameter is where a socket folder stands, or a proxy's address.
  const given = new URLSearchParams(query).get('host');
  const name = given ?? host?.[1]?.replace(/^\[|\]$/g, '');
  if (name === undefined || name === '') return null;
  return { host: name.toLowerCase(), port: Number(host?.[2] ?? POSTGRES_PORT), name: decoded(path) };
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare % in the name: taken as it stands.
    return text;
  }
}
