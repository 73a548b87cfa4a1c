import { DependencyError, DoctorError } from '../../errors.ts';
import type { GapCode } from '../../platform/observed.ts';

/** What was asked of the daemon, and of which one. */
export interface Question {
  /** Noun phrase: "containers", "log of 3f2a…". */
  readonly operation: string;
  readonly address: string;
}

/** Our own deadline or the caller's signal ended the wait. */
export class NoAnswer extends Error {}

interface Translation {
  readonly code: string;
  readonly gapCode: GapCode;
  readonly happened: string;
  readonly hint: string;
  readonly retryable: boolean;
}

const REFUSED: Translation = {
  code: 'KC_DOCKER_REFUSED',
  gapCode: 'refused',
  happened: 'refused the connection',
  hint: 'Start the Docker daemon, or point DOCKER_HOST at the one that runs the platform.',
  retryable: true,
};
const NO_SOCKET: Translation = { ...REFUSED, happened: 'has no socket there' };
const UNRESOLVABLE: Translation = {
  code: 'KC_DOCKER_UNRESOLVABLE',
  gapCode: 'unresolvable',
  happened: 'has a host name that does not resolve',
  hint: 'Check the host in DOCKER_HOST or in the Docker context.',
  retryable: true,
};
const TIMEOUT: Translation = {
  code: 'KC_DOCKER_TIMEOUT',
  gapCode: 'timeout',
  happened: 'gave no answer in time',
  hint: 'Check the daemon with `docker version`; raise --timeout if it is slow rather than hung.',
  retryable: true,
};
const UNAUTHORIZED: Translation = {
  code: 'KC_DOCKER_UNAUTHORIZED',
  gapCode: 'unauthorized',
  happened: 'denied permission',
  hint: 'Run as a user who may use Docker: a member of the group docker, or with sudo.',
  retryable: false,
};
const UNAUTHENTICATED: Translation = {
  code: 'KC_DOCKER_UNAUTHENTICATED',
  gapCode: 'unauthenticated',
  happened: 'and this client did not accept each other',
  hint: 'Check ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH or in the Docker context.',
  retryable: false,
};
const PROTOCOL: Translation = {
  code: 'KC_DOCKER_PROTOCOL',
  gapCode: 'protocol',
  happened: 'gave an answer that is no answer',
  hint: 'Check that the address is a Docker API: a TLS port needs DOCKER_TLS_VERIFY=1.',
  retryable: false,
};
const BROKEN_OFF: Translation = { ...PROTOCOL, happened: 'broke off the connection', retryable: true };
const NOT_FOUND: Translation = {
  code: 'KC_DOCKER_NOT_FOUND',
  gapCode: 'other',
  happened: 'knows no such container',
  hint: 'List containers with `docker ps -a`; it may have been removed or created anew.',
  retryable: false,
};
const CONFLICT: Translation = {
  ...PROTOCOL,
  happened: 'found the container in another state',
  hint: 'Look at it with `docker ps -a`, then try again.',
};
const FAILED: Translation = {
  ...PROTOCOL,
  happened: 'failed',
  hint: "Look into the daemon's own log, for example with `journalctl -u docker`.",
};
const NOT_SUPPORTED: Translation = {
  ...PROTOCOL,
  happened: 'does not support that',
  hint: 'For a log: its logging driver keeps no readable copy; use json-file, local or journald.',
};

/** Node's error codes: libuv, TLS (OpenSSL's X509 names), and the HTTP parser. */
const BY_NODE_CODE: Readonly<Record<string, Translation>> = {
  ENOENT: NO_SOCKET,
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: REFUSED,
  ENETUNREACH: REFUSED,
  ENOTFOUND: UNRESOLVABLE,
  EAI_AGAIN: UNRESOLVABLE,
  ETIMEDOUT: TIMEOUT,
  EACCES: UNAUTHORIZED,
  EPERM: UNAUTHORIZED,
  ECONNRESET: BROKEN_OFF,
  EPIPE: BROKEN_OFF,
  CERT_HAS_EXPIRED: UNAUTHENTICATED,
  CERT_NOT_YET_VALID: UNAUTHENTICATED,
  CERT_SIGNATURE_FAILURE: UNAUTHENTICATED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNAUTHENTICATED,
  SELF_SIGNED_CERT_IN_CHAIN: UNAUTHENTICATED,
  UNABLE_TO_GET_ISSUER_CERT: UNAUTHENTICATED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNAUTHENTICATED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNAUTHENTICATED,
  ERR_TLS_CERT_ALTNAME_INVALID: UNAUTHENTICATED,
};

function byStatus(status: number): Translation {
  switch (status) {
    case 401:
      return UNAUTHENTICATED;
    case 403:
      return UNAUTHORIZED;
    case 404:
      return NOT_FOUND;
    case 409:
      return CONFLICT;
    case 501:
      return NOT_SUPPORTED;
    default:
      return status >= 500 ? FAILED : PROTOCOL;
  }
}

function translationOf(error: unknown): Translation {
  if (error instanceof NoAnswer) return TIMEOUT;
  const status = statusOf(error);
  if (status !== null) return byStatus(status);
  const code = nodeCodeOf(error);
  if (code === null) return PROTOCOL;
  // A server that wants a client certificate answers with an alert: ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED and its like.
  if (code.startsWith('ERR_SSL_') && code.includes('ALERT')) return UNAUTHENTICATED;
  return BY_NODE_CODE[code] ?? PROTOCOL;
}

/** HTTP status of an answer that dockerode counts as an error, else null. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

/** The innermost code: a connection tried over several addresses fails with an AggregateError that has none of its own. */
function nodeCodeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof AggregateError && error.errors.length > 0) return nodeCodeOf(error.errors[0]);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return nodeCodeOf(error.cause);
}

/** The daemon's sentence, without the status that dockerode puts before it. */
function ownWords(error: Error): string {
  return error.message.replace(/^\(HTTP code \d+\) .*? - /, '').trim();
}

/** Errors of ours pass through; everything else becomes a DependencyError by its code or status, never by its text. */
export function dockerError(error: unknown, { operation, address }: Question): DoctorError {
  if (error instanceof DoctorError) return error;
  const { code, gapCode, happened, hint, retryable } = translationOf(error);
  return new DependencyError(code, `Docker (${address}) ${happened} when asked for ${operation}.`, hint, {
    system: 'docker',
    operation,
    gapCode,
    retryable,
    cause: error,
    details: error instanceof Error && !(error instanceof NoAnswer) ? [ownWords(error)] : [],
  });
}
