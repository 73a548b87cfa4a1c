import type { ContainerInspectInfo } from 'dockerode';
import { PIPELINE, SERVICES } from '../../platform/pipeline.ts';
import { CONTAINER_STATUSES, type ContainerState, type ContainerStatus } from '../../platform/state.ts';
import { readContainerEnvironment } from './container-environment.ts';

export const PROJECT_LABEL = 'com.docker.compose.project';
const SERVICE_LABEL = 'com.docker.compose.service';
const ONE_OFF_LABEL = 'com.docker.compose.oneoff';

/** What daemons leave out, old and compatible ones above all. */
type Loose<T> = { readonly [Key in keyof T]?: T[Key] | null };
type LooseInspect = Loose<
  Omit<ContainerInspectInfo, 'State' | 'Config' | 'HostConfig' | 'NetworkSettings'>
> & {
  readonly State?: Loose<ContainerInspectInfo['State']>;
  readonly Config?: Loose<ContainerInspectInfo['Config']>;
  readonly HostConfig?: Loose<ContainerInspectInfo['HostConfig']>;
  readonly NetworkSettings?: Loose<ContainerInspectInfo['NetworkSettings']>;
};

/** The daemon's answer in our shape. Pure. Everything of the environment but what ContainerState has stays behind. */
export function mapContainer(inspect: ContainerInspectInfo): ContainerState {
  const { Id: id, Name, Created, RestartCount, State: state = {}, Config, ...rest }: LooseInspect = inspect;
  if (!id || !state) throw new TypeError('the daemon described a container without id or state');
  const name = (Name ?? id).replace(/^\//, '');
  const labels = Config?.Labels ?? {};
  const status = statusOf(state);
  return {
    id,
    name,
    service: labels[SERVICE_LABEL] ?? serviceFromName(name),
    project: labels[PROJECT_LABEL] ?? null,
    image: Config?.Image ?? rest.Image ?? '',
    status,
    exitCode: exitCodeOf(status, state.ExitCode ?? null),
    oomKilled: state.OOMKilled ?? false,
    restartCount: RestartCount ?? 0,
    restartPolicy: rest.HostConfig?.RestartPolicy?.Name || 'no',
    createdAtMs: instantOf(Created) ?? 0,
    startedAtMs: instantOf(state.StartedAt),
    finishedAtMs: instantOf(state.FinishedAt),
    oneOff: labels[ONE_OFF_LABEL]?.toLowerCase() === 'true',
    networkMode: rest.HostConfig?.NetworkMode ?? '',
    networks: networksOf(rest.NetworkSettings?.Networks),
    publishedPorts: publishedPortsOf(rest.NetworkSettings?.Ports),
    ...readContainerEnvironment(Config?.Env ?? []),
  };
}

const KNOWN_SERVICES: readonly string[] = [
  ...PIPELINE.map((definition) => definition.worker),
  ...Object.values(SERVICES),
];

/** `kodingcaravan-<service>`, then the default names of compose v2 and v1, of which only known services can be told apart. */
function serviceFromName(name: string): string | null {
  const ours = /^kodingcaravan-(.+)$/.exec(name)?.[1];
  const given = /^(.+)-\d+$/.exec(ours ?? '')?.[1];
  if (given !== undefined && KNOWN_SERVICES.includes(given)) return given;
  if (ours !== undefined) return ours;
  const found = KNOWN_SERVICES.filter((service) => new RegExp(`^.+[-_]${service}[-_]\\d+$`).test(name));
  // "x-kafka-init-1" ends on no other service, so at most one is found; the longest is the safe choice all the same.
  return found.toSorted((a, b) => b.length - a.length)[0] ?? null;
}

/** Names that Podman uses where Docker has another. */
const OTHER_STATUSES: Readonly<Record<string, ContainerStatus>> = {
  configured: 'created',
  initialized: 'created',
  stopping: 'running',
  stopped: 'exited',
};

function statusOf(state: Loose<ContainerInspectInfo['State']>): ContainerStatus {
  const said = state.Status ?? '';
  const known = CONTAINER_STATUSES.find((status) => status === said) ?? OTHER_STATUSES[said];
  if (known !== undefined) return known;
  if (state.Dead) return 'dead';
  if (state.Restarting) return 'restarting';
  if (state.Paused) return 'paused';
  return state.Running ? 'running' : 'exited';
}

/** The daemon says 0 for what has not ended; a created container with another code failed to start. */
function exitCodeOf(status: ContainerStatus, code: number | null): number | null {
  if (status === 'running' || status === 'paused') return null;
  return status === 'created' && code === 0 ? null : code;
}

/** "0001-01-01T00:00:00Z" stands for never. */
function instantOf(text: string | null | undefined): number | null {
  if (!text || text.startsWith('0001-')) return null;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? null : instant;
}

interface NetworkAnswer {
  readonly Aliases?: readonly string[] | null;
  /** Since Docker 25 the names that its DNS knows stand here. */
  readonly DNSNames?: readonly string[] | null;
  readonly IPAddress?: string | null;
}

function networksOf(networks: unknown): ContainerState['networks'] {
  const entries = Object.entries((networks ?? {}) as Readonly<Record<string, NetworkAnswer | null>>);
  return entries.map(([name, network]) => ({
    name,
    aliases: [...new Set([...(network?.Aliases ?? []), ...(network?.DNSNames ?? [])])],
    ipAddress: network?.IPAddress || null,
  }));
}

interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

function publishedPortsOf(ports: unknown): ContainerState['publishedPorts'] {
  const entries = Object.entries((ports ?? {}) as Readonly<Record<string, readonly PortBinding[] | null>>);
  return entries.flatMap(([port, bindings]) => {
    const containerPort = Number(/^(\d+)\/tcp$/.exec(port)?.[1]);
    if (Number.isNaN(containerPort)) return [];
    return (bindings ?? [])
      .filter((binding) => Number(binding.HostPort) > 0)
      .map((binding) => ({
        containerPort,
        hostIp: binding.HostIp ?? '',
        hostPort: Number(binding.HostPort),
      }));
  });
}
