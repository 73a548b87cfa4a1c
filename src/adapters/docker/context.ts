import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DependencyError } from '../../errors.ts';
import { type Answer, type Environment, endpointOf } from './address.ts';

/** The name that stands for "no context": the local sockets. */
const DEFAULT_CONTEXT = 'default';

/** The context of DOCKER_CONTEXT, else the current one of the client's configuration, read from Docker's own store. */
export async function contextEndpoint(environment: Environment, home: string): Promise<Answer> {
  const directory = environment['DOCKER_CONFIG'] || join(home, '.docker');
  const named = environment['DOCKER_CONTEXT'] || (await currentContext(join(directory, 'config.json')));
  if (named === null) return { origin: 'Docker context', reason: 'none is set' };
  if (named === DEFAULT_CONTEXT) return { origin: 'Docker context', reason: 'default, the local sockets' };

  // The store names its folders by the hash of the context's name.
  const id = createHash('sha256').update(named).digest('hex');
  const path = join(directory, 'contexts/meta', id, 'meta.json');
  const host = await contextHost(named, path);
  const certificates = join(directory, 'contexts/tls', id, 'docker');
  const wantsTls = host.skipsVerification || (await exists(certificates));
  return endpointOf(
    host.address,
    `context ${named}`,
    wantsTls ? { directory: certificates, isVerified: !host.skipsVerification } : null,
  );
}

async function currentContext(path: string): Promise<string | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  const current = field(parsed(text, 'the client configuration', path), 'currentContext');
  return typeof current === 'string' && current !== '' ? current : null;
}

async function contextHost(
  name: string,
  path: string,
): Promise<{ readonly address: string; readonly skipsVerification: boolean }> {
  const text = await readIfThere(path);
  if (text === null) throw contextError(`The Docker context ${name} does not exist.`);
  const endpoint = field(field(parsed(text, `the context ${name}`, path), 'Endpoints'), 'docker');
  const address = field(endpoint, 'Host');
  if (typeof address !== 'string') throw contextError(`The Docker context ${name} names no Docker daemon.`);
  return { address, skipsVerification: field(endpoint, 'SkipTLSVerify') === true };
}

function parsed(text: string, what: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw contextError(`Docker's file of ${what} is not JSON: ${path}.`, cause);
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    // Which context is current cannot be known, and the local daemon may be the wrong one.
    throw contextError(`Docker's file ${path} cannot be read.`, error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw contextError(`Docker's folder ${path} cannot be read.`, error);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function contextError(message: string, cause?: unknown): DependencyError {
  return new DependencyError(
    'KC_DOCKER_CONTEXT',
    message,
    'List contexts with `docker context ls`, choose one with DOCKER_CONTEXT, or set DOCKER_HOST.',
    { system: 'docker', operation: 'the address of the daemon', gapCode: 'not-configured', cause },
  );
}
