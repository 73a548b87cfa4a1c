import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DoctorRun, doctor } from '../support/doctor.ts';
import { KNOWN_SECRETS, PLANTED_SECRETS } from '../support/secrets.ts';
import type { TestServer } from '../support/tcp.ts';
import { leaksIn } from './leaks.ts';
import { openToldDaemon, type ToldContainer, type ToldDaemon } from './told-daemon.ts';
import { openRefusingPostgres } from './told-postgres.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

const [PASSWORD = '', TOKEN = '', PIN = '', SASL = ''] = KNOWN_SECRETS;
const TEXTS = PLANTED_SECRETS.map(({ text }) => text);
const VARIABLES = TEXTS.map((text, index) => `PLANTED_${index}=${text}`);

const WORKERS = ['purchase-worker', 'allocation-worker', 'session-worker', 'cache-worker'];

/** What a worker would log of a failure that quotes each of them; kafkajs and unknown lines as well. */
const LOG = TEXTS.flatMap((text) => [
  JSON.stringify({ level: 'error', message: `Failed to process PURCHASE_CONFIRMED: ${text}`, service: 'x' }),
  JSON.stringify({ level: 'ERROR', logger: 'kafkajs', message: `[Connection] Connection error: ${text}` }),
  `the moon is in the wrong house ${text}`,
]);

const container = (service: string, project: string, log: ToldContainer['log']): ToldContainer => ({
  id: `id-${project}-${service}`,
  name: `${project}-${service}`,
  labels: {
    'com.docker.compose.project': project,
    'com.docker.compose.service': service,
    'com.docker.compose.project.config_files': `${place.folder}/docker-compose.yml`,
    note: TEXTS.join(' '),
  },
  environment: [
    `POSTGRES_URL=postgres://kc:${encodeURIComponent(PASSWORD)}@db.example/kc`,
    `KAFKA_BROKERS=kc:${SASL}@kafka:9092`,
    ...VARIABLES,
  ],
  command: ['node', 'main.js', '--password', PASSWORD, ...TEXTS],
  log,
});

let place: Workplace;
let daemon: ToldDaemon;
let postgres: TestServer;

beforeAll(async () => {
  place = await openWorkplace();
  daemon = await openToldDaemon([
    ...WORKERS.map((service) => container(service, 'kc', LOG)),
    container('admin-service', 'kc', { refusedWith: TEXTS.join(' ') }),
    container('bystander', 'neighbour', LOG),
  ]);
  postgres = await openRefusingPostgres(TEXTS.join(' ').replaceAll('\0', ' '));
  await place.write(
    'docker-compose.yml',
    `services:\n${WORKERS.map((name) => `  ${name}:\n    environment:\n      X: ${JSON.stringify(PASSWORD)}\n`).join('')}`,
  );
  await place.write(
    '.env.production',
    [
      `POSTGRES_URL=postgres://kc:${encodeURIComponent(PASSWORD)}@${postgres.address}/kc?sslmode=disable`,
      `REDIS_URL=redis://:${encodeURIComponent(PIN)}@127.0.0.1:1`,
      'ADMIN_SERVICE_URL=http://admin:pa55@127.0.0.1:1',
      ...VARIABLES,
    ].join('\n'),
  );
  await place.write(
    'kc-doctor.yaml',
    [
      'kafka:',
      '  brokers: ["127.0.0.1:1"]',
      '  sasl: { mechanism: plain, username: kc, passwordFrom: { env: SASL_PASSWORD } }',
      'adminService: { tokenFrom: { env: ADMIN_TOKEN } }',
    ].join('\n'),
  );
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]): Promise<DoctorRun> =>
  doctor(args, {
    cwd: place.folder,
    environment: {
      DOCKER_HOST: daemon.host,
      SASL_PASSWORD: SASL,
      ADMIN_TOKEN: TOKEN,
      ...Object.fromEntries(TEXTS.map((text, index) => [`PLANTED_${index}`, text.replaceAll('\0', ' ')])),
    },
  });

const PAYMENT = '5dc56599-cd44-4672-ab73-2bf7f789ef34';

describe('forty planted secrets', () => {
  it('are forty', () => {
    expect(PLANTED_SECRETS).toHaveLength(40);
    expect(new Set(PLANTED_SECRETS.map(({ name }) => name)).size).toBe(40);
  });

  it.each([
    'diagnose',
    'diagnose --verbose',
    'diagnose --json',
    `trace ${PAYMENT}`,
    `trace ${PAYMENT} --json`,
    'config',
    'config --json',
  ])('are in no output of %s', async (line) => {
    const { stdout, stderr } = await run(...line.split(' '));
    expect(leaksIn(stdout)).toEqual([]);
    expect(leaksIn(stderr)).toEqual([]);
    expect(stdout.length).toBeGreaterThan(200);
  });

  it.each([
    'smoke',
    'smoke --format junit',
    'fix --dry-run',
    'fix --dry-run --json',
    'history',
    'history --json',
  ])('are in no output of %s', async (line) => {
    const { stdout, stderr } = await run(...line.split(' '));
    expect(leaksIn(stdout + stderr)).toEqual([]);
    expect((stdout + stderr).length).toBeGreaterThan(20);
  });

  it('reach what was looked at: the daemon and Postgres did speak', async () => {
    const { stdout } = await run('diagnose', '--json');
    const { coverage } = JSON.parse(stdout);
    expect(coverage.looked).toEqual(expect.arrayContaining(['docker: log of kc-purchase-worker']));
    expect(JSON.stringify(coverage.notLooked)).toContain('28P01');
    expect(stdout).toContain('•••');
  });

  it('are in no snapshot, and in nothing that is made of one', async () => {
    const { stdout, stderr } = await run('snapshot', '-o', 'taken.json');
    expect(leaksIn(stdout + stderr)).toEqual([]);
    const text = await readFile(`${place.folder}/taken.json`, 'utf8');
    expect(leaksIn(text)).toEqual([]);
    expect(text.includes('Failed to process PURCHASE_CONFIRMED: could not log in with •••')).toBe(true);
    const again = await run('--from', 'taken.json', '--verbose');
    expect(leaksIn(again.stdout + again.stderr)).toEqual([]);
  });

  it('are in no complaint about a config file or a flag', async () => {
    const shaped = PLANTED_SECRETS.filter(({ known }) => known === null);
    const keys = shaped.map(({ text }) => `${JSON.stringify(text)}: 1`);
    await place.write('wrong.yaml', ['"password": hunter2', ...keys].join('\n'));
    const runs = [
      await run('--config', 'wrong.yaml'),
      await run('trace', '--', ...shaped.map(({ text }) => text)),
      ...(await Promise.all(
        ['--since', '--timeout', '--tz', '--from'].map((flag) =>
          run(`${flag}=${shaped.map(({ text }) => text).join(' ')}`),
        ),
      )),
    ];
    for (const { stdout, stderr, exitCode } of runs) {
      expect(leaksIn(stdout + stderr)).toEqual([]);
      expect(exitCode).toBe(2);
    }
  });
});
