import type Docker from 'dockerode';
import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { maskSecrets } from '../../platform/mask.ts';
import type { ComposeProject, ContainerState } from '../../platform/state.ts';
import type { ContainerRuntimeOperator, LogTail, RuntimeFacts } from '../../ports/container-runtime.ts';
import type { DockerClient } from './client.ts';
import { composePaths, readComposeFiles } from './compose-files.ts';
import { withDeadline } from './deadline.ts';
import { dockerError, NoAnswer, statusOf } from './docker-error.ts';
import { type CollectedLog, LogCollector } from './log-frames.ts';
import { type LogDriver, readTail, type TailOptions } from './log-tail.ts';
import { mapContainer, PROJECT_LABEL } from './map-container.ts';
import { openStream, requestList, requestObject, requestText } from './request.ts';

const NOT_FOUND = 404;

export class DockerContainerRuntime implements ContainerRuntimeOperator {
  readonly #open: () => Promise<DockerClient>;
  readonly #secrets: readonly string[];
  readonly #timeoutMs: number;
  #client: Promise<DockerClient> | null = null;

  constructor(open: () => Promise<DockerClient>, secrets: readonly string[], timeoutMs: number) {
    this.#open = open;
    this.#secrets = secrets;
    this.#timeoutMs = timeoutMs;
  }

  facts(signal: AbortSignal): Promise<RuntimeFacts> {
    return this.#ask('its identity', signal, async ({ docker, address }, abort) => {
      const info = await requestObject<DaemonInfo>(docker, { method: 'GET', path: ['info'] }, abort);
      // Podman has no id of its own; its host name is the nearest thing.
      const daemonId = info.ID || info.Name;
      if (!daemonId) throw new TypeError('the daemon says neither id nor name');
      return { daemonId, address, serverVersion: info.ServerVersion ?? 'unknown' };
    });
  }

  containers(signal: AbortSignal): Promise<readonly ContainerState[]> {
    return this.#ask('containers', signal, async ({ docker }, abort, alive) => {
      const listed = await listContainers(docker, {}, abort);
      const found = await Promise.all(
        listed.map(async ({ Id }) => {
          const state = await inspectIfThere(docker, Id, abort);
          alive();
          return state;
        }),
      );
      return found.filter((state) => state !== null);
    });
  }

  async logTail(containerId: string, options: TailOptions, signal: AbortSignal): Promise<LogTail> {
    const operation = `log of ${shortId(containerId)}`;
    const { isTty, driver } = await this.#ask(operation, signal, async ({ docker }, abort) => {
      const { Config, HostConfig } = await inspect(docker, containerId, abort);
      const { Type = '', Config: settings } = HostConfig?.LogConfig ?? {};
      const logDriver: LogDriver = { type: Type, options: settings ?? {} };
      return { isTty: Config?.Tty ?? false, driver: logDriver };
    });
    const tail = await readTail(options, driver, async (tailLines, isFirst) => {
      try {
        return await this.#readLog(operation, containerId, { tailLines, isTty }, options.maxBytes, signal);
      } catch (error) {
        if (!isFirst && error instanceof Error && error.cause instanceof NoAnswer) return null;
        throw error;
      }
    });
    const lines = tail.lines.map((line) => ({ ...line, text: maskSecrets(line.text, this.#secrets) }));
    return { lines, whole: tail.whole };
  }

  #readLog(
    operation: string,
    containerId: string,
    { tailLines, isTty }: { readonly tailLines: number; readonly isTty: boolean },
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<CollectedLog> {
    const path = ['containers', containerId, 'logs'];
    const query = { stdout: true, stderr: true, timestamps: true, tail: tailLines };
    return this.#ask(operation, signal, async ({ docker }, abort, alive) => {
      const collector = new LogCollector(isTty, maxBytes);
      for await (const chunk of await openStream(docker, { method: 'GET', path, query }, abort)) {
        alive();
        collector.push(chunk as Buffer);
      }
      return collector.finish();
    });
  }

  compose(project: string, signal: AbortSignal): Promise<ComposeProject> {
    return this.#ask(`compose files of ${project}`, signal, async ({ docker }, abort) => {
      const filters = JSON.stringify({ label: [`${PROJECT_LABEL}=${project}`] });
      const listed = await listContainers(docker, { filters }, abort);
      const paths = composePaths(listed.map(({ Labels }) => ({ labels: Labels ?? {} })));
      return readComposeFiles(project, paths, abort);
    });
  }

  start(containerId: string, signal: AbortSignal): Promise<void> {
    const path = ['containers', containerId, 'start'];
    return this.#ask(`start of ${shortId(containerId)}`, signal, async ({ docker }, abort) => {
      await requestText(docker, { method: 'POST', path }, abort);
    });
  }

  stop(containerId: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    const path = ['containers', containerId, 'stop'];
    // The daemon answers when the container has ended, after the grace at the latest.
    const timeoutMs = graceSeconds * 1000 + this.#timeoutMs;
    const query = { t: graceSeconds };
    return this.#ask(
      `stop of ${shortId(containerId)}`,
      signal,
      async ({ docker }, abort) => {
        await requestText(docker, { method: 'POST', path, query }, abort);
      },
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opening = this.#client;
    this.#client = null;
    // A client that failed to open has nothing to close; whoever asked was told.
    const client = await opening?.catch(() => null);
    client?.close();
  }

  async #ask<T>(
    operation: string,
    signal: AbortSignal,
    work: (client: DockerClient, abort: AbortSignal, alive: () => void) => Promise<T>,
    timeoutMs = this.#timeoutMs,
  ): Promise<T> {
    let address = 'not yet located';
    try {
      return await withDeadline(signal, timeoutMs, async (abort, alive) => {
        const client = await this.#connected();
        address = client.address;
        return await work(client, abort, alive);
      });
    } catch (error) {
      throw dockerError(error, { operation, address });
    }
  }

  #connected(): Promise<DockerClient> {
    const client = this.#client ?? this.#open();
    this.#client = client;
    // A failed attempt is not kept: the next call looks for the daemon again.
    client.catch(() => {
      if (this.#client === client) this.#client = null;
    });
    return client;
  }
}

interface DaemonInfo {
  readonly ID?: string;
  readonly Name?: string;
  readonly ServerVersion?: string;
}

function shortId(containerId: string): string {
  return /^[0-9a-f]{64}$/.test(containerId) ? containerId.slice(0, 12) : containerId;
}

function listContainers(
  docker: Docker,
  query: Readonly<Record<string, string>>,
  abort: AbortSignal,
): Promise<readonly ContainerInfo[]> {
  return requestList(
    docker,
    { method: 'GET', path: ['containers', 'json'], query: { all: true, ...query } },
    abort,
  );
}

function inspect(docker: Docker, id: string, abort: AbortSignal): Promise<ContainerInspectInfo> {
  return requestObject(docker, { method: 'GET', path: ['containers', id, 'json'] }, abort);
}

/** Null: it was removed since it was listed. */
async function inspectIfThere(
  docker: Docker,
  id: string,
  abort: AbortSignal,
): Promise<ContainerState | null> {
  try {
    return mapContainer(await inspect(docker, id, abort));
  } catch (error) {
    if (statusOf(error) === NOT_FOUND) return null;
    throw error;
  }
}
