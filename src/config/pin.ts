import { ConfigError } from '../errors.ts';
import type { Identity } from '../platform/state.ts';
import type { Config } from './config.ts';

/** A profile that names the platform's ids is looked at only if they are those. What was not seen cannot contradict. */
export function refuseOtherPlatform(identity: Identity, pin: Config['pin']): void {
  const keys = [
    'composeProject',
    'dockerDaemonId',
    'kafkaClusterId',
    'databaseSystemId',
    'databaseOid',
    'databaseName',
  ] as const satisfies readonly (keyof Config['pin'])[];
  const differing = keys.filter(
    (key) => pin[key] !== null && identity[key] !== null && pin[key] !== identity[key],
  );
  if (differing.length === 0) return;
  throw new ConfigError(
    'KC_NOT_THE_PINNED_PLATFORM',
    'this is not the platform that the configuration pins',
    'check DOCKER_HOST, the env files and --env; or correct the pin',
    { details: differing.map((key) => `pin.${key} is ${pin[key]}, but here it is ${identity[key]}`) },
  );
}
