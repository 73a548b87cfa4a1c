import type { ContainerPlan } from './containers.ts';
import { type HostPrograms, programMounts } from './host.ts';
import type { LabNames, LabState } from './layout.ts';
import { type ComposeService, HTTP_SERVICES } from './platform.ts';
import { databaseUrl, PLATFORM_ROLE } from './postgres/server.ts';
import { redisUrl } from './redis.ts';

/** Addresses on the bridge network that host and containers reach alike. */
export function fixedAddresses(state: LabState): { readonly postgres: string; readonly redis: string } {
  return { postgres: `${state.subnetPrefix}.10`, redis: `${state.subnetPrefix}.11` };
}

export function composeServices(state: LabState): readonly ComposeService[] {
  const all: readonly ComposeService[] = ['kafka', 'kafka-init', ...HTTP_SERVICES, ...state.workers];
  return all.filter((service) => !state.outOfCompose.includes(service));
}

/** What `.env.production` and every service hold. */
export function platformEnvironment(state: LabState): Readonly<Record<string, string>> {
  const addresses = fixedAddresses(state);
  return {
    NODE_ENV: 'production',
    KAFKA_BROKERS: 'kafka:9092',
    POSTGRES_URL: databaseUrl(PLATFORM_ROLE, state.secrets.platform, addresses.postgres),
    REDIS_URL: redisUrl(addresses.redis),
    ADMIN_SERVICE_URL: 'http://admin-service:3010',
    COURSE_SERVICE_URL: 'http://course-service:3005',
  };
}

export async function containerPlan(
  names: LabNames,
  state: LabState,
  programs: HostPrograms,
): Promise<ContainerPlan> {
  return {
    names,
    state,
    mounts: await programMounts(programs),
    node: programs.node,
    environment: platformEnvironment(state),
  };
}
