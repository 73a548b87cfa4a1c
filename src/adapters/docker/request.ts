import { Readable } from 'node:stream';
import type Docker from 'dockerode';

export interface DaemonRequest {
  readonly method: 'GET' | 'POST';
  /** Parts of a path, each escaped. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | boolean>>;
}

/** 304: it is so already. Everything else is an error. */
const EXPECTED = { 200: true, 204: true, 304: true } as const;

/**
 * One request, answered as a stream. Below dockerode's own methods, because those collect the answer and then never settle when the
 * connection ends in its middle, and hand over a Buffer where the answer is not JSON.
 */
export function openStream(docker: Docker, request: DaemonRequest, signal: AbortSignal): Promise<Readable> {
  const { method, path, query } = request;
  const address = `/${path.map(encodeURIComponent).join('/')}`;
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: query === undefined ? address : `${address}?`,
        method,
        options: { _query: query ?? {}, _body: {} },
        isStream: true,
        abortSignal: signal,
        statusCodes: EXPECTED,
      },
      (error, stream) => {
        if (error !== null) reject(error);
        else if (stream instanceof Readable) resolve(stream);
        else reject(new TypeError('the daemon sent no stream'));
      },
    );
  });
}

export async function requestText(
  docker: Docker,
  request: DaemonRequest,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await openStream(docker, request, signal)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The type is what Docker documents; the readers of the answer are tolerant. */
export async function requestObject<T extends object>(
  docker: Docker,
  request: DaemonRequest,
  signal: AbortSignal,
): Promise<T> {
  const value: unknown = JSON.parse(await requestText(docker, request, signal));
  if (typeof value !== 'object' || value === null) throw new TypeError('the daemon sent no object');
  return value as T;
}

export async function requestList<T>(
  docker: Docker,
  request: DaemonRequest,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const value = await requestObject<object>(docker, request, signal);
  if (!Array.isArray(value)) throw new TypeError('the daemon sent no list');
  return value as readonly T[];
}
