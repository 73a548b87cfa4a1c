import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Named groups become parameters. */
  readonly path: RegExp;
  answer(
    body: Readonly<Record<string, unknown>>,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

export type OnFailure = (url: string, status: number, message: string, body: Record<string, unknown>) => void;

/** A JSON service as the platform's are: `GET /health`, and 404 in JSON for what it does not know. */
export function serveJson(
  port: number,
  service: string,
  routes: readonly Route[],
  onFailure: OnFailure,
): Server {
  const server = createServer((request, response) => {
    void respond(request, response, service, routes, onFailure);
  });
  server.listen(port, '0.0.0.0');
  return server;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  service: string,
  routes: readonly Route[],
  onFailure: OnFailure,
): Promise<void> {
  const url = request.url ?? '/';
  let body: Record<string, unknown> = {};
  let answer: Answer;
  try {
    body = await readBody(request);
    answer = await dispatch(request.method ?? 'GET', url, body, service, routes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answer = { status: 500, body: { success: false, error: message } };
  }
  if (answer.status >= 400 && answer.status !== 404)
    onFailure(url, answer.status, errorText(answer.body), body);
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer.body));
}

async function dispatch(
  method: string,
  url: string,
  body: Readonly<Record<string, unknown>>,
  service: string,
  routes: readonly Route[],
): Promise<Answer> {
  const { pathname } = new URL(url, 'http://service');
  if (method === 'GET' && pathname === '/health') return { status: 200, body: { status: 'ok', service } };
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(pathname) : null;
    if (match !== null) return route.answer(body, match.groups ?? {});
  }
  return { status: 404, body: { success: false, error: `Route ${method} ${pathname} not found` } };
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function errorText(body: unknown): string {
  return typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : '';
}

/** The platform's services give each other ten seconds. */
const TIMEOUT_MS = 10_000;

/**
 * The platform's HTTP client throws plain errors; fetch throws a TypeError, which kafkajs would take for a programming
 * error and never restart its consumer after.
 */
export async function postJson(url: string, body: unknown): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: await response.json() };
  } catch (error) {
    throw new Error(failureText(error), { cause: error });
  }
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `timeout of ${TIMEOUT_MS}ms exceeded`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
