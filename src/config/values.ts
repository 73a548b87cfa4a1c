import { resolve } from 'node:path';
import { formatAddress, parseAddress } from '../platform/address.ts';
import { maskUrl } from '../platform/mask.ts';
import type { SecretFrom } from './file-schema.ts';
import { type ConfigFiles, readFor } from './files.ts';
import type { Problem } from './problems.ts';
import { findVariable, type VariableLayer } from './variables.ts';

/** A value and where it came from. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** A value or what is wrong with it. */
export type Checked<T> = { readonly value: T } | { readonly problem: Omit<Problem, 'key'> };

export function brokerList(text: string | readonly string[]): Checked<readonly string[]> {
  const parts = (typeof text === 'string' ? text.split(',') : text)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const wrong = parts.find((part) => parseAddress(part) === null);
  if (wrong === undefined && parts.length > 0) {
    return { value: parts.map((part) => formatAddress(parseAddress(part) ?? { host: part, port: 0 })) };
  }
  const what = wrong === undefined ? 'names no broker' : `"${maskUrl(wrong)}" is not host:port`;
  return { problem: { text: what, wayOut: 'write host:port, several with commas, without a scheme' } };
}

/** A URL of one of these schemes. What is wrong is said without the URL itself, which holds a password. */
export function serviceUrl(text: string, schemes: readonly string[]): Checked<string> {
  const wanted = `${schemes[0] ?? ''}//…`;
  // A # in a password ends the URL there: what parses is then another host.
  if (!URL.canParse(text) || new URL(text).hash !== '') {
    return {
      problem: {
        text: 'is not a URL',
        wayOut: `write ${wanted}; special characters in a password must be percent-encoded (# is %23, @ is %40)`,
      },
    };
  }
  const url = new URL(text);
  if (!schemes.includes(url.protocol))
    return { problem: { text: `has the scheme ${url.protocol}//`, wayOut: `write ${wanted}` } };
  if (url.hostname === '' && !url.searchParams.has('host'))
    return { problem: { text: 'names no host', wayOut: `write ${wanted}` } };
  return { value: text };
}

export const POSTGRES_SCHEMES = ['postgresql:', 'postgres:'] as const;
export const REDIS_SCHEMES = ['redis:', 'rediss:'] as const;
export const HTTP_SCHEMES = ['http:', 'https:'] as const;

/** Reads a secret from where the config file says it is. Null: the variable is not set. */
export function secretValue(
  from: SecretFrom,
  layers: readonly VariableLayer[],
  directory: string,
  files: ConfigFiles,
): Checked<Sourced<string> | null> {
  if ('env' in from) {
    const found = findVariable(layers, [from.env]);
    return { value: found === null ? null : { value: found.value, source: found.source } };
  }
  const read = fileText(from.file, directory, files);
  if ('problem' in read) return read;
  const value = read.value.trim();
  if (value !== '') return { value: { value, source: from.file } };
  return { problem: { text: `${from.file} is empty`, wayOut: 'write the secret into it' } };
}

export function fileText(path: string, directory: string, files: ConfigFiles): Checked<string> {
  const read = readFor(files, resolve(directory, path));
  if ('text' in read) return { value: read.text };
  const text = 'unreadable' in read ? read.unreadable : `${path} does not exist`;
  return { problem: { text, wayOut: 'name a file that can be read; paths are relative to the config file' } };
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
