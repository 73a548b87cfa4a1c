import type { ContainerState } from './state.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** "kafka:9092", "[::1]:9092"; null where there is no host or no valid port. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@,[\]]+)):(\d{1,5})$/i.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Names by which other containers reach it. */
export function namesOf(container: ContainerState): readonly string[] {
  const aliases = container.networks.flatMap((network) => network.aliases);
  const names = [container.name, ...aliases, ...(container.service === null ? [] : [container.service])];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}
