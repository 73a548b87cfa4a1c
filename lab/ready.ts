import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabDocker } from './docker.ts';
import type { LabKafka } from './kafka/client.ts';
import { containerName, type LabNames, type LabState, readyDirectory } from './layout.ts';
import { GROUP_OF, HTTP_SERVICES, type HttpService, type Worker } from './platform.ts';
import { until } from './wait.ts';

const JOIN_TIMEOUT_MS = 90_000;

/** Until every deployed worker sits in its group and every HTTP service answers. */
export async function waitForServices(
  docker: LabDocker,
  kafka: LabKafka,
  state: LabState,
  names: LabNames,
): Promise<void> {
  const deployed = <Service extends Worker | HttpService>(services: readonly Service[]) =>
    services.filter((service) => !state.outOfCompose.includes(service));
  await Promise.all([
    ...deployed(HTTP_SERVICES).map((service) => waitForHealth(service, state.ports[service])),
    ...deployed(state.workers).map((worker) => waitForJoined(kafka, names, worker)),
  ]).catch(async (error: unknown) => {
    throw new Error(`the services did not come up\n${await lastLines(docker, state, names)}`, {
      cause: error,
    });
  });
}

/** A member alone is not enough: see `tellWhenReading` of the services. */
export async function waitForJoined(
  kafka: LabKafka,
  names: LabNames,
  worker: Worker,
  timeoutMs = JOIN_TIMEOUT_MS,
): Promise<void> {
  await until(
    `${worker} has joined ${GROUP_OF[worker]} and reads`,
    async () => {
      if (!(await readdir(readyDirectory(names))).includes(worker)) return false;
      const { state, members } = await kafka.group(GROUP_OF[worker]);
      return state === 'Stable' && members.length > 0;
    },
    timeoutMs,
  );
}

/** Before a start, so that what an earlier run of the container left there does not count. */
export async function forgetReading(names: LabNames, service: string): Promise<void> {
  await rm(join(readyDirectory(names), service), { force: true });
}

export async function waitForHealth(service: HttpService, port: number): Promise<void> {
  await until(`${service} answers`, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  });
}

async function lastLines(docker: LabDocker, state: LabState, names: LabNames): Promise<string> {
  const pieces = await Promise.all(
    [...HTTP_SERVICES, ...state.workers].map(async (service) => {
      const container = containerName(names, service);
      const found = await docker.inspect(container);
      if (found === null) return `${service}: no container`;
      const lines = (await docker.logs(container)).trimEnd().split('\n').slice(-3);
      return `${service} (${found.State.Status}, restarts ${found.RestartCount})\n${lines.join('\n')}`;
    }),
  );
  return pieces.join('\n');
}
