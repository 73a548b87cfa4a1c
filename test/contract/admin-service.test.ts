import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type AdminServiceOptions, openAdminService } from '../../src/adapters/admin-service/open.ts';
import { SimulatedAdminService } from '../support/simulated-admin-service.ts';
import { adminServiceContract } from './admin-service.contract.ts';

const signal = AbortSignal.timeout(600_000);

describe('simulated admin-service', () => {
  adminServiceContract(async (situation) => {
    const mood =
      situation === 'refuses' || situation === 'hangs'
        ? { kind: situation }
        : { kind: 'answers' as const, status: situation.answers };
    return { reader: new SimulatedAdminService({ mood }), [Symbol.asyncDispose]: async () => undefined };
  });
});

function open(options: Partial<AdminServiceOptions> & { readonly baseUrl: string }) {
  return openAdminService({
    token: null,
    connectTimeoutMs: 5_000,
    answerTimeoutMs: 5_000,
    secrets: [],
    ...options,
  });
}

interface Listening extends AsyncDisposable {
  readonly baseUrl: string;
}

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<Listening> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket: { destroy(): unknown }) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server listens on a port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function answering(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Listening> {
  return listening(createServer(handle));
}

describe('admin-service over HTTP', () => {
  adminServiceContract(async (situation) => {
    if (situation === 'refuses') {
      const closed = await answering(() => undefined);
      await closed[Symbol.asyncDispose]();
      const reader = open({ baseUrl: closed.baseUrl });
      return { reader, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
    }
    const server = await answering((_, response) => {
      if (situation !== 'hangs') response.writeHead(situation.answers, { location: '/elsewhere' }).end();
    });
    const reader = open({ baseUrl: server.baseUrl });
    return {
      reader,
      [Symbol.asyncDispose]: async () => {
        await reader[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  });

  it('sends one GET of the base address with the token, and does not follow where it is sent', async () => {
    const seen: (string | undefined)[][] = [];
    await using server = await answering((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      response.writeHead(302, { location: '/login' }).end('a body that nobody reads');
    });
    await using reader = open({ baseUrl: `${server.baseUrl}/`, token: 'hush-hush-token' });
    expect(await reader.probe(signal)).toMatchObject({ address: server.baseUrl, status: 302 });
    expect(seen).toEqual([['GET', '/', 'Bearer hush-hush-token']]);
  });

  it('does not wait for a body that never ends', async () => {
    await using server = await answering((_, response) => {
      response.writeHead(200).write('half');
    });
    await using reader = open({ baseUrl: server.baseUrl });
    expect((await reader.probe(signal)).status).toBe(200);
  });

  it('stops waiting for an answer that does not come', async () => {
    await using server = await answering(() => undefined);
    await using reader = open({ baseUrl: server.baseUrl, answerTimeoutMs: 50 });
    await expect(reader.probe(signal)).rejects.toMatchObject({
      code: 'KC_ADMIN_TIMEOUT',
      gapCode: 'timeout',
    });
  });

  it('ends a call under way when it is disposed', async () => {
    await using server = await answering(() => undefined);
    const reader = open({ baseUrl: server.baseUrl });
    const probing = expect(reader.probe(signal)).rejects.toMatchObject({ system: 'admin-service' });
    await reader[Symbol.asyncDispose]();
    await probing;
  });

  it('says that what listens there speaks no HTTP', async () => {
    await using server = await listening(
      createTcpServer((socket) => socket.once('data', () => socket.end('-ERR\r\n\r\n'))),
    );
    await using reader = open({ baseUrl: server.baseUrl });
    await expect(reader.probe(signal)).rejects.toMatchObject({
      code: 'KC_ADMIN_NO_ANSWER',
      gapCode: 'protocol',
    });
  });

  it('says that the name does not resolve', async () => {
    await using reader = open({ baseUrl: 'http://admin-service.invalid:3010' });
    await expect(reader.probe(signal)).rejects.toMatchObject({
      code: 'KC_ADMIN_UNRESOLVABLE',
      gapCode: 'unresolvable',
    });
  });

  it('shows no secret in an address or a message', async () => {
    await using server = await answering((_, response) => response.writeHead(204).end());
    const baseUrl = server.baseUrl.replace('http://', 'http://admin:hush-hush@');
    await using reader = open({ baseUrl: `${baseUrl}/?key=hush-hush` });
    expect((await reader.probe(signal)).address).toBe(server.baseUrl.replace('http://', 'http://•••@'));
    expect(() => open({ baseUrl: 'ftp://admin:hush-hush@host' })).toThrow(
      /^The address of admin-service is not an http or https address\.$/,
    );
  });
});
