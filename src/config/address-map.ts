import { type Address, namesOf, parseAddress } from '../platform/address.ts';
import type { ContainerInventory, ContainerState } from '../platform/state.ts';

/**
 * Compose names such as `kafka:9092` resolve only inside the compose network. One map serves Kafka, Postgres, admin-service and
 * Redis: said by configuration; else the name resolves here; else the published port of the container that has the name; else
 * its own address.
 */
export interface AddressCandidate {
  /** A name that the container has in its networks, lower case. */
  readonly host: string;
  /** Port inside the container; null: every port. */
  readonly port: number | null;
  readonly to: { readonly host: string; readonly port: number | null };
  readonly via: 'published-port' | 'container-address' | 'host-network';
}

export interface Route extends Address {
  readonly via: 'configured' | 'direct' | AddressCandidate['via'];
}

/** Where the daemon is, seen from here. */
export interface DaemonPlace {
  /** Host name of a remote daemon; null: this machine. */
  readonly remoteHost: string | null;
  /** Addresses of containers can be reached: a daemon on this Linux host, not one inside a virtual machine. */
  readonly reachesContainers: boolean;
}

/** Published ports first, so that the first that fits is the best. */
export function addressCandidates(
  inventory: ContainerInventory,
  place: DaemonPlace,
): readonly AddressCandidate[] {
  const serving = inventory.containers.filter((container) => !container.oneOff);
  return [
    ...serving.flatMap((container) => publishedPorts(container, place)),
    ...serving
      .filter((container) => container.networkMode === 'host')
      .flatMap((container) => onHostNetwork(container, place)),
    ...(place.reachesContainers ? serving.flatMap(ownAddresses) : []),
  ];
}

/** First candidate for an address, or null. */
export function candidateFor(
  candidates: readonly AddressCandidate[],
  host: string,
  port: number,
): (Address & { readonly via: AddressCandidate['via'] }) | null {
  const found = candidates.find(
    (candidate) =>
      candidate.host === host.toLowerCase() && (candidate.port === null || candidate.port === port),
  );
  return found === undefined ? null : { host: found.to.host, port: found.to.port ?? port, via: found.via };
}

export interface Routing {
  readonly addressMap: Readonly<Record<string, string>>;
  readonly candidates: readonly AddressCandidate[];
  /** Whether the name resolves on this machine. */
  readonly resolves: (host: string) => Promise<boolean>;
}

/**
 * Where to connect for an address that the platform uses. Without any way the address itself, so that the real error shows.
 * @internal exported for its tests
 */
export async function routeTo(address: Address, routing: Routing): Promise<Route> {
  const { host, port } = address;
  const mapped = parseAddress(routing.addressMap[`${host}:${port}`] ?? '');
  if (mapped !== null) return { ...mapped, via: 'configured' };
  if (await routing.resolves(host)) return { host, port, via: 'direct' };
  return candidateFor(routing.candidates, host, port) ?? { host, port, via: 'direct' };
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
  'http:': 80,
  'https:': 443,
};

/** The same URL with the host and port to connect to. A URL without a host (a Unix socket) stays as it is. */
export async function routeUrl(
  text: string,
  routing: Routing,
): Promise<{ readonly url: string; readonly via: Route['via'] }> {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') return { url: text, via: 'direct' };
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  const route = await routeTo({ host, port }, routing);
  if (route.via === 'direct') return { url: text, via: 'direct' };
  url.hostname = route.host.includes(':') ? `[${route.host}]` : route.host;
  url.port = String(route.port);
  return { url: url.href, via: route.via };
}

/** Where a published port is reached from here; null: bound to the loopback of another machine. */
function publishedAt(hostIp: string, place: DaemonPlace): string | null {
  if (hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::') return place.remoteHost ?? '127.0.0.1';
  const isLoopback = hostIp.startsWith('127.') || hostIp === '::1';
  return isLoopback && place.remoteHost !== null ? null : hostIp;
}

/** Address of one port of a container, published or its own; null where neither can be reached. */
export function containerAddress(
  container: ContainerState,
  port: number,
  place: DaemonPlace,
): Address | null {
  const name = container.name.toLowerCase();
  const ways = [
    ...publishedPorts(container, place),
    ...(container.networkMode === 'host' ? onHostNetwork(container, place) : []),
    ...(place.reachesContainers ? ownAddresses(container) : []),
  ];
  const found = candidateFor(ways, name, port);
  return found === null ? null : { host: found.host, port: found.port };
}

function publishedPorts(container: ContainerState, place: DaemonPlace): readonly AddressCandidate[] {
  return container.publishedPorts.flatMap((port) => {
    const host = publishedAt(port.hostIp, place);
    if (host === null) return [];
    const to = { host, port: port.hostPort };
    return namesOf(container).map((name) => ({
      host: name,
      port: port.containerPort,
      to,
      via: 'published-port' as const,
    }));
  });
}

function onHostNetwork(container: ContainerState, place: DaemonPlace): readonly AddressCandidate[] {
  const to = { host: place.remoteHost ?? '127.0.0.1', port: null };
  return namesOf(container).map((name) => ({ host: name, port: null, to, via: 'host-network' as const }));
}

function ownAddresses(container: ContainerState): readonly AddressCandidate[] {
  const address = container.networks.find((network) => network.ipAddress !== null)?.ipAddress ?? null;
  if (address === null) return [];
  const to = { host: address, port: null };
  return namesOf(container).map((name) => ({
    host: name,
    port: null,
    to,
    via: 'container-address' as const,
  }));
}
