import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDocker } from '../../../src/adapters/docker/open-docker.ts';
import { DependencyError } from '../../../src/errors.ts';
import type { ContainerRuntimeOperator } from '../../../src/ports/container-runtime.ts';

let directory: string;
let closers: (() => Promise<void>)[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kc-daemon-'));
  closers = [];
});
afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  await rm(directory, { recursive: true });
});

const never = new AbortController().signal;

/** A daemon that answers as told; `requests` keeps what it was asked. */
async function daemon(answer: RequestListener): Promise<{ host: string; requests: string[] }> {
  const path = join(directory, 'docker.sock');
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: `unix://${path}`, requests };
}

function open(
  host: string,
  options: { timeoutMs?: number; secrets?: string[] } = {},
): ContainerRuntimeOperator {
  const { timeoutMs = 5_000, secrets = [] } = options;
  const runtime = openDocker({ environment: { DOCKER_HOST: host, HOME: directory }, secrets, timeoutMs });
  closers.push(async () => runtime[Symbol.asyncDispose]());
  return runtime;
}

async function failure(work: Promise<unknown>): Promise<DependencyError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DependencyError))
    throw new Error(`expected a DependencyError, got ${String(error)}`);
  return error;
}

const inspected = (id: string) => ({
  Id: id,
  Name: `/${id}`,
  State: { Status: 'running' },
  Config: {},
  HostConfig: {},
});

describe('a daemon that misbehaves', () => {
  it.each([
    [500, 'protocol', 'KC_DOCKER_PROTOCOL'],
    [401, 'unauthenticated', 'KC_DOCKER_UNAUTHENTICATED'],
    [403, 'unauthorized', 'KC_DOCKER_UNAUTHORIZED'],
    [404, 'other', 'KC_DOCKER_NOT_FOUND'],
    [400, 'protocol', 'KC_DOCKER_PROTOCOL'],
  ])('answers %i: %s', async (status, gapCode, code) => {
    const { host } = await daemon((_, response) => response.writeHead(status).end('{"message":"nope"}'));
    const error = await failure(open(host).containers(never));
    expect(error).toMatchObject({ code, gapCode, system: 'docker', operation: 'containers' });
    expect(error.message).not.toContain(error.hint);
    expect(error.details).toEqual(['nope']);
  });

  it('answers something that is no Docker API', async () => {
    const { host } = await daemon((_, response) => response.end('<html>hello</html>'));
    expect(await failure(open(host).containers(never))).toMatchObject({ gapCode: 'protocol' });
    expect(await failure(open(host).facts(never))).toMatchObject({ gapCode: 'protocol' });
  });

  it('hangs up in the middle of an answer', async () => {
    const { host } = await daemon((_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('[{"Id"');
      setImmediate(() => response.destroy());
    });
    expect(await failure(open(host).containers(never))).toMatchObject({
      gapCode: 'protocol',
      retryable: true,
    });
  });

  it('stops sending in the middle of an answer', async () => {
    const { host } = await daemon((_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('[{"Id"');
    });
    expect(await failure(open(host, { timeoutMs: 100 }).containers(never))).toMatchObject({
      gapCode: 'timeout',
    });
  });
});

describe('a daemon that is not there', () => {
  it('has no socket', async () => {
    const error = await failure(open(`unix://${directory}/none.sock`).facts(never));
    expect(error).toMatchObject({ gapCode: 'refused', retryable: true });
    expect(error.message).toContain('none.sock');
  });

  it('refuses the connection', async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await failure(open(`tcp://127.0.0.1:${port}`).facts(never))).toMatchObject({ gapCode: 'refused' });
  });

  it('cannot be resolved', async () => {
    expect(await failure(open('tcp://no-such-host.invalid:2375').facts(never))).toMatchObject({
      gapCode: 'unresolvable',
    });
  });

  it('is not looked for where the process environment says, but where it was told to look', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1');
    const { host } = await daemon((_, response) => response.end('{"ID":"d1"}'));
    expect(await open(host).facts(never)).toMatchObject({ daemonId: 'd1' });
    vi.unstubAllEnvs();
  });

  it('is found again once it is there', async () => {
    const runtime = open(`unix://${directory}/docker.sock`);
    await failure(runtime.facts(never));
    await daemon((_, response) => response.end('{"ID":"d1","ServerVersion":"27.0.0"}'));
    expect(await runtime.facts(never)).toMatchObject({ daemonId: 'd1', serverVersion: '27.0.0' });
  });
});

describe('a mute daemon', () => {
  async function mute(): Promise<{ host: string; server: Server; open: () => number }> {
    let count = 0;
    const server = createTcpServer((socket) => {
      count++;
      socket.on('close', () => count--).on('error', () => undefined);
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => void (await new Promise((resolve) => server.close(resolve))));
    return { host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, server, open: () => count };
  }

  it('is given up after the timeout', async () => {
    const { host } = await mute();
    expect(await failure(open(host, { timeoutMs: 100 }).facts(never))).toMatchObject({
      code: 'KC_DOCKER_TIMEOUT',
      gapCode: 'timeout',
    });
  });

  it.each<[string, (runtime: ContainerRuntimeOperator, signal: AbortSignal) => Promise<unknown>]>([
    ['facts', (runtime, signal) => runtime.facts(signal)],
    ['containers', (runtime, signal) => runtime.containers(signal)],
    [
      'logTail',
      (runtime, signal) => runtime.logTail('c', { tailLines: 1, untilMs: null, maxBytes: 1 }, signal),
    ],
    ['compose', (runtime, signal) => runtime.compose('p', signal)],
    ['start', (runtime, signal) => runtime.start('c', signal)],
    ['stop', (runtime, signal) => runtime.stop('c', 120, signal)],
  ])('lets go of %s at once when the caller does, connection and all', async (_, call) => {
    const { host, server, open: openSockets } = await mute();
    const runtime = open(host, { timeoutMs: 60_000 });
    const controller = new AbortController();
    const connected = new Promise((resolve) => server.once('connection', resolve));
    const asked = failure(call(runtime, controller.signal));
    await connected;
    controller.abort();
    expect((await asked).gapCode).toBe('timeout');
    await expect.poll(openSockets).toBe(0);
  });

  it('is not even asked by a caller that has stopped waiting', async () => {
    const { host, requests } = await daemon((_, response) => response.end('[]'));
    expect(await failure(open(host).containers(AbortSignal.abort()))).toMatchObject({ gapCode: 'timeout' });
    expect(requests).toEqual([]);
  });
});

describe('containers', () => {
  it('leaves out one that vanished since it was listed', async () => {
    const { host } = await daemon((request, response) => {
      if (request.url?.startsWith('/containers/json')) response.end('[{"Id":"here"},{"Id":"gone"}]');
      else if (request.url?.startsWith('/containers/here/')) response.end(JSON.stringify(inspected('here')));
      else response.writeHead(404).end('{"message":"No such container"}');
    });
    expect((await open(host).containers(never)).map(({ name }) => name)).toEqual(['here']);
  });

  it('fails as a whole when one cannot be described for another reason', async () => {
    const { host } = await daemon((request, response) => {
      if (request.url?.startsWith('/containers/json')) response.end('[{"Id":"a"},{"Id":"b"}]');
      else if (request.url?.startsWith('/containers/a/')) response.end(JSON.stringify(inspected('a')));
      else response.writeHead(500).end('{"message":"boom"}');
    });
    expect(await failure(open(host).containers(never))).toMatchObject({ gapCode: 'protocol' });
  });

  it('asks for eight at a time at most', async () => {
    let running = 0;
    let most = 0;
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const { host } = await daemon((request, response) => {
      if (request.url?.startsWith('/containers/json')) {
        response.end(JSON.stringify(ids.map((Id) => ({ Id }))));
        return;
      }
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        response.end(JSON.stringify(inspected(request.url?.split('/')[2] ?? '')));
      }, 2);
    });
    const found = await open(host).containers(never);
    expect(found.map(({ id }) => id)).toEqual(ids);
    expect(most).toBe(8);
  });
});

describe('logTail', () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const line = (second: number, text: string) =>
    `2026-01-07T20:00:${String(second).padStart(2, '0')}.000000000Z ${text}\n`;
  const at = (second: number) => Date.parse('2026-01-07T20:00:00Z') + second * 1000;

  /** Thirty lines, a second apart; hangs from `hangsFrom` lines on. */
  function thirtyLines(hangsFrom = Number.POSITIVE_INFINITY): RequestListener {
    return (request, response) => {
      const url = new URL(request.url ?? '', 'http://docker');
      if (url.pathname.endsWith('/json')) {
        response.end(
          JSON.stringify({ ...inspected('c'), HostConfig: { LogConfig: { Type: 'json-file', Config: {} } } }),
        );
        return;
      }
      const tail = Number(url.searchParams.get('tail'));
      if (tail >= hangsFrom) return;
      const texts = Array.from({ length: 30 }, (_, second) =>
        frame(1 + (second % 2), line(second, `line ${second}, hunter22`)),
      );
      response.end(Buffer.concat(texts.slice(-tail)));
    };
  }

  it('asks by tail, never by time, with both streams and their times', async () => {
    const { host, requests } = await daemon(thirtyLines());
    const tail = await open(host).logTail('c', { tailLines: 5, untilMs: at(20), maxBytes: 1e6 }, never);
    const asked = requests
      .filter((request) => request.includes('/logs'))
      .map((request) => request.split('?')[1]);
    expect(asked).toEqual([5, 20].map((lines) => `stdout=true&stderr=true&timestamps=true&tail=${lines}`));
    expect([tail.lines[0]?.atMs, tail.lines.length, tail.whole]).toEqual([at(10), 20, false]);
  });

  it('masks secrets', async () => {
    const { host } = await daemon(thirtyLines());
    const runtime = open(host, { secrets: ['hunter22'] });
    const { lines } = await runtime.logTail('c', { tailLines: 40, untilMs: null, maxBytes: 1e6 }, never);
    expect(lines).toHaveLength(30);
    expect(JSON.stringify(lines)).not.toContain('hunter22');
  });

  it('gives the shorter tail when the longer one does not come in time', async () => {
    const { host } = await daemon(thirtyLines(20));
    const runtime = open(host, { timeoutMs: 100 });
    const tail = await runtime.logTail('c', { tailLines: 5, untilMs: at(0), maxBytes: 1e6 }, never);
    expect([tail.lines.length, tail.whole]).toEqual([5, false]);
  });

  it('fails when not even the first comes', async () => {
    const { host } = await daemon(thirtyLines(1));
    const runtime = open(host, { timeoutMs: 100 });
    const options = { tailLines: 5, untilMs: null, maxBytes: 1e6 };
    expect(await failure(runtime.logTail('c', options, never))).toMatchObject({ gapCode: 'timeout' });
  });

  it('says when the logging driver cannot be read', async () => {
    const { host } = await daemon((request, response) => {
      if (request.url?.includes('/json')) response.end(JSON.stringify(inspected('c')));
      else response.writeHead(501).end('{"message":"configured logging driver does not support reading"}');
    });
    const options = { tailLines: 5, untilMs: null, maxBytes: 1e6 };
    const error = await failure(open(host).logTail('c', options, never));
    expect(error).toMatchObject({ gapCode: 'protocol', hint: expect.stringContaining('json-file') });
  });
});

describe('start and stop', () => {
  it('leave alone what is so already', async () => {
    const { host, requests } = await daemon((_, response) => response.writeHead(304).end());
    const runtime = open(host);
    await runtime.start('c', never);
    await runtime.stop('c', 120, never);
    expect(requests).toEqual(['POST /containers/c/start', 'POST /containers/c/stop?t=120']);
  });

  it('wait through the grace, beyond the timeout of a read', async () => {
    const { host } = await daemon((_, response) => void setTimeout(() => response.writeHead(204).end(), 300));
    const runtime = open(host, { timeoutMs: 100 });
    await expect(runtime.stop('c', 1, never)).resolves.toBeUndefined();
    expect(await failure(runtime.start('c', never))).toMatchObject({ gapCode: 'timeout' });
  });

  it('never repeat what was not answered', async () => {
    const { host, requests } = await daemon((_, response) => response.destroy());
    expect(await failure(open(host).start('c', never))).toMatchObject({ gapCode: 'protocol' });
    expect(requests).toHaveLength(1);
  });
});
