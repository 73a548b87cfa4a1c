import { lookup } from 'node:dns/promises';
import type { OpenDockerOptions } from './adapters/docker/open-docker.ts';
import type { KafkaOptions } from './adapters/kafka/options.ts';
import type { PostgresOptions } from './adapters/postgres/open.ts';
import { candidateFor, routeUrl } from './config/address-map.ts';
import type { Config } from './config/config.ts';
import type { Tool } from './report/result.ts';

/** From configuration to what the adapters want: the same for those that look and those that write. */

/** Time that one system gets to accept a connection, and to answer a question; design.md 2. */
export const CONNECT_TIMEOUT_MS = 2_000;
export const ANSWER_TIMEOUT_MS = 5_000;

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly secrets: readonly string[];
  readonly tool: Tool;
}

export function dockerOptions(
  { docker: { host } }: Config,
  { environment, secrets }: Surroundings,
): OpenDockerOptions {
  return {
    environment: host === null ? environment : { ...environment, DOCKER_HOST: host },
    secrets,
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}

export function kafkaOptions(config: Config, secrets: readonly string[]): KafkaOptions {
  return {
    ...config.kafka,
    addressMap: config.addressMap,
    resolveAddress: async (host, port) => candidateFor(config.addressCandidates, host, port),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: ANSWER_TIMEOUT_MS,
    secrets,
  };
}

export async function postgresOptions(
  config: Config,
  postgres: NonNullable<Config['postgres']>,
  { secrets, tool }: Surroundings,
): Promise<PostgresOptions> {
  const { url } = await routeUrl(postgres.url, {
    addressMap: config.addressMap,
    candidates: config.addressCandidates,
    resolves,
  });
  const { mode, caFile } = postgres.ssl;
  return {
    url,
    ssl: { mode, ...(caFile === null ? {} : { caFile }) },
    statementTimeoutMs: ANSWER_TIMEOUT_MS,
    lockTimeoutMs: 1_000,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    applicationName: `kc-doctor ${tool.version}`,
    secrets,
  };
}

export async function resolves(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch {
    // The one question here is whether the name has an address; every failure is the same "no", and the connection will say more.
    return false;
  }
}
