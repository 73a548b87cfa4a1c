import { Readable } from 'node:stream';
import type Docker from 'dockerode';
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

const NOT_MODIFIED = 304;
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
    return this.#ask('its identity', signal, async ({ docker, address }, abortSignal) => {
      // The option is missing in the types alone.
      const info: (options: { abortSignal: AbortSignal }) => Promise<DaemonInfo> = docker.info.bind(docker);
      const { ID, Name, ServerVersion } = await info({ abortSignal });
      // Podman has no id of its own; its host name is the nearest thing.
      const daemonId = ID || Name;
      if (!daemonId) throw new TypeError('the daemon says neither id nor name');
      return { daemonId, address, serverVersion: ServerVersion ?? 'unknown' };
    });
  }

  containers(signal: AbortSignal): Promise<readonly ContainerState[]> {
    return this.#ask('containers', signal, async ({ docker }, abortSignal, alive) => {
      const listed = await docker.listContainers({ all: true, abortSignal });
      const found = await Promise.all(
        listed.map(async ({ Id }) => {
          const state = await inspectIfThere(docker, Id, abortSignal);
          alive();
          return state;
        }),
      );
      return found.filter((state) => state !== null);
    });
  }

  async logTail(containerId: string, options: TailOptions, signal: AbortSignal): Promise<LogTail> {
    const operation = `log of ${shortId(containerId)}`;
    const { isTty, driver } = await this.#ask(operation, signal, async ({ docker }, abortSignal) => {
      const { Config, HostConfig } = await docker.getContainer(containerId).inspect({ abortSignal });
      const { Type = '', Config: settings } = HostConfig?.LogConfig ?? {};
      const logDriver: LogDriver = { type: Type, options: settings ?? {} };
      return { isTty: Config.Tty, driver: logDriver };
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
    return this.#ask(operation, signal, async ({ docker }, abortSignal, alive) => {
      const stream = await logStream(docker, containerId, tailLines, abortSignal);
      const collector = new LogCollector(isTty, maxBytes);
      for await (const chunk of stream) {
        alive();
        collector.push(chunk as Buffer);
      }
      return collector.finish();
    });
  }

  compose(project: string, signal: AbortSignal): Promise<ComposeProject> {
    return this.#ask(`compose files of ${project}`, signal, async ({ docker }, abortSignal) => {
      const filters = { label: [`${PROJECT_LABEL}=${project}`] };
      const listed = await docker.listContainers({ all: true, filters, abortSignal });
      const paths = composePaths(listed.map(({ Labels }) => ({ labels: Labels ?? {} })));
      return readComposeFiles(project, paths, abortSignal);
    });
  }

  start(containerId: string, signal: AbortSignal): Promise<void> {
    return this.#ask(`start of ${shortId(containerId)}`, signal, async ({ docker }, abortSignal) => {
      await absorbNotModified(docker.getContainer(containerId).start({ abortSignal }));
    });
  }

  stop(containerId: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    const operation = `stop of ${shortId(containerId)}`;
    const timeoutMs = graceSeconds * 1000 + this.#timeoutMs;
    return this.#ask(
      operation,
      signal,
      async ({ docker }, abortSignal) => {
        await absorbNotModified(docker.getContainer(containerId).stop({ t: graceSeconds, abortSignal }));
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
    work: (client: DockerClient, signal: AbortSignal, alive: () => void) => Promise<T>,
    timeoutMs = this.#timeoutMs,
  ): Promise<T> {
    let address = 'not yet located';
    try {
      return await withDeadline(signal, timeoutMs, async (abortSignal, alive) => {
        const client = await this.#connected();
        address = client.address;
        return await work(client, abortSignal, alive);
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

/** Null: it was removed since it was listed. */
async function inspectIfThere(
  docker: Docker,
  id: string,
  abortSignal: AbortSignal,
): Promise<ContainerState | null> {
  try {
    return mapContainer(await docker.getContainer(id).inspect({ abortSignal }));
  } catch (error) {
    if (statusOf(error) === NOT_FOUND) return null;
    throw error;
  }
}

async function absorbNotModified(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (statusOf(error) !== NOT_MODIFIED) throw error;
  }
}

/** Past `Container.logs`, which collects the whole answer in memory and reads it as JSON where it happens to be JSON. */
function logStream(
  docker: Docker,
  containerId: string,
  tailLines: number,
  abortSignal: AbortSignal,
): Promise<Readable> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/containers/${encodeURIComponent(containerId)}/logs?`,
        method: 'GET',
        options: { stdout: true, stderr: true, timestamps: true, tail: tailLines },
        isStream: true,
        abortSignal,
        statusCodes: { 200: true, 404: 'no such container', 500: 'server error', 501: 'not supported' },
      },
      (error, stream) => {
        if (error !== null) reject(error);
        else if (stream instanceof Readable) resolve(stream);
        else reject(new TypeError('the daemon sent no stream'));
      },
    );
  });
}
