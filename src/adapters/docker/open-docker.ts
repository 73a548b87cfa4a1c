import type { ContainerRuntimeOperator } from '../../ports/container-runtime.ts';
import type { Environment } from './address.ts';
import { openClient } from './client.ts';
import { DockerContainerRuntime } from './docker-container-runtime.ts';
import { locateDocker } from './locate.ts';

export interface OpenDockerOptions {
  readonly environment: Environment;
  /** Taken out of log lines. */
  readonly secrets: readonly string[];
  /** How long the daemon may be silent within one call. */
  readonly timeoutMs: number;
}

/** Looks for the daemon and connects at the first call. */
export function openDocker({ environment, secrets, timeoutMs }: OpenDockerOptions): ContainerRuntimeOperator {
  return new DockerContainerRuntime(
    async () => {
      const { endpoint } = await locateDocker(environment);
      return openClient(endpoint);
    },
    secrets,
    timeoutMs,
  );
}
