import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeLive } from '../support/live.ts';
import { DAY, HOUR, healthyChain } from '../support/platform-rows.ts';
import {
  createPlatformDatabase,
  openForTest as open,
  type PlatformDatabase,
  POSTGRES_MISSING,
  type RealPostgres,
  startPostgres,
  untilSome,
} from '../support/real-postgres.ts';
import { serveTcp, slowProxy, unusedAddress } from '../support/tcp.ts';

const OPENSSL_MISSING = spawnSync('openssl', ['version']).status === 0 ? null : 'no openssl on the PATH';
const signal = AbortSignal.timeout(600_000);

describe('Postgres out of reach', () => {
  it('says that nobody listens', async () => {
    await using reader = open(`postgres://kc:hush-hush@${await unusedAddress()}/kc`);
    await expect(reader.facts(signal)).rejects.toMatchObject({
      code: 'KC_POSTGRES_REFUSED',
      gapCode: 'refused',
      system: 'postgres',
    });
  });

  it('says that the name does not resolve', async () => {
    await using reader = open('postgres://kc@db.invalid/kc');
    await expect(reader.facts(signal)).rejects.toMatchObject({
      code: 'KC_POSTGRES_UNRESOLVABLE',
      gapCode: 'unresolvable',
    });
  });

  it('stops waiting for a server that accepts and is silent', async () => {
    await using mute = await serveTcp(() => undefined);
    await using reader = open(`postgres://kc@${mute.address}/kc`, { connectTimeoutMs: 100 });
    await expect(reader.facts(signal)).rejects.toMatchObject({
      code: 'KC_POSTGRES_TIMEOUT',
      gapCode: 'timeout',
    });
    await using patient = open(`postgres://kc@${mute.address}/kc`, { connectTimeoutMs: 60_000 });
    await expect(patient.facts(AbortSignal.timeout(100))).rejects.toMatchObject({ gapCode: 'timeout' });
    expect(await untilSome(async () => (mute.connections() === 0 ? 'hung up' : null))).toBe('hung up');
  });

  it('says that the server speaks no TLS where TLS is wanted', async () => {
    await using plain = await serveTcp((socket) => socket.once('data', () => socket.write('N')));
    await using reader = open(`postgres://kc@${plain.address}/kc`, { ssl: { mode: 'require' } });
    await expect(reader.facts(signal)).rejects.toMatchObject({
      code: 'KC_POSTGRES_TLS',
      gapCode: 'protocol',
    });
  });
});

describeLive('Postgres that does not let look', POSTGRES_MISSING, () => {
  let server: RealPostgres;
  let database: PlatformDatabase;
  const chain = healthyChain(Date.now() - HOUR);

  beforeAll(async () => {
    server = await startPostgres();
    database = await createPlatformDatabase(server);
    await database.fill(chain);
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it('stops waiting for a server that falls silent in the middle', async () => {
    const { host } = new URL(database.readerUrl);
    const delays = { now: 0 };
    await using proxy = await slowProxy(host, () => delays.now);
    const url = database.readerUrl.replace(host, proxy.address);
    await using reader = open(url, { statementTimeoutMs: 200, connectTimeoutMs: 200 });
    expect(await reader.knownPayments([chain.payment.id], signal)).toEqual([chain.payment.id]);
    delays.now = 3_600_000;
    await expect(reader.knownPayments([chain.payment.id], signal)).rejects.toMatchObject({
      gapCode: 'timeout',
    });
    delays.now = 0;
    expect(await reader.knownPayments([chain.payment.id], signal)).toEqual([chain.payment.id]);
  });

  it('names the login that is not accepted, and never the password', async () => {
    const url = new URL(database.ownerUrl);
    url.username = 'nobody_like_that';
    url.password = 'hush-hush';
    await using reader = open(url.toString());
    const failure = await reader.facts(signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'KC_POSTGRES_UNAUTHENTICATED', gapCode: 'unauthenticated' });
    expect(JSON.stringify([failure, String(failure), reader.address])).not.toContain('hush-hush');
  });

  it('names a database that does not exist', async () => {
    const url = new URL(database.ownerUrl);
    url.pathname = '/no_such_database';
    await using reader = open(url.toString());
    await expect(reader.facts(signal)).rejects.toMatchObject({
      code: 'KC_POSTGRES_NO_DATABASE',
      gapCode: 'protocol',
    });
  });

  it('says what it may not read', async () => {
    await database.owner.query(`revoke select on trainer_allocations from ${database.name}_reader`);
    await using reader = open(database.readerUrl);
    await expect(reader.anomalies(DAY, signal)).rejects.toMatchObject({
      code: 'KC_POSTGRES_UNAUTHORIZED',
      gapCode: 'unauthorized',
    });
    await database.owner.query(`grant select on trainer_allocations to ${database.name}_reader`);
    expect(await reader.anomalies(DAY, signal)).toMatchObject({ pairsWithTwoLiveAllocations: 0 });
  });
});

describeLive('reading Postgres over TLS', OPENSSL_MISSING, () => {
  let folder: string;
  let key: string;
  let cert: string;
  const caFile = () => join(folder, 'cert.pem');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kc-tls-'));
    const request = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=db.example',
    ];
    const names = ['-addext', 'subjectAltName=DNS:db.example'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', caFile()];
    const made = spawnSync('openssl', [...request, ...names, ...files], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
    [key, cert] = (await Promise.all(
      ['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name), 'utf8')),
    )) as [string, string];
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Goes as far as the login, which it refuses: whoever hears that has got through TLS. */
  function secureServer() {
    return serveTcp((socket) => {
      socket.once('data', () => {
        socket.write('S');
        const secure = new TLSSocket(socket, { isServer: true, key, cert });
        secure.on('error', () => undefined);
        secure.once('data', () => secure.end(loginRefused()));
      });
    });
  }

  it.each([
    ['require', false, 'KC_POSTGRES_UNAUTHENTICATED'],
    ['require', true, 'KC_POSTGRES_UNAUTHENTICATED'],
    ['verify-full', false, 'KC_POSTGRES_TLS'],
    // Its certificate is for db.example and the address is 127.0.0.1.
    ['verify-full', true, 'KC_POSTGRES_TLS'],
  ] as const)('with %s and an authority: %s ends in %s', async (mode, withAuthority, code) => {
    await using server = await secureServer();
    const ssl = withAuthority ? { mode, caFile: caFile() } : { mode };
    await using reader = open(`postgres://kc@${server.address}/kc`, { ssl });
    await expect(reader.facts(signal)).rejects.toMatchObject({ code });
  });

  it('does not take the certificate of another authority, even where only encryption is asked for', async () => {
    await using server = await secureServer();
    const other = join(folder, 'other.pem');
    await writeFile(other, rootCertificates[0] ?? '');
    await using reader = open(`postgres://kc@${server.address}/kc`, {
      ssl: { mode: 'require', caFile: other },
    });
    await expect(reader.facts(signal)).rejects.toMatchObject({ code: 'KC_POSTGRES_TLS' });
  });

  it('names the authority that cannot be read', async () => {
    await using server = await secureServer();
    const ssl = { mode: 'require', caFile: join(folder, 'absent.pem') } as const;
    await using reader = open(`postgres://kc@${server.address}/kc`, { ssl });
    await expect(reader.facts(signal)).rejects.toMatchObject({ code: 'KC_POSTGRES_CA', name: 'ConfigError' });
  });
});

/** ErrorResponse: severity, SQLSTATE and text, each ended by a zero. */
function loginRefused(): Buffer {
  const fields = Buffer.from('SFATAL\0C28P01\0Mpassword authentication failed\0\0');
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from('E'), length, fields]);
}
