import { ConfigError } from '../../errors.ts';
import type { Address } from './options.ts';

const LISTENER_PREFIX = /^[A-Z0-9_]+:\/\//i;
const HOST_AND_PORT = /^(?:\[([0-9a-f:.%]+)\]|([^:\s/@]+)):(\d{1,5})$/i;

/** `kafka:9092`, `PLAINTEXT://kafka:9092`, `[::1]:9092`. */
export function parseAddress(text: string, setting: string): Address {
  const match = HOST_AND_PORT.exec(text.trim().replace(LISTENER_PREFIX, ''));
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new ConfigError(
      'KC_KAFKA_ADDRESS',
      `${setting} holds an address that is not host:port`,
      `write ${setting} as host:port, for example 127.0.0.1:9092`,
      { details: [`${setting}: ${JSON.stringify(text)}`] },
    );
  }
  return { host, port };
}

export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** kafkajs cuts an address at its first colon (tulios/kafkajs #1589), so an IPv6 one travels with other signs. */
export function seedName({ host, port }: Address): string {
  return `${host.replaceAll(':', '|')}:${port}`;
}

export function seedAddress(host: string, port: number): Address {
  return { host: host.replaceAll('|', ':'), port };
}
