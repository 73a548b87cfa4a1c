import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { ConfigError } from '../../errors.ts';

export interface PostgresTls {
  /** `require` encrypts and verifies nothing, as in libpq; with an authority it verifies the chain and not the name. */
  readonly mode: 'disable' | 'require' | 'verify-full';
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string;
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
