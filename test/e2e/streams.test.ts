import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../support/doctor.ts';
import { neverDeployed } from '../support/golden.ts';
import { serveTcp, type TestServer } from '../support/tcp.ts';
import { NOWHERE, openWorkplace, type Workplace } from './workplace.ts';

const BIN = new URL('../../bin/kc-doctor.js', import.meta.url).pathname;
/** Far below the 15 s of a look: the answer to Ctrl-C must not wait for a system that hangs. */
const AT_ONCE_MS = 3_000;

let place: Workplace;
let mute: TestServer;

beforeAll(async () => {
  place = await openWorkplace();
  await place.writeSnapshot('incident.json', neverDeployed());
  mute = await serveTcp(() => {});
});
afterAll(async () => {
  await mute[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** Runs a line of the shell in which `doctor` is the binary. */
async function shell(line: string): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn('bash', ['-c', `doctor() { "${process.execPath}" "${BIN}" "$@"; }\n${line}`], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: place.folder, ...NOWHERE },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, output };
}

const mutely = () => ({
  DOCKER_HOST: `tcp://${mute.address}`,
  KAFKA_BROKERS: mute.address,
  POSTGRES_URL: `postgres://kc@${mute.address}/kc`,
  ADMIN_SERVICE_URL: `http://${mute.address}`,
});

describe('a reader that has seen enough', () => {
  it('ends the run without a complaint, with the exit code of the result', async () => {
    const { status, output } = await shell(
      'set -o pipefail; doctor --from incident.json --verbose | head -n 1',
    );
    expect(output).toMatch(/^kc-doctor · .*looks only\n$/);
    expect(status).toBe(1);
    expect(await shell('set -o pipefail; doctor --from incident.json --json | true')).toEqual({
      status: 1,
      output: '',
    });
  });

  it.each([
    ['standard output', 'doctor --from incident.json >&-', 1],
    ['standard error', 'doctor --from nothing.json 2>&-', 2],
    ['standard input', 'doctor --from incident.json <&- > /dev/null', 1],
  ])('is not missed where %s is closed from the start', async (_, line, status) => {
    expect(await shell(line)).toEqual({ status, output: '' });
  });

  const linux = process.platform === 'linux';
  it.runIf(linux)(
    `hears that a full disk lost the result${linux ? '' : ' [not run: needs /dev/full]'}`,
    async () => {
      expect(await shell('doctor --from incident.json > /dev/full')).toEqual({
        status: 3,
        output: 'kc-doctor: the result could not be written (ENOSPC)\n',
      });
    },
  );
});

describe('systems that accept and never answer', () => {
  it('end with what could not be seen, within the time that was given', async () => {
    const run = await doctor(['--timeout', '3', '--json'], { cwd: place.folder, environment: mutely() });
    const document = JSON.parse(run.stdout);
    expect(document.coverage.notLooked.map((gap: { system: string }) => gap.system)).toEqual(
      expect.arrayContaining(['docker', 'kafka', 'postgres', 'admin-service']),
    );
    expect([run.exitCode, document.exitCode]).toEqual([3, 3]);
    expect(run.tookMs).toBeLessThan(3_000 + AT_ONCE_MS);
  });

  it.each(['docker', 'kafka and postgres'])('let go at once on Ctrl-C: %s', async (who) => {
    const environment =
      who === 'docker' ? mutely() : { ...mutely(), DOCKER_HOST: NOWHERE['DOCKER_HOST'] ?? '' };
    const listening = await connectionCounter(environment);
    const interrupt = new AbortController();
    const started = doctor([], {
      cwd: place.folder,
      environment: listening.environment,
      signal: interrupt.signal,
    });
    await listening.connected;
    const beganMs = performance.now();
    interrupt.abort();
    const run = await started;
    await listening.close();
    expect(run).toMatchObject({ exitCode: 130, stdout: '' });
    expect(run.stderr).toContain('interrupted');
    expect(performance.now() - beganMs).toBeLessThan(AT_ONCE_MS);
  });
});

/** The same environment behind a mute server of its own, and a promise of its first connection. */
async function connectionCounter(environment: Readonly<Record<string, string>>) {
  let arrived: () => void = () => {};
  const connected = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = await serveTcp(() => arrived());
  return {
    connected,
    close: () => server[Symbol.asyncDispose](),
    environment: Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replace(mute.address, server.address)]),
    ),
  };
}
