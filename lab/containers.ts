import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { composeLabels, publishedPort } from './compose.ts';
import type { ServiceOverrides } from './contract.ts';
import type { LabDocker } from './docker.ts';
import { writeBrokerFiles } from './kafka/broker.ts';
import { installKafka } from './kafka/install.ts';
import { containerName, LAB_LABEL, type LabNames, type LabState, readyDirectory } from './layout.ts';
import { type ComposeService, isHttpService, PORT_OF } from './platform.ts';

export interface ContainerPlan {
  readonly names: LabNames;
  readonly state: LabState;
  readonly mounts: readonly string[];
  readonly node: string;
  /** The variables that all services share. */
  readonly environment: Readonly<Record<string, string>>;
}

interface ContainerShape {
  readonly command: readonly string[];
  readonly binds: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly restart: 'unless-stopped' | 'no';
  readonly user?: string;
}

/** Creates, but does not start. */
export async function createComposeContainer(
  docker: LabDocker,
  plan: ContainerPlan,
  service: ComposeService,
  overrides: ServiceOverrides = {},
): Promise<void> {
  const shape = service === 'kafka' ? await brokerShape(plan) : await serviceShape(plan, service);
  const variables: Record<string, string> = { ...shape.environment };
  for (const [name, value] of Object.entries(overrides.environment ?? {})) {
    if (value === null) delete variables[name];
    else variables[name] = value;
  }
  const network = overrides.network ?? plan.names.network;
  const published = network === 'none' ? null : publishedPort(service, plan.state.ports);
  const container = containerName(plan.names, service);
  await docker.create(container, {
    Hostname: service,
    ...(shape.user === undefined ? {} : { User: shape.user }),
    Cmd: [...(overrides.command ?? shape.command)],
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    Labels: { ...composeLabels(plan.names, service), [LAB_LABEL]: plan.names.name },
    ...(published === null ? {} : { ExposedPorts: { [`${published.container}/tcp`]: {} } }),
    HostConfig: {
      Binds: [...plan.mounts, ...shape.binds],
      Tmpfs: { '/tmp': 'mode=1777' },
      NetworkMode: network,
      RestartPolicy: { Name: shape.restart },
      ...(overrides.memoryBytes === undefined
        ? {}
        : { Memory: overrides.memoryBytes, MemorySwap: overrides.memoryBytes }),
      ...(published === null
        ? {}
        : {
            PortBindings: {
              [`${published.container}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(published.host) }],
            },
          }),
    },
    ...(network === 'none'
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [service] } } } }),
  });
}

async function brokerShape(plan: ContainerPlan): Promise<ContainerShape> {
  const jars = await installKafka();
  return {
    command: await writeBrokerFiles(plan.names.directory, plan.state.clusterId),
    binds: [`${jars}:/opt/kafka:ro`, `${join(plan.names.directory, 'kafka')}:/kafka`],
    environment: { PATH: '/usr/bin:/bin' },
    restart: 'unless-stopped',
    // Its files must be removable by who runs the lab.
    user: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
  };
}

async function serviceShape(
  plan: ContainerPlan,
  service: Exclude<ComposeService, 'kafka'>,
): Promise<ContainerShape> {
  const bundles = join(plan.names.directory, 'services');
  const switches = join(plan.names.directory, 'switches');
  const ready = readyDirectory(plan.names);
  await Promise.all([mkdir(switches, { recursive: true }), mkdir(ready, { recursive: true })]);
  return {
    command: [plan.node, `/lab/services/${service}.cjs`],
    binds: [`${bundles}:/lab/services:ro`, `${switches}:/lab/switches:ro`, `${ready}:/lab/ready`],
    environment: {
      ...plan.environment,
      PATH: '/usr/bin:/bin',
      SERVICE_NAME: service,
      LAB_GENERATION: plan.state.generation,
      LAB_SWITCHES: `/lab/switches/${service}.json`,
      LAB_READY: `/lab/ready/${service}`,
      ...(isHttpService(service) ? { PORT: String(PORT_OF[service]) } : {}),
    },
    restart: service === 'kafka-init' ? 'no' : 'unless-stopped',
  };
}
