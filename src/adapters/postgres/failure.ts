import { DependencyError, DoctorError } from '../../errors.ts';
import type { GapCode } from '../../platform/observed.ts';

interface Meaning {
  readonly code: string;
  readonly gapCode: GapCode;
  readonly says: string;
  readonly hint: string;
  readonly retryable?: boolean;
}

const REFUSED: Meaning = {
  code: 'KC_POSTGRES_REFUSED',
  gapCode: 'refused',
  says: 'refused the connection',
  hint: 'Check that the server runs and that its host, port and firewall let this machine in.',
  retryable: true,
};
const BUSY: Meaning = {
  code: 'KC_POSTGRES_BUSY',
  gapCode: 'refused',
  says: 'has no room for another connection or query',
  hint: 'Look for a connection leak in pg_stat_activity, or raise the limit of the server or its pooler.',
  retryable: true,
};
const UNRESOLVABLE: Meaning = {
  code: 'KC_POSTGRES_UNRESOLVABLE',
  gapCode: 'unresolvable',
  says: 'has a host name that does not resolve here',
  hint: 'Check the host in POSTGRES_URL, or map it to an address that this machine reaches.',
};
const SILENT: Meaning = {
  code: 'KC_POSTGRES_TIMEOUT',
  gapCode: 'timeout',
  says: 'did not answer in time',
  hint: 'Check the network, or give more time with --timeout.',
  retryable: true,
};
const SLOW: Meaning = {
  code: 'KC_POSTGRES_TIMEOUT',
  gapCode: 'timeout',
  says: 'cancelled a query that took too long',
  hint: 'Narrow the window with --since, or give more time with --timeout.',
  retryable: true,
};
const LOGIN: Meaning = {
  code: 'KC_POSTGRES_UNAUTHENTICATED',
  gapCode: 'unauthenticated',
  says: 'did not accept the login',
  hint: 'Check user, password and sslmode of POSTGRES_URL.',
};
const RIGHT: Meaning = {
  code: 'KC_POSTGRES_UNAUTHORIZED',
  gapCode: 'unauthorized',
  says: 'does not let this login read what was asked',
  hint: 'Grant what kc-doctor config --grants prints.',
};
const TLS: Meaning = {
  code: 'KC_POSTGRES_TLS',
  gapCode: 'protocol',
  says: 'could not be reached over TLS as configured',
  hint: 'Check sslmode and sslrootcert of POSTGRES_URL.',
};
const NO_DATABASE: Meaning = {
  code: 'KC_POSTGRES_NO_DATABASE',
  gapCode: 'protocol',
  says: 'has no database of that name',
  hint: 'Check the database name in POSTGRES_URL.',
};
const SCHEMA: Meaning = {
  code: 'KC_POSTGRES_SCHEMA',
  gapCode: 'protocol',
  says: "lacks a part of the platform's schema",
  hint: 'Check that POSTGRES_URL names the platform database, and run its migrations.',
};
const OTHER: Meaning = {
  code: 'KC_POSTGRES_OTHER',
  gapCode: 'other',
  says: 'failed',
  hint: 'Read the message of the server above, and its log.',
};
const BROKEN: Meaning = {
  code: 'KC_POSTGRES_CONNECTION_LOST',
  gapCode: 'other',
  says: 'closed the connection',
  hint: 'Look at the server or its pooler: it may have restarted.',
  retryable: true,
};

/** Whole SQLSTATEs first, then their classes (PostgreSQL documentation, appendix A). */
const BY_SQLSTATE: Readonly<Record<string, Meaning>> = {
  '08001': REFUSED,
  '08004': REFUSED,
  '08003': BROKEN,
  '08006': BROKEN,
  '08P01': {
    ...OTHER,
    code: 'KC_POSTGRES_PROTOCOL',
    gapCode: 'protocol',
    says: 'or its pooler refused the request',
  },
  '28': LOGIN,
  '3D000': NO_DATABASE,
  '42501': RIGHT,
  '42703': SCHEMA,
  '42P01': SCHEMA,
  '42883': SCHEMA,
  '3F000': SCHEMA,
  '53': BUSY,
  '55P03': { ...SLOW, says: 'kept the query waiting for a lock' },
  '57014': SLOW,
  '57P01': BROKEN,
  '57P02': BROKEN,
  '57P03': { ...REFUSED, says: 'is starting up or shutting down' },
  // A replica cancels a query that is in the way of replay.
  '40001': {
    ...OTHER,
    says: 'cancelled the query because of replication',
    hint: 'Ask again.',
    retryable: true,
  },
};

const BY_NODE_CODE: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: REFUSED,
  EACCES: REFUSED,
  ENOENT: REFUSED,
  EHOSTUNREACH: REFUSED,
  ENETUNREACH: REFUSED,
  ENOTFOUND: UNRESOLVABLE,
  EAI_AGAIN: UNRESOLVABLE,
  ETIMEDOUT: SILENT,
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  EPROTO: TLS,
  SELF_SIGNED_CERT_IN_CHAIN: TLS,
  DEPTH_ZERO_SELF_SIGNED_CERT: TLS,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TLS,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TLS,
  CERT_HAS_EXPIRED: TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: TLS,
};

/** The connection ended under a query: only then is a second try on a new connection of use. */
export function isConnectionLoss(error: unknown): boolean {
  return meaningOf(error) === BROKEN;
}

export function isStatementTimeout(error: unknown): boolean {
  return codeOf(error) === '57014';
}

export function sqlState(error: unknown): string | null {
  const code = codeOf(error);
  return code !== null && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

export interface FailureContext {
  readonly address: string;
  /** Takes the secrets out of what the server said. */
  readonly mask: (text: string) => string;
}

/** `operation` is a noun phrase: "payments of the window". */
export function postgresFailure(error: unknown, operation: string, context: FailureContext): DoctorError {
  if (error instanceof DoctorError) return error;
  const meaning = meaningOf(error);
  const said = context.mask(wordsOf(error));
  const state = sqlState(error);
  const detail = [state, said].filter((part) => part !== null && part !== '').join(' ');
  return new DependencyError(
    meaning.code,
    `Postgres at ${context.address} ${meaning.says}${detail === '' ? '' : `: ${detail}`}.`,
    meaning.hint,
    {
      system: 'postgres',
      operation,
      gapCode: meaning.gapCode,
      retryable: meaning.retryable ?? false,
      cause: masked(error, said),
    },
  );
}

export function silence(operation: string, context: FailureContext): DependencyError {
  return new DependencyError(SILENT.code, `Postgres at ${context.address} ${SILENT.says}.`, SILENT.hint, {
    system: 'postgres',
    operation,
    gapCode: SILENT.gapCode,
    retryable: true,
  });
}

function meaningOf(error: unknown): Meaning {
  const code = codeOf(error);
  if (code !== null) {
    const known = BY_NODE_CODE[code] ?? BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 2)];
    if (known !== undefined) return known;
  }
  // Texts of `pg` itself, which gives these errors no code.
  const words = wordsOf(error);
  if (/does not support SSL|SSL connection|password must be a string|SASL/i.test(words)) {
    return /SASL|password/i.test(words) ? LOGIN : TLS;
  }
  if (/Connection terminated/i.test(words)) return BROKEN;
  return OTHER;
}

function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

function wordsOf(error: unknown): string {
  // Connecting to several addresses of one name fails with an AggregateError whose own message is empty.
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}

/** Errors of the client carry more than their message (parameters, the failing row): only the masked words go on. */
function masked(error: unknown, said: string): Error {
  const plain = new Error(said);
  if (error instanceof Error) plain.name = error.name;
  return plain;
}
