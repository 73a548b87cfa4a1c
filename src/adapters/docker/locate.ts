import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DependencyError } from '../../errors.ts';
import {
  type Answer,
  type Declined,
  type DockerEndpoint,
  type Environment,
  endpointOf,
  SYSTEM_SOCKET,
} from './address.ts';
import { contextEndpoint } from './context.ts';

export interface DockerLocation {
  readonly endpoint: DockerEndpoint;
  /** Places that were looked at before it, in order, with the reason why each was passed over. */
  readonly declined: readonly Declined[];
}

/**
 * Where the daemon is, in the order of Docker's own command line: DOCKER_HOST, the context, then the sockets of a system-wide
 * daemon, a rootless one and Docker Desktop. What was asked for by name is used or refused, never replaced by something else.
 */
export async function locateDocker(
  environment: Environment,
  systemSocket: string = SYSTEM_SOCKET,
): Promise<DockerLocation> {
  const home = environment['HOME'] ?? homedir();
  const runtimeDirectory = environment['XDG_RUNTIME_DIR'];
  const strategies: readonly (() => Answer | Promise<Answer>)[] = [
    () => hostEndpoint(environment, home),
    () => contextEndpoint(environment, home),
    () => socketEndpoint(systemSocket),
    () =>
      runtimeDirectory
        ? socketEndpoint(join(runtimeDirectory, 'docker.sock'))
        : { origin: 'rootless Docker', reason: 'XDG_RUNTIME_DIR is not set' },
    () => socketEndpoint(join(home, '.docker/run/docker.sock')),
  ];
  const declined: Declined[] = [];
  for (const strategy of strategies) {
    const answer = await strategy();
    if ('connection' in answer) return { endpoint: answer, declined };
    declined.push(answer);
  }
  throw noEndpoint(declined);
}

function noEndpoint(declined: readonly Declined[]): DependencyError {
  const isDenied = declined.some(({ reason }) => reason === DENIED);
  return new DependencyError(
    'KC_DOCKER_NO_ENDPOINT',
    isDenied
      ? 'There is a Docker socket, but this user may not use it.'
      : 'No Docker daemon was found on this machine.',
    isDenied
      ? 'Run as a user who may use Docker: a member of the group docker, or with sudo.'
      : 'Run kc-doctor on the Docker host, or set DOCKER_HOST; where there is no Docker, say runtime: none in the configuration.',
    {
      system: 'docker',
      operation: 'the address of the daemon',
      gapCode: isDenied ? 'unauthorized' : 'not-configured',
      details: declined.map(({ origin, reason }) => `${origin}: ${reason}`),
    },
  );
}

const DENIED = 'permission denied';

async function socketEndpoint(path: string): Promise<Answer> {
  try {
    if (!(await stat(path)).isSocket()) return { origin: path, reason: 'not a socket' };
    await access(path, constants.R_OK | constants.W_OK);
    return { address: 'local', origin: path, connection: { kind: 'socket', path } };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES' || code === 'EPERM') return { origin: path, reason: DENIED };
    if (code === 'ENOENT' || code === 'ENOTDIR') return { origin: path, reason: 'no such file' };
    throw error;
  }
}

function hostEndpoint(environment: Environment, home: string): Answer {
  const host = environment['DOCKER_HOST'];
  if (!host) return { origin: 'DOCKER_HOST', reason: 'not set' };
  const isVerified = Boolean(environment['DOCKER_TLS_VERIFY']);
  const certificates = environment['DOCKER_CERT_PATH'];
  // DOCKER_CERT_PATH alone asks for TLS in Docker's libraries, though not in its command line: the stricter reading is safe.
  const wantsTls = isVerified || Boolean(certificates) || Boolean(environment['DOCKER_TLS']);
  const tls = {
    directory: certificates || join(home, '.docker'),
    isVerified: isVerified || !environment['DOCKER_TLS'],
  };
  return endpointOf(host, 'DOCKER_HOST', wantsTls ? tls : null);
}
