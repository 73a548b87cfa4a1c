import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type Docker from 'dockerode';
import { DependencyError } from '../../errors.ts';
import type { DockerEndpoint, TlsFiles } from './address.ts';

export interface DockerClient {
  readonly docker: Docker;
  readonly address: string;
  close(): void;
}

/** Requests at a time; further ones wait for a free connection. */
const MAX_CONNECTIONS = 8;

/** Settings for dockerode, which is loaded only here: it costs 100 ms. */
export async function openClient({ address, connection }: DockerEndpoint): Promise<DockerClient> {
  const { default: Dockerode } = await import('dockerode');
  const tls = connection.kind === 'tcp' && connection.tls !== null ? connection.tls : null;
  const pool = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const agent = tls === null ? new HttpAgent(pool) : new HttpsAgent({ ...pool, ...(await tlsOptions(tls)) });
  // docker-modem prints each request, hidden parts and all, into a debug text that nobody reads: the agent alone with its sockets
  // costs more than the request itself.
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
  const settings = {
    // dockerode takes from DOCKER_HOST and its like in the process environment whatever is not named here.
    ...{ ca: undefined, cert: undefined, key: undefined, timeout: undefined },
    ...(connection.kind === 'socket'
      ? { socketPath: connection.path, host: undefined, port: undefined }
      : { socketPath: undefined, host: connection.host, port: connection.port }),
    protocol: tls === null ? ('http' as const) : ('https' as const),
    agent,
  };
  const docker = new Dockerode(settings);
  return { docker, address, close: () => agent.destroy() };
}

/** Each file may be absent: a public authority needs no ca.pem, a daemon without client certificates no other. */
async function tlsOptions({ directory, isVerified }: TlsFiles): Promise<AgentOptions> {
  const entries = await Promise.all(
    (['ca', 'cert', 'key'] as const).map(async (name) => {
      const pem = directory === null ? null : await readPem(join(directory, `${name}.pem`));
      return pem === null ? [] : [[name, pem] as const];
    }),
  );
  return { ...Object.fromEntries(entries.flat()), rejectUnauthorized: isVerified };
}

async function readPem(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new DependencyError(
      'KC_DOCKER_CERTIFICATE',
      `The certificate file ${path} cannot be read.`,
      'Make it readable for this user, or set DOCKER_CERT_PATH to a folder of your own.',
      {
        system: 'docker',
        operation: 'the certificates of the daemon',
        gapCode: 'unauthenticated',
        cause: error,
      },
    );
  }
}
