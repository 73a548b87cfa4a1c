import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { serveTcp, type TestServer, unusedAddress } from './tcp.ts';

/** `host:port`, or the path of a Unix socket. */
function placeOf(target: string): NetConnectOpts {
  if (target.startsWith('/')) return { path: target };
  const { hostname, port } = new URL(`tcp://${target}`);
  return { host: hostname, port: Number(port) };
}

/**
 * Passes everything on, each piece late by `delayMs` in either direction, the end of a connection included. A connection's first
 * piece is late by a further round trip, as over a distance, where connecting takes one.
 */
export function distantProxy(target: string, delayMs: number): Promise<TestServer> {
  return serveTcp((socket) => {
    const upstream = connect(placeOf(target));
    upstream.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    upstream.setNoDelay(true);
    passLate(socket, upstream, delayMs, 2 * delayMs);
    passLate(upstream, socket, delayMs, 0);
  });
}

function passLate(from: Socket, to: Socket, delayMs: number, openingMs: number): void {
  const openAtMs = performance.now() + openingMs;
  // A piece that is due earlier than the one before it would overtake it.
  let dueMs = 0;
  const later = (work: () => void): void => {
    const nowMs = performance.now();
    dueMs = Math.max(dueMs, nowMs + delayMs, openAtMs + delayMs);
    setTimeout(work, dueMs - nowMs);
  };
  from.on('data', (data) => later(() => to.writable && to.write(data)));
  from.once('end', () => later(() => to.end()));
  from.once('close', () => later(() => to.destroy()));
}

export const TROUBLES = ['refused', 'hung', 'slow'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Longer than kc-doctor waits for anything. */
const TOO_SLOW_MS = 30_000;

/** An address on 127.0.0.1 where the system behind `target` seems to be in trouble. */
export async function troubled(target: string, trouble: Trouble): Promise<TestServer> {
  switch (trouble) {
    case 'refused': {
      const address = await unusedAddress();
      return { address, connections: () => 0, [Symbol.asyncDispose]: async () => undefined };
    }
    case 'hung':
      return await serveTcp(() => undefined);
    case 'slow':
      return await distantProxy(target, TOO_SLOW_MS);
  }
}

/** Passes everything on until `answers` has run out, and then nothing more in the direction of the client, without a word. */
export function fallingSilent(target: string, answers: { left: number }): Promise<TestServer> {
  return serveTcp((socket) => {
    const upstream = connect(placeOf(target));
    upstream.on('error', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    socket.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      answers.left -= 1;
      if (answers.left >= 0) socket.write(data);
    });
  });
}

/** Passes everything on. The first piece from a client that contains `text` is held, and its connection with it, until `open`. */
export async function gated(
  target: string,
  text: string,
): Promise<TestServer & { readonly reached: Promise<void>; readonly open: () => void }> {
  let open = (): void => undefined;
  let reach = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const server = await serveTcp((socket) => {
    const upstream = connect(placeOf(target));
    upstream.on('error', () => socket.destroy());
    upstream.once('close', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    upstream.on('data', (data) => socket.writable && socket.write(data));
    let before = Promise.resolve();
    socket.on('data', (data) => {
      if (data.includes(text)) {
        reach();
        before = opened;
      }
      before = before.then(() => {
        if (upstream.writable) upstream.write(data);
      });
    });
  });
  return { ...server, reached, open };
}
