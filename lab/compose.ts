import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { BROKER_PORT } from './kafka/broker.ts';
import { containerName, type LabNames, projectDirectory, writeFileAtomically } from './layout.ts';
import type { ComposeService, HttpService } from './platform.ts';
import { isHttpService, PORT_OF } from './platform.ts';

const COMPOSE_FILE = 'docker-compose.yml';
const ENV_FILE = '.env.production';

export interface ComposePlan {
  readonly names: LabNames;
  readonly services: readonly ComposeService[];
  readonly ports: Readonly<Record<'kafka' | HttpService, number>>;
}

/** The env file of the folder that a customer keeps on the host. */
export async function writeEnvFile(
  names: LabNames,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  await writeFileAtomically(join(projectDirectory(names), ENV_FILE), `${lines.join('\n')}\n`, 0o600);
}

/** The compose file beside it, which kc-doctor reads for the names of the services. */
export async function writeCompose(files: ComposePlan): Promise<void> {
  const services = files.services.map((service) => [service, composeEntry(service, files)] as const);
  const document = { name: files.names.project, services: Object.fromEntries(services) };
  await writeFileAtomically(join(projectDirectory(files.names), COMPOSE_FILE), stringify(document));
}

function composeEntry(service: ComposeService, files: ComposePlan): Readonly<Record<string, unknown>> {
  const published = publishedPort(service, files.ports);
  return {
    image:
      service === 'kafka' || service === 'kafka-init'
        ? 'confluentinc/cp-kafka:7.5.0'
        : `kodingcaravan/${service}`,
    container_name: containerName(files.names, service),
    ...(service === 'kafka-init' ? {} : { restart: 'unless-stopped' }),
    ...(service === 'kafka' ? {} : { env_file: [ENV_FILE] }),
    ...(published === null ? {} : { ports: [`127.0.0.1:${published.host}:${published.container}`] }),
  };
}

export function publishedPort(
  service: ComposeService,
  ports: ComposePlan['ports'],
): { readonly host: number; readonly container: number } | null {
  if (service === 'kafka') return { host: ports.kafka, container: BROKER_PORT };
  if (isHttpService(service)) return { host: ports[service], container: PORT_OF[service] };
  return null;
}

/** What `docker compose` itself puts on a container. */
export function composeLabels(names: LabNames, service: ComposeService): Readonly<Record<string, string>> {
  const directory = projectDirectory(names);
  return {
    'com.docker.compose.project': names.project,
    'com.docker.compose.service': service,
    'com.docker.compose.project.working_dir': directory,
    'com.docker.compose.project.config_files': join(directory, COMPOSE_FILE),
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': createHash('sha256')
      .update(`${names.project}/${service}`)
      .digest('hex'),
  };
}
