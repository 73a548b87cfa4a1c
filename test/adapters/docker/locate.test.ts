import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateDocker } from '../../../src/adapters/docker/locate.ts';

let home: string;
let servers: Server[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kc-docker-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  await rm(home, { recursive: true });
});

async function socketAt(path: string): Promise<string> {
  const full = join(home, path);
  await mkdir(dirname(full), { recursive: true });
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(full, resolve));
  return full;
}

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), text);
}

async function context(
  name: string,
  endpoint: Record<string, unknown>,
  certificates = false,
): Promise<string> {
  const id = createHash('sha256').update(name).digest('hex');
  await file(
    `.docker/contexts/meta/${id}/meta.json`,
    JSON.stringify({ Name: name, Endpoints: { docker: endpoint } }),
  );
  const directory = `.docker/contexts/tls/${id}/docker`;
  if (certificates) await file(`${directory}/ca.pem`, 'pem');
  return join(home, directory);
}

const locate = (environment: Record<string, string> = {}) =>
  locateDocker({ HOME: home, ...environment }, join(home, 'system.sock'));

describe('DOCKER_HOST', () => {
  it('comes before everything else', async () => {
    await socketAt('system.sock');
    await file('.docker/config.json', '{"currentContext":"other"}');
    const { endpoint, declined } = await locate({
      DOCKER_HOST: 'unix:///run/mine.sock',
      DOCKER_CONTEXT: 'other',
    });
    expect(endpoint).toEqual({
      address: 'unix:///run/mine.sock',
      origin: 'DOCKER_HOST',
      connection: { kind: 'socket', path: '/run/mine.sock' },
    });
    expect(declined).toEqual([]);
  });

  it.each([
    ['tcp://10.0.0.5', { host: '10.0.0.5', port: 2375 }, 'tcp://10.0.0.5:2375'],
    ['10.0.0.5:4000', { host: '10.0.0.5', port: 4000 }, 'tcp://10.0.0.5:4000'],
    ['tcp://[::1]:2375', { host: '::1', port: 2375 }, 'tcp://[::1]:2375'],
    [
      'tcp://kc:hunter22@docker.example:2375',
      { host: 'docker.example', port: 2375 },
      'tcp://docker.example:2375',
    ],
  ])('reads %s, and shows no credentials', async (text, place, address) => {
    const { endpoint } = await locate({ DOCKER_HOST: text });
    expect(endpoint.connection).toEqual({ kind: 'tcp', ...place, tls: null });
    expect(endpoint.address).toBe(address);
  });

  it('takes TLS from DOCKER_TLS_VERIFY and DOCKER_CERT_PATH', async () => {
    const { endpoint } = await locate({
      DOCKER_HOST: 'tcp://10.0.0.5',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/certs',
    });
    expect(endpoint.connection).toEqual({
      kind: 'tcp',
      host: '10.0.0.5',
      port: 2376,
      tls: { directory: '/certs', isVerified: true },
    });
  });

  it.each([
    ['ssh://root@docker.example', 'KC_DOCKER_SSH'],
    ['ftp://docker.example', 'KC_DOCKER_ADDRESS'],
    ['unix://', 'KC_DOCKER_ADDRESS'],
    ['tcp://host:notaport', 'KC_DOCKER_ADDRESS'],
  ])('refuses %s instead of looking elsewhere', async (text, code) => {
    await socketAt('system.sock');
    await expect(locate({ DOCKER_HOST: text })).rejects.toMatchObject({
      code,
      system: 'docker',
      gapCode: 'not-configured',
    });
  });
});

describe('the Docker context', () => {
  it('is read from the store, by DOCKER_CONTEXT before the configured one', async () => {
    await socketAt('system.sock');
    await file('.docker/config.json', '{"currentContext":"configured"}');
    await context('configured', { Host: 'tcp://10.0.0.1:2375' });
    const directory = await context('named', { Host: 'tcp://10.0.0.2:2376', SkipTLSVerify: false }, true);
    expect((await locate()).endpoint).toMatchObject({
      address: 'tcp://10.0.0.1:2375',
      origin: 'context configured',
      connection: { tls: null },
    });
    expect((await locate({ DOCKER_CONTEXT: 'named' })).endpoint).toMatchObject({
      address: 'tcp://10.0.0.2:2376',
      origin: 'context named',
      connection: { tls: { directory, isVerified: true } },
    });
  });

  it('is never replaced by the local daemon when it cannot be used', async () => {
    await socketAt('system.sock');
    await context('overssh', { Host: 'ssh://root@docker.example' });
    await expect(locate({ DOCKER_CONTEXT: 'gone' })).rejects.toMatchObject({ code: 'KC_DOCKER_CONTEXT' });
    await expect(locate({ DOCKER_CONTEXT: 'overssh' })).rejects.toMatchObject({ code: 'KC_DOCKER_SSH' });
    await file('.docker/config.json', '{"currentContext":');
    await expect(locate()).rejects.toMatchObject({ code: 'KC_DOCKER_CONTEXT' });
  });

  it('named default means the local sockets', async () => {
    const path = await socketAt('system.sock');
    const { endpoint } = await locate({ DOCKER_CONTEXT: 'default' });
    expect(endpoint.origin).toBe(path);
  });
});

describe('local sockets', () => {
  it('are tried in order, and each says why it was passed over', async () => {
    await file('run/docker.sock', 'no socket');
    const desktop = await socketAt('.docker/run/docker.sock');
    const { endpoint, declined } = await locate({ XDG_RUNTIME_DIR: join(home, 'run') });
    expect(endpoint).toEqual({
      address: 'local',
      origin: desktop,
      connection: { kind: 'socket', path: desktop },
    });
    expect(declined).toEqual([
      { origin: 'DOCKER_HOST', reason: 'not set' },
      { origin: 'Docker context', reason: 'none is set' },
      { origin: join(home, 'system.sock'), reason: 'no such file' },
      { origin: join(home, 'run/docker.sock'), reason: 'not a socket' },
    ]);
  });

  it('found nowhere is "not configured", with every place named', async () => {
    await expect(locate()).rejects.toMatchObject({
      code: 'KC_DOCKER_NO_ENDPOINT',
      gapCode: 'not-configured',
      details: expect.arrayContaining(['rootless Docker: XDG_RUNTIME_DIR is not set']),
    });
  });
});
