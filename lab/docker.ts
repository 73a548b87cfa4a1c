import { networkInterfaces } from 'node:os';
import { Readable } from 'node:stream';
import type { Container, ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';
import Docker from 'dockerode';
import { LabUnavailable } from './host.ts';
import { LAB_LABEL } from './layout.ts';

const IMAGE = 'kc-lab:latest';
/** Two zero blocks: a tar archive with nothing in it. */
const EMPTY_TAR_BYTES = 1024;

function statusOf(error: unknown): number | null {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return error.statusCode;
  }
  return null;
}

async function absorb<Value>(statuses: readonly number[], call: () => Promise<Value>): Promise<Value | null> {
  try {
    return await call();
  } catch (error) {
    const status = statusOf(error);
    if (status !== null && statuses.includes(status)) return null;
    throw error;
  }
}

/** The daemon, as far as the lab needs it. Each verb is idempotent: it absorbs the one expected answer. */
export class LabDocker {
  readonly #docker = new Docker();

  async ensureReachable(): Promise<void> {
    try {
      await this.#docker.ping();
    } catch (error) {
      throw new LabUnavailable('no Docker daemon answers: start dockerd', { cause: error });
    }
  }

  /** An image without a file in it, so that no registry is needed: containers bind-mount the host's programs. */
  async ensureEmptyImage(): Promise<void> {
    const found = await absorb([404], () => this.#docker.getImage(IMAGE).inspect());
    if (found !== null) return;
    const archive = Readable.from([Buffer.alloc(EMPTY_TAR_BYTES)]);
    const [repo, tag] = IMAGE.split(':');
    const answer = await this.#docker.importImage(archive, { repo, tag });
    for await (const _ of answer) {
      // The import has finished when its answer has been read to the end.
    }
  }

  /** Returns the first three numbers of the subnet that it found free. */
  async createNetwork(network: string, project: string, lab: string): Promise<string> {
    const taken = await this.#takenPrefixes();
    const candidates = Array.from({ length: 256 }, (_, index) => `172.30.${(index * 7 + 16) % 256}`);
    for (const prefix of candidates) {
      if (taken.some((other) => prefix.startsWith(other))) continue;
      // Refused with "Pool overlaps" when another lab took it meanwhile: the next candidate.
      const created = await absorb([403], () =>
        this.#docker.createNetwork({
          Name: network,
          Driver: 'bridge',
          CheckDuplicate: true,
          IPAM: {
            // Fixed addresses (database, Redis) lie in the lower half, Docker hands out the upper one.
            Config: [{ Subnet: `${prefix}.0/24`, IPRange: `${prefix}.128/25`, Gateway: `${prefix}.1` }],
          },
          Labels: {
            [LAB_LABEL]: lab,
            'com.docker.compose.project': project,
            'com.docker.compose.network': 'default',
          },
        }),
      );
      if (created !== null) return prefix;
    }
    throw new LabUnavailable('no free subnet for the network of the lab: remove unused Docker networks');
  }

  async #takenPrefixes(): Promise<readonly string[]> {
    const networks = await this.#docker.listNetworks();
    const subnets = networks
      .flatMap((network) => network.IPAM?.Config ?? [])
      .map((pool) => pool.Subnet ?? '');
    const addresses = Object.values(networkInterfaces())
      .flat()
      .map((address) => address?.cidr ?? '');
    return [...subnets, ...addresses].flatMap((cidr) => {
      const [address, bits] = cidr.split('/');
      if (address === undefined || !/^\d+\.\d+\.\d+\.\d+$/.test(address)) return [];
      const kept = Number(bits) >= 24 ? 3 : Number(bits) >= 16 ? 2 : 1;
      const octets = address.split('.').slice(0, kept);
      return [kept === 3 ? octets.join('.') : `${octets.join('.')}.`];
    });
  }

  async create(name: string, options: ContainerCreateOptions): Promise<Container> {
    return await this.#docker.createContainer({ ...options, Image: IMAGE, name });
  }

  async start(name: string): Promise<void> {
    await absorb([304], () => this.#docker.getContainer(name).start());
  }

  async stop(name: string, graceSeconds = 10): Promise<void> {
    await absorb([304, 404], () => this.#docker.getContainer(name).stop({ t: graceSeconds }));
  }

  async kill(name: string): Promise<void> {
    // 409: it is not running.
    await absorb([404, 409], () => this.#docker.getContainer(name).kill());
  }

  async remove(name: string): Promise<void> {
    // 409: its removal is already in progress.
    await absorb([404, 409], () => this.#docker.getContainer(name).remove({ force: true, v: true }));
  }

  async inspect(name: string): Promise<ContainerInspectInfo | null> {
    return await absorb([404], () => this.#docker.getContainer(name).inspect());
  }

  /** Its exit code, once it has ended. */
  async wait(name: string): Promise<number> {
    const answer = (await this.#docker.getContainer(name).wait()) as { StatusCode: number };
    return answer.StatusCode;
  }

  async logs(name: string): Promise<string> {
    const raw = await this.#docker.getContainer(name).logs({ stdout: true, stderr: true, follow: false });
    return joinFrames(raw);
  }

  async disconnect(network: string, name: string): Promise<void> {
    await this.#docker.getNetwork(network).disconnect({ Container: name, Force: true });
  }

  async connect(network: string, name: string, aliases: readonly string[]): Promise<void> {
    await this.#docker
      .getNetwork(network)
      .connect({ Container: name, EndpointConfig: { Aliases: [...aliases] } });
  }

  /** All containers and networks with the lab's label, in whatever state an interrupted start left them. */
  async removeEverythingOf(lab: string): Promise<void> {
    const filters = { label: [`${LAB_LABEL}=${lab}`] };
    const containers = await this.#docker.listContainers({ all: true, filters });
    await Promise.all(containers.map((container) => this.remove(container.Id)));
    const networks = await this.#docker.listNetworks({ filters });
    for (const network of networks) {
      await absorb([404], () => this.#docker.getNetwork(network.Id).remove());
    }
  }
}

/** Docker frames each piece of a log: stream number, three zero bytes, length in four bytes, text. */
function joinFrames(raw: Buffer): string {
  const pieces: Buffer[] = [];
  let position = 0;
  while (position + 8 <= raw.length) {
    const size = raw.readUInt32BE(position + 4);
    pieces.push(raw.subarray(position + 8, position + 8 + size));
    position += 8 + size;
  }
  return Buffer.concat(pieces).toString('utf8');
}
