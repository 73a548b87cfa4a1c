import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A container as a daemon describes it; all of it may be hostile. */
export interface ToldContainer {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly environment?: readonly string[];
  readonly command?: readonly string[];
  readonly image?: string;
  /** Lines on standard error, or the words with which the daemon refuses the log. */
  readonly log: readonly string[] | { readonly refusedWith: string };
}

export interface ToldDaemon extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
}

const STARTED_BEFORE_MS = 3_600_000;

/** A Docker daemon on 127.0.0.1 that says what it was told. */
export async function openToldDaemon(containers: readonly ToldContainer[]): Promise<ToldDaemon> {
  const startedAt = new Date(Date.now() - STARTED_BEFORE_MS).toISOString();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://daemon');
    const [, id, what] = /\/containers\/([^/]+)\/(json|logs)$/.exec(pathname) ?? [];
    const found = containers.find((container) => container.id === id);
    if (pathname.endsWith('/info')) answer(response, { ID: 'told-daemon', ServerVersion: '27.0.0' });
    else if (pathname.endsWith('/containers/json')) answer(response, containers.map(listed));
    else if (found === undefined) answer(response, { message: 'no such container' }, 404);
    else if (what === 'json') answer(response, inspected(found, startedAt));
    else if ('refusedWith' in found.log) answer(response, { message: found.log.refusedWith }, 500);
    else response.end(Buffer.concat(found.log.map((line) => frame(startedAt, line))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `tcp://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function listed({ id, name, labels, image }: ToldContainer) {
  return { Id: id, Names: [`/${name}`], Labels: labels, Image: image ?? 'kc' };
}

function inspected(container: ToldContainer, startedAt: string) {
  const { id, name, labels, environment, command, image } = container;
  return {
    Id: id,
    Name: `/${name}`,
    Created: startedAt,
    RestartCount: 0,
    State: { Status: 'running', Running: true, StartedAt: startedAt, FinishedAt: '0001-01-01T00:00:00Z' },
    Config: { Labels: labels, Env: environment ?? [], Cmd: command ?? [], Image: image ?? 'kc', Tty: false },
    HostConfig: { NetworkMode: 'kc_default', RestartPolicy: { Name: 'unless-stopped' } },
    NetworkSettings: { Networks: {}, Ports: {} },
  };
}

/** One frame of the multiplexed stream: stderr, length, time and line. */
function frame(atIso: string, line: string): Buffer {
  const text = Buffer.from(`${atIso} ${line}\n`);
  const header = Buffer.alloc(8);
  header[0] = 2;
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, text]);
}
