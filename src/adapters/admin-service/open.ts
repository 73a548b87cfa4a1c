import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { ConfigError, DependencyError } from '../../errors.ts';
import { MASK, maskSecrets } from '../../platform/mask.ts';
import type { GapCode } from '../../platform/observed.ts';
import type { AdminProbe } from '../../platform/state.ts';
import type { AdminServiceReader } from '../../ports/admin-service.ts';

export interface AdminServiceOptions {
  /** As this machine reaches it: names of a compose network are already mapped. */
  readonly baseUrl: string;
  readonly token: string | null;
  /** Until the connection stands. Milliseconds. */
  readonly connectTimeoutMs: number;
  /** From then until the first line of the answer. Milliseconds. */
  readonly answerTimeoutMs: number;
  readonly secrets: readonly string[];
}

export function openAdminService(options: AdminServiceOptions): AdminServiceReader {
  return new HttpAdminService(options);
}

const OPERATION = 'base address of admin-service';

class HttpAdminService implements AdminServiceReader {
  readonly #options: AdminServiceOptions;
  readonly #url: URL;
  readonly #address: string;
  readonly #underWay = new Set<ClientRequest>();

  constructor(options: AdminServiceOptions) {
    this.#options = options;
    this.#url = asBaseUrl(options.baseUrl);
    this.#address = this.#mask(maskedAddress(this.#url));
  }

  async probe(signal: AbortSignal): Promise<AdminProbe> {
    const startedAt = performance.now();
    const answer = await this.#ask(signal);
    return {
      address: this.#address,
      status: answer.statusCode ?? 0,
      tookMs: Math.round(performance.now() - startedAt),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const request of this.#underWay) request.destroy();
  }

  /** One GET of the base address, on a connection of its own; the body is not read, and a redirect is an answer. */
  #ask(signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(this.#silence('before it was asked'));
        return;
      }
      const send = this.#url.protocol === 'https:' ? requestHttps : requestHttp;
      const request = send(this.#url, { method: 'GET', agent: false, headers: this.#headers() });
      this.#underWay.add(request);
      let waitsFor: 'connection' | 'answer' = 'connection';
      const giveUp = () => {
        reject(this.#silence(waitsFor === 'connection' ? 'to the connection' : 'to the request'));
        request.destroy();
      };
      let timer = setTimeout(giveUp, this.#options.connectTimeoutMs);
      const connected = () => {
        waitsFor = 'answer';
        clearTimeout(timer);
        timer = setTimeout(giveUp, this.#options.answerTimeoutMs);
      };
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.#underWay.delete(request);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      request.once('socket', (socket) => {
        socket.once(this.#url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      request.once('response', (answer) => {
        settle();
        resolve(answer);
        answer.destroy();
      });
      request.once('error', (error) => {
        settle();
        reject(this.#failure(error));
      });
      request.once('close', settle);
      request.end();
    });
  }

  /** The list is read when a text is masked: the caller may still be adding to it. */
  #mask(text: string): string {
    return maskSecrets(text, [
      ...this.#options.secrets,
      ...(this.#options.token === null ? [] : [this.#options.token]),
    ]);
  }

  #headers(): Record<string, string> {
    const base = { accept: '*/*', connection: 'close', 'user-agent': 'kc-doctor' };
    return this.#options.token === null ? base : { ...base, authorization: `Bearer ${this.#options.token}` };
  }

  #silence(toWhat: string): DependencyError {
    return new DependencyError(
      'KC_ADMIN_TIMEOUT',
      `admin-service at ${this.#address} did not answer ${toWhat} in time.`,
      'Look at its container and log, or give more time with --timeout.',
      { system: 'admin-service', operation: OPERATION, gapCode: 'timeout', retryable: true },
    );
  }

  #failure(error: Error): DependencyError {
    const { code, gapCode, says, hint } = meaningOf(error);
    const said = this.#mask(wordsOf(error));
    return new DependencyError(code, `admin-service at ${this.#address} ${says}: ${said}.`, hint, {
      system: 'admin-service',
      operation: OPERATION,
      gapCode,
      cause: new Error(said),
    });
  }
}

interface Meaning {
  readonly code: string;
  readonly gapCode: GapCode;
  readonly says: string;
  readonly hint: string;
}

function meaningOf(error: Error): Meaning {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  switch (code) {
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        code: 'KC_ADMIN_REFUSED',
        gapCode: 'refused',
        says: 'refused the connection',
        hint: 'Start admin-service, or set ADMIN_SERVICE_URL to where it listens.',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        code: 'KC_ADMIN_UNRESOLVABLE',
        gapCode: 'unresolvable',
        says: 'has a host name that does not resolve here',
        hint: 'Set ADMIN_SERVICE_URL to an address that this machine reaches.',
      };
    case 'ETIMEDOUT':
      return {
        code: 'KC_ADMIN_TIMEOUT',
        gapCode: 'timeout',
        says: 'did not answer in time',
        hint: 'Look at its container and log, or give more time with --timeout.',
      };
    default:
      return {
        code: 'KC_ADMIN_NO_ANSWER',
        gapCode: code.startsWith('HPE_') || code === 'EPROTO' || code.includes('CERT') ? 'protocol' : 'other',
        says: 'gave no HTTP answer',
        hint: 'Check that ADMIN_SERVICE_URL names admin-service, with http or https as it listens.',
      };
  }
}

function wordsOf(error: Error): string {
  // Connecting to several addresses of one name fails with an AggregateError whose own message is empty.
  if (error instanceof AggregateError)
    return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join(', ');
  return error.message;
}

function asBaseUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new ConfigError(
    'KC_ADMIN_URL',
    'The address of admin-service is not an http or https address.',
    'Set ADMIN_SERVICE_URL to http://host:3010.',
  );
}

function maskedAddress(url: URL): string {
  const shown = new URL(url);
  shown.search = '';
  shown.hash = '';
  const credentials = shown.username !== '' || shown.password !== '';
  shown.username = '';
  shown.password = '';
  const text = shown.toString().replace(/\/$/, '');
  return credentials ? text.replace('://', `://${MASK}@`) : text;
}
