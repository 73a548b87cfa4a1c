import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { addressText, parseAddress } from './address.ts';
import type { Address, KafkaOptions } from './options.ts';

export type Route =
  | { readonly kind: 'dial'; readonly address: Address }
  /** Nobody here knows the name, and no rule says what stands for it. */
  | { readonly kind: 'unroutable' };

export interface RouteFinders {
  readonly map: ReadonlyMap<string, Address>;
  readonly resolves: (host: string) => Promise<boolean>;
  readonly candidate: (host: string, port: number) => Promise<Address | null>;
}

/**
 * The broker may advertise a name that only resolves inside the Compose network (platform.md, Kafka's trap). `stand-in` is
 * the bootstrap address where the cluster has exactly one broker; several brokers are never mapped to one address, since
 * requests would reach the wrong one.
 *
 * @internal
 */
export async function findRoute(
  advertised: Address,
  standIn: Address | null,
  finders: RouteFinders,
): Promise<Route> {
  const mapped = finders.map.get(addressText(advertised));
  if (mapped !== undefined) return { kind: 'dial', address: mapped };
  if (await finders.resolves(advertised.host)) return { kind: 'dial', address: advertised };
  const found = (await finders.candidate(advertised.host, advertised.port)) ?? standIn;
  return found === null ? { kind: 'unroutable' } : { kind: 'dial', address: found };
}

export function routeFinders(options: KafkaOptions, timeoutMs: number): RouteFinders {
  const map = Object.entries(options.addressMap).map(([from, to]) => {
    const advertised = parseAddress(from, 'kafka.addressMap');
    return [addressText(advertised), parseAddress(to, 'kafka.addressMap')] as const;
  });
  return {
    map: new Map(map),
    resolves: (host) => nameResolves(host, timeoutMs),
    // Docker that cannot say is Docker's own gap; for Kafka the name then stays without a route, and the error says so.
    candidate: async (host, port) => (await options.resolveAddress?.(host, port).catch(() => null)) ?? null,
  };
}

/** A resolver without a network takes many seconds to say no; past the time to connect that is a no. */
async function nameResolves(host: string, timeoutMs: number): Promise<boolean> {
  if (isIP(host) !== 0) return true;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const asked = lookup(host).then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Routes that were worked out, for kafkajs's socket factory, which cannot wait for one. */
export class Routes {
  readonly #finders: RouteFinders;
  readonly #known = new Map<string, Promise<Route>>();
  readonly #settled = new Map<string, Route>();

  constructor(finders: RouteFinders) {
    this.#finders = finders;
  }

  async prepare(advertised: Address, standIn: Address | null): Promise<Route> {
    const name = addressText(advertised);
    const pending = this.#known.get(name) ?? findRoute(advertised, standIn, this.#finders);
    this.#known.set(name, pending);
    try {
      const route = await pending;
      this.#settled.set(name, route);
      return route;
    } catch (error) {
      this.#known.delete(name);
      throw error;
    }
  }

  /** Null: never prepared. */
  of(advertised: Address): Route | null {
    return this.#settled.get(addressText(advertised)) ?? null;
  }
}
