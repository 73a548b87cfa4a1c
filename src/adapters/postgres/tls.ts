import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { ConfigError } from '../../errors.ts';

export const TLS_MODES = ['disable', 'require', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface PostgresTls {
  readonly mode: TlsMode;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string;
}

/**
 * What an address and POSTGRES_SSL ask for. The words mean what they mean in libpq, which is not what `pg` makes of them:
 * `require` encrypts and, without a certificate authority, verifies nothing (libpq documentation, table 34.1).
 */
export function tlsOfAddress(url: string, postgresSsl?: string, caFile?: string): PostgresTls {
  const parameters = URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
  const rootCert = parameters.get('sslrootcert');
  const authority = caFile ?? (rootCert === 'system' ? null : rootCert);
  const withAuthority = authority === null || authority === '' ? {} : { caFile: authority };
  switch (parameters.get('sslmode') ?? sslParameter(parameters.get('ssl') ?? postgresSsl)) {
    case 'disable':
    case 'allow':
      return { mode: 'disable' };
    case 'verify-full':
      return { mode: 'verify-full', ...withAuthority };
    case 'verify-ca':
      // With an authority `require` verifies the chain and not the name, which is verify-ca.
      return 'caFile' in withAuthority ? { mode: 'require', ...withAuthority } : { mode: 'verify-full' };
    case 'no-verify':
      return { mode: 'require' };
    default:
      return rootCert === 'system' ? { mode: 'verify-full' } : { mode: 'require', ...withAuthority };
  }
}

/** `ssl=` of an address and POSTGRES_SSL are yes or no, or carry the word of an sslmode. */
function sslParameter(value: string | undefined): string {
  switch (value?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'false':
    case '0':
    case 'no':
    case 'off':
      return 'disable';
    case 'true':
    case '1':
    case 'yes':
    case 'on':
      return 'require';
    default:
      return value?.trim().toLowerCase() ?? 'disable';
  }
}

/** `false` for no TLS, else what node:tls wants to know. */
export async function connectionTls(tls: PostgresTls): Promise<false | ConnectionOptions> {
  if (tls.mode === 'disable') return false;
  if (tls.caFile === undefined) return { rejectUnauthorized: tls.mode === 'verify-full' };
  const ca = await readAuthority(tls.caFile);
  if (tls.mode === 'verify-full') return { ca };
  return { ca, checkServerIdentity: () => undefined };
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      'KC_POSTGRES_CA',
      `The certificate authority of Postgres, ${path}, cannot be read.`,
      'Give a readable PEM file in sslrootcert or postgres.caFile.',
      { cause },
    );
  }
}
