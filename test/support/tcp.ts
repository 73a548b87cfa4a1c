import { connect, createServer, type Server, type Socket } from 'node:net';

export interface TestServer extends AsyncDisposable {
  /** 127.0.0.1:port */
  readonly address: string;
  readonly connections: () => number;
}

/** Accepts on 127.0.0.1 and hands each connection to `serve`; closes all of them at the end. */
export async function serveTcp(serve: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    // A socket that nobody reads never notices that the other side has hung up.
    socket.resume();
    socket.once('close', () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${portOf(server)}`,
    connections: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes everything on, each piece late by `delayMs` in both directions. */
export async function slowProxy(target: string, delayMs: () => number): Promise<TestServer> {
  const [host = '', port = ''] = target.split(':');
  return await serveTcp((socket) => {
    const upstream = connect(Number(port), host);
    upstream.on('error', () => socket.destroy());
    upstream.once('close', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    const passLate = (from: Socket, to: Socket): void => {
      from.on('data', (data) => {
        setTimeout(() => to.writable && to.write(data), delayMs());
      });
    };
    passLate(socket, upstream);
    passLate(upstream, socket);
  });
}

/** An address on 127.0.0.1 where nobody listens. */
export async function unusedAddress(): Promise<string> {
  const server = await serveTcp(() => undefined);
  await server[Symbol.asyncDispose]();
  return server.address;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a port');
  return address.port;
}
