import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDocker } from '../../src/adapters/docker/open-docker.ts';
import type { ContainerState } from '../../src/platform/state.ts';
import type { ContainerRuntimeOperator } from '../../src/ports/container-runtime.ts';
import { describeLive } from '../support/live.ts';
import { missingDocker, RealDocker } from '../support/real-docker.ts';
import { type ContainerSpec, containerRuntimeContract, type Output } from './container-runtime.contract.ts';

/** A shell as process 1 ignores SIGTERM unless it has a trap, and sees it only between two commands or in `wait`. */
const STAY = "trap 'exit 0' TERM; sleep 600 & wait";
const SOCKET = '/var/run/docker.sock';

function open(
  environment: Record<string, string>,
  secrets: readonly string[] = [],
): ContainerRuntimeOperator {
  return openDocker({ environment: { HOME: tmpdir(), ...environment }, secrets, timeoutMs: 10_000 });
}

/** Streams reach the daemon by two pipes: a pause keeps their order. */
function printing(output: readonly Output[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return output
    .map(({ stream, text }, index) => {
      const pause = index > 0 && output[index - 1]?.stream !== stream ? 'sleep 0.05; ' : '';
      return `${pause}printf '%s\\n' ${quote(text)}${stream === 'stderr' ? ' >&2' : ''}; `;
    })
    .join('');
}

function optionsOf({ project, service, oneOff, environment = {}, composeFile }: ContainerSpec) {
  const labels = {
    'com.docker.compose.project': project,
    'com.docker.compose.service': service,
    'com.docker.compose.oneoff': oneOff === undefined ? undefined : oneOff ? 'True' : 'False',
    'com.docker.compose.project.config_files': composeFile,
  };
  const set = Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    Labels: Object.fromEntries(set),
    Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
  };
}

describeLive('Docker on a real daemon', await missingDocker(), () => {
  containerRuntimeContract('docker container runtime', async () => {
    const real = await new RealDocker().open();
    const directory = await mkdtemp(join(tmpdir(), 'kcd-compose-'));
    const outputs = new Map<string, ContainerSpec>();
    const runs = new Map<string, number>();
    let files = 0;

    /** Its output is in the log, and its process has ended or sleeps: before that it would not hear a polite stop. */
    async function settled(id: string, isEnded: boolean): Promise<void> {
      const container = real.docker.getContainer(id);
      const lines = (outputs.get(id)?.output?.length ?? 0) * (runs.get(id) ?? 0);
      const now = async () => {
        const { State } = await container.inspect();
        const log = await container.logs({ stdout: true, stderr: true, follow: false });
        const processes = State.Running ? JSON.stringify(await container.top()) : '';
        return {
          isSleeping: processes.includes('sleep 600'),
          isRunning: State.Running,
          lines: log.toString('latin1').split('\n').length - 1,
        };
      };
      await expect
        .poll(now, { timeout: 20_000, interval: 20 })
        .toEqual({ isSleeping: !isEnded, isRunning: !isEnded, lines });
    }

    return {
      open: (secrets) => open({ DOCKER_HOST: `unix://${SOCKET}` }, secrets),
      create: async (spec) => {
        const { name, output = [], exitCode } = spec;
        const script = printing(output) + (exitCode === undefined ? STAY : `exit ${exitCode}`);
        const id = await real.create(name, script, optionsOf(spec));
        outputs.set(id, spec);
        return id;
      },
      start: async (id) => {
        runs.set(id, (runs.get(id) ?? 0) + 1);
        await real.docker.getContainer(id).start();
        await settled(id, outputs.get(id)?.exitCode !== undefined);
      },
      stop: async (id) => {
        await real.docker.getContainer(id).stop({ t: 10 });
      },
      writeComposeFile: async (services) => {
        files += 1;
        const path = join(directory, `${files}.yml`);
        await writeFile(path, `services:\n${services.map((service) => `  ${service}: {}\n`).join('')}`);
        return path;
      },
      fingerprint: async () => {
        const ids = await real.containerIds();
        return await Promise.all(
          ids.map(async (id) => {
            const { State, RestartCount } = await real.docker.getContainer(id).inspect();
            return { id, State, RestartCount, log: await real.logBytes(id) };
          }),
        );
      },
      [Symbol.asyncDispose]: async () => {
        await real[Symbol.asyncDispose]();
        await rm(directory, { recursive: true });
      },
    };
  });

  describe('what only a real daemon does', () => {
    const signal = (): AbortSignal => AbortSignal.timeout(30_000);
    const everything = { tailLines: 1_000, untilMs: null, maxBytes: 1_000_000 };
    let real: RealDocker;
    let runtime: ContainerRuntimeOperator;
    let prefix: string;

    beforeAll(async () => {
      real = await new RealDocker().open();
      runtime = open({});
      prefix = `kcd-${crypto.randomUUID().slice(0, 12)}`;
    });
    afterAll(async () => {
      await runtime[Symbol.asyncDispose]();
      await real[Symbol.asyncDispose]();
    });

    async function stateOf(id: string): Promise<ContainerState | undefined> {
      return (await runtime.containers(signal())).find((container) => container.id === id);
    }

    async function textsOf(id: string): Promise<readonly string[]> {
      return (await runtime.logTail(id, everything, signal())).lines.map(({ text }) => text);
    }

    it('is found without being told where', async () => {
      expect(await runtime.facts(signal())).toMatchObject({ address: 'local' });
    });

    it('counts the restarts of a container that keeps dying', async () => {
      const HostConfig = { RestartPolicy: { Name: 'unless-stopped' } };
      const id = await real.create(`${prefix}-loop`, 'echo dying; exit 3', { HostConfig });
      await real.docker.getContainer(id).start();
      await expect
        .poll(async () => (await stateOf(id))?.restartCount ?? 0, { timeout: 20_000 })
        .toBeGreaterThanOrEqual(2);
      await expect
        .poll(async () => await stateOf(id), { timeout: 20_000 })
        .toMatchObject({ status: 'restarting', exitCode: 3, restartPolicy: 'unless-stopped' });
      await runtime.stop(id, 1, signal());
      expect(await stateOf(id)).toMatchObject({ status: 'exited', exitCode: 3 });
    });

    it('kills what does not end within its grace, which is no lack of memory', async () => {
      const id = await real.create(`${prefix}-deaf`, "trap '' TERM; echo deaf; while :; do sleep 1; done");
      await runtime.start(id, signal());
      await expect.poll(() => textsOf(id)).toEqual(['deaf']);
      await runtime.stop(id, 1, signal());
      expect(await stateOf(id)).toMatchObject({ status: 'exited', exitCode: 137, oomKilled: false });
    });

    it('joins lines that it had to split', async () => {
      const long = `"${'y'.repeat(40_000)}ü"`;
      const script = `head -c 40000 /dev/zero | tr '\\0' y | { printf '"'; cat; printf 'ü"\\nnext\\n'; }; ${STAY}`;
      const id = await real.create(`${prefix}-long`, script);
      await runtime.start(id, signal());
      await expect.poll(() => textsOf(id)).toEqual([long, 'next']);
    });

    it('has logs of terminals, which are not framed', async () => {
      const id = await real.create(`${prefix}-tty`, `echo one; echo two >&2; ${STAY}`, { Tty: true });
      await runtime.start(id, signal());
      await expect.poll(() => textsOf(id)).toEqual(['one', 'two']);
    });

    it('has logs that nobody can read', async () => {
      const HostConfig = { LogConfig: { Type: 'none', Config: {} } };
      const id = await real.create(`${prefix}-mute`, STAY, { HostConfig });
      await runtime.start(id, signal());
      await expect(runtime.logTail(id, everything, signal())).rejects.toMatchObject({
        system: 'docker',
        gapCode: 'protocol',
        hint: expect.stringContaining('logging driver'),
      });
    });

    it('does not call a rotated log whole', async () => {
      const HostConfig = { LogConfig: { Type: 'json-file', Config: { 'max-size': '1k', 'max-file': '2' } } };
      const script = `i=0; while [ $i -lt 200 ]; do echo "line $i"; i=$((i+1)); done; ${STAY}`;
      const id = await real.create(`${prefix}-rotated`, script, { HostConfig });
      await runtime.start(id, signal());
      await expect.poll(async () => (await textsOf(id)).at(-1)).toBe('line 199');
      const tail = await runtime.logTail(id, everything, signal());
      expect(tail.lines.length).toBeLessThan(200);
      expect(tail.whole).toBe(false);
    });

    it('publishes ports and gives names on networks', async () => {
      await real.createNetwork(`${prefix}-net`);
      const id = await real.create(`${prefix}-kafka`, STAY, {
        ExposedPorts: { '9092/tcp': {} },
        HostConfig: {
          NetworkMode: `${prefix}-net`,
          PortBindings: { '9092/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
        },
        NetworkingConfig: { EndpointsConfig: { [`${prefix}-net`]: { Aliases: ['kafka'] } } },
      });
      await runtime.start(id, signal());
      const state = await stateOf(id);
      expect(state?.networkMode).toBe(`${prefix}-net`);
      expect(state?.networks).toEqual([
        {
          name: `${prefix}-net`,
          aliases: expect.arrayContaining(['kafka']),
          ipAddress: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
        },
      ]);
      expect(state?.publishedPorts).toEqual([
        { containerPort: 9092, hostIp: '127.0.0.1', hostPort: expect.any(Number) },
      ]);
    });
  });

  describe('over TCP with TLS', () => {
    let directory: string;
    let port: number;
    let close: () => Promise<void>;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'kcd-tls-'));
      makeCertificates(directory);
      const [ca, cert, key] = await Promise.all(
        ['ca.pem', 'server-cert.pem', 'server-key.pem'].map((name) => readFile(join(directory, name))),
      );
      // In front of the daemon's socket, as `dockerd --tlsverify` is: only clients with a certificate of the CA.
      const server = createServer(
        { ca, cert, key, requestCert: true, rejectUnauthorized: true },
        (client) => {
          const daemon = connect(SOCKET);
          client.pipe(daemon).pipe(client);
          client.on('error', () => daemon.destroy()).on('close', () => daemon.destroy());
          daemon.on('error', () => client.destroy()).on('close', () => client.destroy());
        },
      );
      server.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
      close = async () => void (await new Promise((resolve) => server.close(resolve)));
    });
    afterAll(async () => {
      await close();
      await rm(directory, { recursive: true });
    });

    const ask = async (environment: Record<string, string>) => {
      await using runtime = open({ DOCKER_HOST: `tcp://127.0.0.1:${port}`, ...environment });
      return await runtime.facts(AbortSignal.timeout(10_000));
    };

    it('is reached with the certificates of DOCKER_CERT_PATH', async () => {
      await using local = open({});
      const { daemonId } = await local.facts(AbortSignal.timeout(10_000));
      const facts = await ask({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory });
      expect(facts).toMatchObject({ daemonId, address: `tcp://127.0.0.1:${port}` });
    });

    it.each([
      ['a CA that it does not belong to', 'other', 'unauthenticated'],
      ['no client certificate', 'ca-only', 'unauthenticated'],
    ])('refuses %s', async (_, folder, gapCode) => {
      const certificates = join(directory, folder);
      await expect(ask({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates })).rejects.toMatchObject({
        system: 'docker',
        gapCode,
      });
    });

    it('is not taken for a plain one', async () => {
      await expect(ask({})).rejects.toMatchObject({ system: 'docker', gapCode: 'protocol' });
    });
  });
});

function makeCertificates(directory: string): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=kcd-ca');
  const san = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', ...newKey, '-keyout', 'server-key.pem', '-out', 'server.csr', '-subj', '/CN=daemon', ...san);
  openssl('x509', '-req', '-in', 'server.csr', ...ca, '-copy_extensions', 'copy', '-out', 'server-cert.pem');
  openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'client.csr', '-subj', '/CN=kc-doctor');
  openssl('x509', '-req', '-in', 'client.csr', ...ca, '-out', 'cert.pem');
  execFileSync('mkdir', ['other', 'ca-only'], { cwd: directory });
  execFileSync('cp', ['ca.pem', 'ca-only/'], { cwd: directory });
  execFileSync('cp', ['cert.pem', 'key.pem', 'other/'], { cwd: directory });
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'other-key.pem',
    '-out',
    'other/ca.pem',
    '-subj',
    '/CN=other',
  );
}
