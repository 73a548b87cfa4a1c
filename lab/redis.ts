import { connect } from 'node:net';
import type { LabDocker } from './docker.ts';
import { containerName, LAB_LABEL, type LabNames } from './layout.ts';
import { until } from './wait.ts';

const PORT = 6379;

export function redisUrl(address: string): string {
  return `redis://${address}:${PORT}`;
}

/** Like the database it stands for a managed service: no compose label, one address for host and containers. */
export async function createRedis(
  docker: LabDocker,
  plan: {
    readonly names: LabNames;
    readonly address: string;
    readonly mounts: readonly string[];
    readonly program: string;
  },
): Promise<void> {
  const container = containerName(plan.names, 'cloud-redis');
  await docker.create(container, {
    Cmd: [plan.program, '--save', '', '--appendonly', 'no', '--protected-mode', 'no', '--dir', '/tmp'],
    Labels: { [LAB_LABEL]: plan.names.name },
    HostConfig: {
      Binds: [...plan.mounts],
      Tmpfs: { '/tmp': 'mode=1777' },
      NetworkMode: plan.names.network,
      RestartPolicy: { Name: 'unless-stopped' },
    },
    NetworkingConfig: {
      EndpointsConfig: { [plan.names.network]: { IPAMConfig: { IPv4Address: plan.address } } },
    },
  });
  await docker.start(container);
}

export async function waitForRedis(address: string): Promise<void> {
  await until('Redis answers', async () => (await inlineCommand(address, 'PING')) === '+PONG');
}

export async function flushRedis(address: string): Promise<void> {
  const answer = await inlineCommand(address, 'FLUSHALL');
  if (answer !== '+OK') throw new Error(`Redis refused to empty itself: ${answer}`);
}

async function inlineCommand(address: string, command: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: address, port: PORT }, () => socket.write(`${command}\r\n`));
    socket.setTimeout(5_000, () => socket.destroy(new Error('Redis does not answer')));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.end();
      resolve(answer.toString('utf8').trim());
    });
  });
}
