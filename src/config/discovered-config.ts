import { ConfigError } from '../errors.ts';
import { type Address, formatAddress, namesOf, parseAddress } from '../platform/address.ts';
import { SERVICES } from '../platform/pipeline.ts';
import type { ContainerInventory, ContainerState } from '../platform/state.ts';
import {
  type AddressCandidate,
  addressCandidates,
  containerAddress,
  type DaemonPlace,
} from './address-map.ts';
import type { Config } from './config.ts';
import { nearest } from './nearest.ts';
import type { SettingRow } from './rows.ts';
import { type ConfigInput, staticConfig, UNNAMED_PLATFORM } from './static-config.ts';

/** What Docker told; null parts could not be seen. */
export interface Discovery {
  readonly inventory: ContainerInventory | null;
  /** Folder of the compose project, if it is on this machine. */
  readonly composeFolder: string | null;
  readonly place: DaemonPlace;
}

const SOURCE = 'Docker';
const KAFKA_PORT = 9092;
const ADMIN_PORT = 3010;

/**
 * Configuration with what only Docker can tell: the env files of the compose folder, then addresses that nothing names. Secrets
 * are never taken from a container's environment. Call it even where Docker could not be asked: what is still missing is an
 * error only now.
 */
export async function discoveredConfig(input: ConfigInput, discovery: Discovery): Promise<Config> {
  const config = await staticConfig(input, { kind: 'known', path: discovery.composeFolder });
  const { inventory, place } = discovery;
  if (inventory === null) return config;
  refuseUnclearProject(config, input, inventory);
  const platform =
    config.settings.platform === UNNAMED_PLATFORM
      ? (inventory.project ?? UNNAMED_PLATFORM)
      : config.settings.platform;
  const candidates = addressCandidates(inventory, place);
  const brokers = config.kafka.brokers.length > 0 ? null : kafkaAddress(inventory, place);
  const admin =
    config.adminService.baseUrl === null
      ? addressOfService(inventory, SERVICES.admin, ADMIN_PORT, place)
      : null;
  const found: readonly SettingRow[] = [
    ...(config.project === null && inventory.project !== null ? [row('project', inventory.project)] : []),
    ...(brokers === null ? [] : [row('kafka.brokers', formatAddress(brokers))]),
    ...(admin === null ? [] : [row('adminService.url', `http://${formatAddress(admin)}`)]),
    ...foundMap(candidates),
  ];
  return {
    ...config,
    settings: { ...config.settings, platform },
    kafka: brokers === null ? config.kafka : { ...config.kafka, brokers: [formatAddress(brokers)] },
    adminService:
      admin === null
        ? config.adminService
        : { ...config.adminService, baseUrl: `http://${formatAddress(admin)}` },
    addressCandidates: candidates,
    rows: merged(config.rows, found),
  };
}

/** Several platforms on one daemon, or one that is not there under the name that was typed: the operator says which. */
function refuseUnclearProject(config: Config, input: ConfigInput, inventory: ContainerInventory): void {
  const projects = inventory.platformProjects;
  if (inventory.project === null && projects.length > 1) {
    throw new ConfigError(
      'KC_PROJECT_AMBIGUOUS',
      `Docker holds ${projects.length} compose projects with workers of the pipeline`,
      'name one with --project',
      { details: projects.map((project) => `--project ${project}`) },
    );
  }
  const { project } = input.flags;
  if (
    project === undefined ||
    inventory.containers.length > 0 ||
    projects.length === 0 ||
    projects.includes(project)
  )
    return;
  const meant = nearest(project, projects);
  throw new ConfigError(
    'KC_PROJECT_UNKNOWN',
    `no container belongs to the compose project "${project}"${config.profile === null ? '' : ` of profile ${config.profile}`}`,
    meant === null ? 'name one of these with --project' : `did you mean --project ${meant}?`,
    { details: projects.map((name) => `--project ${name}`) },
  );
}

/** The port that the workers use leads to the listener that is meant for clients; else Kafka's usual one, else any that is published. */
function kafkaAddress(inventory: ContainerInventory, place: DaemonPlace): Address | null {
  const kafka = serviceContainer(inventory, SERVICES.kafka);
  if (kafka === null) return null;
  const names = namesOf(kafka);
  const used = inventory.containers
    .flatMap((container) => container.brokerList?.split(',') ?? [])
    .map(parseAddress)
    .filter((address) => address !== null && names.includes(address.host.toLowerCase()))
    .map((address) => address?.port ?? KAFKA_PORT);
  const published = kafka.publishedPorts.map((port) => port.containerPort);
  const ports = [...new Set([...used, KAFKA_PORT])];
  const publishedFirst = [...ports.filter((port) => published.includes(port)), ...published, ...ports];
  for (const port of publishedFirst) {
    const address = containerAddress(kafka, port, place);
    if (address !== null) return address;
  }
  return null;
}

function addressOfService(
  inventory: ContainerInventory,
  service: string,
  port: number,
  place: DaemonPlace,
): Address | null {
  const container = serviceContainer(inventory, service);
  return container === null ? null : containerAddress(container, port, place);
}

/** The running one, should an old one have been left behind. */
function serviceContainer(inventory: ContainerInventory, service: string): ContainerState | null {
  const all = inventory.containers.filter((container) => container.service === service && !container.oneOff);
  return all.find((container) => container.status === 'running') ?? all[0] ?? null;
}

function row(key: string, value: string): SettingRow {
  return { key, value, source: SOURCE };
}

function merged(rows: readonly SettingRow[], found: readonly SettingRow[]): readonly SettingRow[] {
  const replaced = rows.map((old) => found.find((fresh) => fresh.key === old.key) ?? old);
  return [...replaced, ...found.filter((fresh) => !rows.some((old) => old.key === fresh.key))];
}

/** One entry per published port; the other names and the containers' own addresses would only be noise. */
function foundMap(candidates: readonly AddressCandidate[]): readonly SettingRow[] {
  const shown = new Map<string, string>();
  for (const { host, port, to, via } of candidates) {
    if (via !== 'published-port' || port === null || to.port === null) continue;
    const target = formatAddress({ host: to.host, port: to.port });
    if (!shown.has(target)) shown.set(target, `${host}:${port} → ${target}`);
  }
  return shown.size === 0 ? [] : [row('addressMap (found)', [...shown.values()].join(', '))];
}
