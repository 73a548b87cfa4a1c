import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import Docker, { type ContainerCreateOptions } from 'dockerode';

const SOCKET = '/var/run/docker.sock';
const TEST_LABEL = 'kc-doctor-test';
/** Two zero blocks: a tar archive with nothing in it. */
const EMPTY_TAR_BYTES = 1024;
/** The host's own shell, read-only; an empty image brings none, and no registry is needed. */
const HOST_PROGRAMS = ['/usr', '/lib', '/lib64', '/bin'].filter((path) => existsSync(path));

/** Why tests on a real daemon cannot run here, or null. */
export async function missingDocker(): Promise<string | null> {
  if (process.platform !== 'linux') return 'containers use the programs of a Linux host';
  try {
    await new Docker({ socketPath: SOCKET, timeout: 5_000 }).ping();
    return null;
  } catch {
    // A socket that a daemon left behind is as good as none: whatever the reason, these tests cannot run.
    return `no Docker daemon answers at ${SOCKET}`;
  }
}

/** Containers of one test run on the real daemon, under a label of their own. */
export class RealDocker implements AsyncDisposable {
  readonly docker = new Docker({ socketPath: SOCKET });
  readonly label = `${TEST_LABEL}=${crypto.randomUUID()}`;
  readonly #image = `kc-doctor-test:${crypto.randomUUID()}`;
  readonly #networks: string[] = [];

  async open(): Promise<this> {
    const [repo, tag] = this.#image.split(':');
    const archive = Readable.from([Buffer.alloc(EMPTY_TAR_BYTES)]);
    const answer = await this.docker.importImage(archive as unknown as string, { repo, tag });
    for await (const _ of answer) {
      // The import has finished when its answer has been read to the end.
    }
    return this;
  }

  /** Runs `script` in the host's shell. Returns the id. */
  async create(name: string, script: string, options: ContainerCreateOptions = {}): Promise<string> {
    const [label = '', run = ''] = this.label.split('=');
    const container = await this.docker.createContainer({
      ...options,
      name,
      Image: this.#image,
      Cmd: ['/bin/sh', '-c', script],
      Labels: { ...options.Labels, [label]: run },
      HostConfig: {
        NetworkMode: 'none',
        ...options.HostConfig,
        Binds: HOST_PROGRAMS.map((path) => `${path}:${path}:ro`),
      },
    });
    return container.id;
  }

  async createNetwork(name: string): Promise<void> {
    await this.docker.createNetwork({ Name: name, Driver: 'bridge', Labels: { [TEST_LABEL]: this.label } });
    this.#networks.push(name);
  }

  async containerIds(): Promise<readonly string[]> {
    const listed = await this.docker.listContainers({ all: true, filters: { label: [this.label] } });
    return listed.map(({ Id }) => Id);
  }

  /** Bytes of its log, frames and all. */
  async logBytes(id: string): Promise<number> {
    const log = await this.docker.getContainer(id).logs({ stdout: true, stderr: true, follow: false });
    return log.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of await this.containerIds()) {
      await this.docker.getContainer(id).remove({ force: true, v: true });
    }
    for (const network of this.#networks) await this.docker.getNetwork(network).remove();
    await this.docker.getImage(this.#image).remove({ force: true });
  }
}
