import { resolve } from 'node:path';
import { parseAddress } from '../platform/address.ts';
import { MASK, maskUrl } from '../platform/mask.ts';
import type { Config, KafkaSettings, PostgresSettings, TlsMaterial } from './config.ts';
import type { SslMode } from './file-schema.ts';
import { accept, settle } from './ledger.ts';
import { fromFile, fromVariables, type Scope, secretFromFile } from './scope.ts';
import {
  brokerList,
  fileText,
  HTTP_SCHEMES,
  POSTGRES_SCHEMES,
  REDIS_SCHEMES,
  type Sourced,
  serviceUrl,
} from './values.ts';

/** Where the systems are, as far as flags, files and environment say. */

export function kafkaSettings(scope: Scope): KafkaSettings {
  const { ledger } = scope;
  const file = scope.set.values.kafka;
  const variable = fromVariables(scope, ['KAFKA_BROKERS', 'KAFKA_BROKER']);
  const configured =
    file?.brokers === undefined
      ? variable && { ...variable, key: variable.name }
      : { value: file.brokers, source: scope.set.source, key: 'kafka.brokers' };
  const brokers = configured === null ? null : accept(ledger, configured.key, brokerList(configured.value));
  settle(
    ledger,
    'kafka.brokers',
    [brokers === null ? null : { value: brokers, source: configured?.source ?? '' }],
    (list) => list.join(', '),
  );
  const tls = tlsMaterial(scope);
  settle(ledger, 'kafka.tls', [fromFile(scope, (values) => values.kafka?.tls)], (value) =>
    typeof value === 'boolean' ? String(value) : Object.keys(value).join(', '),
  );
  return { brokers: brokers ?? [], tls, sasl: sasl(scope) };
}

function sasl(scope: Scope): KafkaSettings['sasl'] {
  const wanted = scope.set.values.kafka?.sasl;
  const password = secretFromFile(scope, 'kafka.sasl.passwordFrom', wanted?.passwordFrom);
  settle(
    scope.ledger,
    'kafka.sasl',
    [wanted === undefined ? null : { value: wanted, source: scope.set.source }],
    (value) => `${value.mechanism} as ${value.username}`,
  );
  if (wanted === undefined || password === null) return null;
  return { mechanism: wanted.mechanism, username: wanted.username, password: password.value };
}

function tlsMaterial(scope: Scope): boolean | TlsMaterial {
  const wanted = scope.set.values.kafka?.tls;
  if (wanted === undefined || typeof wanted === 'boolean') return wanted ?? false;
  const read = (key: string, path: string | undefined): string | null =>
    path === undefined ? null : accept(scope.ledger, key, fileText(path, scope.set.directory, scope.files));
  const ca = read('kafka.tls.caFile', wanted.caFile);
  const cert = read('kafka.tls.certFile', wanted.certFile);
  const key = read('kafka.tls.keyFile', wanted.keyFile);
  if ((wanted.certFile === undefined) !== (wanted.keyFile === undefined)) {
    const text = 'a client certificate and its key belong together';
    scope.ledger.problems.push({
      key: 'kafka.tls',
      text,
      wayOut: 'give both certFile and keyFile, or neither',
    });
  }
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(wanted.servername === undefined ? {} : { servername: wanted.servername }),
  };
}

export function postgresSettings(scope: Scope): PostgresSettings | null {
  const { ledger } = scope;
  const file = scope.set.values.postgres;
  const key = 'postgres.url';
  const variable = fromVariables(scope, ['POSTGRES_URL', 'POSTGRES_URI', 'DATABASE_URL']);
  const configured =
    file?.urlFrom === undefined
      ? variable && { ...variable, key: variable.name }
      : withKey(secretFromFile(scope, 'postgres.urlFrom', file.urlFrom), 'postgres.urlFrom');
  const url =
    configured === null
      ? null
      : accept(ledger, configured.key, serviceUrl(configured.value, POSTGRES_SCHEMES));
  settle(ledger, key, [url === null ? null : { value: url, source: configured?.source ?? '' }], maskUrl);
  const caFile = authorityFile(scope, url, configured?.key ?? key);
  const ssl = settle<SslMode>(ledger, 'postgres.ssl', [
    { value: file?.ssl, source: scope.set.source },
    url === null
      ? null
      : { value: urlSslMode(url, caFile !== null), source: `${configured?.source ?? ''} (sslmode)` },
    sslVariable(scope),
    { value: 'disable', source: 'default' },
  ]);
  return url === null ? null : { url, ssl: { mode: ssl?.value ?? 'disable', caFile } };
}

/** The configured file, else `sslrootcert` of the URL; it must be readable here, whatever the platform's containers have. */
function authorityFile(scope: Scope, url: string | null, urlKey: string): string | null {
  const configured = scope.set.values.postgres?.caFile;
  const inUrl = url === null ? null : new URL(url).searchParams.get('sslrootcert');
  const path = configured ?? (inUrl === 'system' ? null : inUrl);
  if (path === null || path === '') return null;
  const directory = configured === undefined ? (scope.folder ?? scope.set.directory) : scope.set.directory;
  const key = configured === undefined ? `${urlKey} (sslrootcert)` : 'postgres.caFile';
  accept(scope.ledger, key, fileText(path, directory, scope.files));
  return resolve(directory, path);
}

/**
 * libpq's modes (its documentation, table 34.1) onto the three that are told apart here: `prefer` tries TLS first and `allow`
 * plain text first, so each becomes its first try. `verify-ca` is `require` with an authority; without one the strict
 * `verify-full`.
 */
function urlSslMode(url: string, hasAuthority: boolean): SslMode | undefined {
  const { searchParams } = new URL(url);
  const mode =
    searchParams.get('sslmode') ?? (searchParams.get('sslrootcert') === 'system' ? 'verify-full' : null);
  switch (mode) {
    case 'require':
    case 'prefer':
    case 'no-verify':
      return 'require';
    case 'verify-ca':
      return hasAuthority ? 'require' : 'verify-full';
    case 'verify-full':
      return 'verify-full';
    case 'disable':
    case 'allow':
      return 'disable';
    default:
      return /^(?:true|1)$/.test(searchParams.get('ssl') ?? '') ? 'require' : undefined;
  }
}

function sslVariable(scope: Scope): Sourced<SslMode | undefined> | null {
  const found = fromVariables(scope, ['POSTGRES_SSL']);
  if (found === null) return null;
  return {
    value: /^(?:true|1|yes|on|require)$/i.test(found.value) ? 'require' : undefined,
    source: found.source,
  };
}

export function adminServiceSettings(scope: Scope): Config['adminService'] {
  const { ledger } = scope;
  const file = scope.set.values.adminService;
  const configured =
    file?.url === undefined
      ? adminVariable(scope)
      : { value: file.url, source: scope.set.source, key: 'adminService.url' };
  const baseUrl =
    configured === null ? null : accept(ledger, configured.key, serviceUrl(configured.value, HTTP_SCHEMES));
  settle(
    ledger,
    'adminService.url',
    [baseUrl === null ? null : { value: baseUrl, source: configured?.source ?? '' }],
    maskUrl,
  );
  const token = secretFromFile(scope, 'adminService.tokenFrom', file?.tokenFrom);
  settle(ledger, 'adminService.token', [token], () => MASK);
  return { baseUrl, token: token?.value ?? null };
}

/** ADMIN_SERVICE_URL, or SERVICES_HOST with ADMIN_SERVICE_PORT; both halves from one place. */
function adminVariable(scope: Scope): (Sourced<string> & { readonly key: string }) | null {
  for (const layer of scope.variables) {
    const one = { ...scope, variables: [layer] };
    const whole = fromVariables(one, ['ADMIN_SERVICE_URL']);
    if (whole !== null) return { ...whole, key: whole.name };
    const host = fromVariables(one, ['SERVICES_HOST']);
    const port = fromVariables(one, ['ADMIN_SERVICE_PORT']);
    if (host !== null && port !== null) {
      const base = /^https?:\/\//.test(host.value) ? host.value.replace(/\/$/, '') : `http://${host.value}`;
      return { value: `${base}:${port.value}`, source: `${host.source}, ${port.name}`, key: host.name };
    }
  }
  return null;
}

export function redisSettings(scope: Scope): Config['redis'] {
  const file = scope.set.values.redis;
  const variable = fromVariables(scope, ['REDIS_URL']);
  const configured =
    file === undefined
      ? variable && { ...variable, key: variable.name }
      : withKey(secretFromFile(scope, 'redis.urlFrom', file.urlFrom), 'redis.urlFrom');
  const url =
    configured === null
      ? null
      : accept(scope.ledger, configured.key, serviceUrl(configured.value, REDIS_SCHEMES));
  settle(
    scope.ledger,
    'redis.url',
    [url === null ? null : { value: url, source: configured?.source ?? '' }],
    maskUrl,
  );
  return url === null ? null : { url };
}

/** Entries of both places; what stands beside the brokers wins. */
export function addressMap(scope: Scope): Readonly<Record<string, string>> {
  const { values, source } = scope.set;
  const merged = { ...values.addressMap, ...values.kafka?.addressMap };
  for (const [from, to] of Object.entries(merged)) {
    if (parseAddress(from) !== null && parseAddress(to) !== null) continue;
    const text = `"${from}" to "${to}" is not host:port to host:port`;
    scope.ledger.problems.push({ key: 'addressMap', text, wayOut: 'write {"kafka:9092": "127.0.0.1:9092"}' });
  }
  const isEmpty = Object.keys(merged).length === 0;
  settle(scope.ledger, 'addressMap', [isEmpty ? null : { value: merged, source }], (map) =>
    Object.entries(map)
      .map(([from, to]) => `${from} → ${to}`)
      .join(', '),
  );
  return merged;
}

export function dockerSettings(
  scope: Scope,
  environment: Readonly<Record<string, string | undefined>>,
): Config['docker'] {
  const variable = environment['DOCKER_HOST']?.trim();
  const found = settle<string>(
    scope.ledger,
    'docker.host',
    [
      { value: scope.set.values.docker?.host, source: scope.set.source },
      variable === undefined || variable === ''
        ? null
        : { value: variable, source: 'environment DOCKER_HOST' },
    ],
    maskUrl,
  );
  return { host: found?.value ?? null };
}

function withKey(
  found: Sourced<string> | null,
  key: string,
): (Sourced<string> & { readonly key: string }) | null {
  return found === null ? null : { ...found, key };
}
