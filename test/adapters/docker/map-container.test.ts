import type { ContainerInspectInfo } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { mapContainer } from '../../../src/adapters/docker/map-container.ts';

/** Parts of an answer of Docker 20.10, as far as they are read. */
function inspected(parts: {
  readonly Name?: string;
  readonly State?: Record<string, unknown>;
  readonly Config?: Record<string, unknown>;
  readonly HostConfig?: Record<string, unknown>;
  readonly NetworkSettings?: Record<string, unknown>;
}): ContainerInspectInfo {
  const answer = {
    Id: 'a'.repeat(64),
    Name: parts.Name ?? '/kodingcaravan-purchase-worker',
    Created: '2026-01-07T20:00:00.123456789Z',
    RestartCount: 0,
    State: {
      Status: 'running',
      Running: true,
      OOMKilled: false,
      ExitCode: 0,
      StartedAt: '2026-01-07T20:00:01.5Z',
      FinishedAt: '0001-01-01T00:00:00Z',
      ...parts.State,
    },
    Config: { Image: 'kc/backend:1.2', Labels: {}, Env: [], Tty: false, ...parts.Config },
    HostConfig: { NetworkMode: 'kc_default', RestartPolicy: { Name: 'unless-stopped' }, ...parts.HostConfig },
    NetworkSettings: { Networks: {}, Ports: {}, ...parts.NetworkSettings },
  };
  return answer as unknown as ContainerInspectInfo;
}

const withEnv = (...Env: string[]) => mapContainer(inspected({ Config: { Env } }));

it('maps a running compose container', () => {
  const state = mapContainer(
    inspected({
      Name: '/whatever',
      Config: {
        Labels: {
          'com.docker.compose.project': 'kc-backend',
          'com.docker.compose.service': 'purchase-worker',
        },
        Env: [
          'KAFKA_BROKERS=kafka:9092',
          'POSTGRES_URL=postgres://kc:hunter22@db.example:6543/kc?sslmode=require',
        ],
      },
      NetworkSettings: {
        Networks: {
          kc_default: { Aliases: ['purchase-worker', 'aaaa'], DNSNames: ['aaaa'], IPAddress: '172.18.0.5' },
        },
        Ports: {
          '9092/tcp': [{ HostIp: '127.0.0.1', HostPort: '19092' }],
          '8080/tcp': null,
          '53/udp': [{ HostPort: '53' }],
        },
      },
    }),
  );
  expect(state).toEqual({
    id: 'a'.repeat(64),
    name: 'whatever',
    service: 'purchase-worker',
    project: 'kc-backend',
    image: 'kc/backend:1.2',
    status: 'running',
    exitCode: null,
    oomKilled: false,
    restartCount: 0,
    restartPolicy: 'unless-stopped',
    createdAtMs: Date.parse('2026-01-07T20:00:00.123Z'),
    startedAtMs: Date.parse('2026-01-07T20:00:01.500Z'),
    finishedAtMs: null,
    oneOff: false,
    networkMode: 'kc_default',
    networks: [{ name: 'kc_default', aliases: ['purchase-worker', 'aaaa'], ipAddress: '172.18.0.5' }],
    publishedPorts: [{ containerPort: 9092, hostIp: '127.0.0.1', hostPort: 19092 }],
    brokerList: 'kafka:9092',
    database: { host: 'db.example', port: 6543, name: 'kc' },
  });
});

describe('state', () => {
  it.each([
    ['exited', { Status: 'exited', ExitCode: 137, OOMKilled: true, FinishedAt: '2026-01-07T21:00:00Z' }, 137],
    ['restarting', { Status: 'restarting', ExitCode: 1 }, 1],
    ['created', { Status: 'created', ExitCode: 0, StartedAt: '0001-01-01T00:00:00Z' }, null],
    ['created', { Status: 'created', ExitCode: 127 }, 127],
    ['paused', { Status: 'paused', Paused: true }, null],
    ['exited', { Status: 'stopped', ExitCode: 0 }, 0],
    ['dead', { Status: 'unheard-of', Running: false, Dead: true, ExitCode: 0 }, 0],
  ])('%s from %o has exit code %s', (status, State, exitCode) => {
    expect(mapContainer(inspected({ State }))).toMatchObject({ status, exitCode });
  });

  it('never started and never finished are null', () => {
    const never = { Status: 'created', StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '' };
    expect(mapContainer(inspected({ State: never }))).toMatchObject({
      startedAtMs: null,
      finishedAtMs: null,
    });
  });
});

describe('service', () => {
  it.each([
    ['/kodingcaravan-purchase-worker', 'purchase-worker'],
    ['/kodingcaravan-something-new', 'something-new'],
    ['/kodingcaravan-purchase-worker-1', 'purchase-worker'],
    ['/kc-backend-purchase-worker-1', 'purchase-worker'],
    ['/kcbackend_cache-worker_2', 'cache-worker'],
    ['/kc-backend-kafka-init-1', 'kafka-init'],
    ['/kc-backend-kafka-1', 'kafka'],
    ['/my-purchase-worker', null],
    ['/postgres', null],
    ['/kcbackend_purchase-worker_run_1f2e3d', null],
  ])('of %s without labels is %s', (Name, service) => {
    expect(mapContainer(inspected({ Name })).service).toBe(service);
  });

  it('is what the label says before what the name says', () => {
    const Labels = { 'com.docker.compose.service': 'cache-worker', 'com.docker.compose.oneoff': 'True' };
    expect(mapContainer(inspected({ Config: { Labels } }))).toMatchObject({
      service: 'cache-worker',
      oneOff: true,
    });
  });
});

describe('environment', () => {
  it('lets nothing out but brokers and the place of the database', () => {
    const state = withEnv(
      'POSTGRES_URL=postgresql://kc:hunter22@db.example/kc?password=hunter23',
      'KAFKA_BROKERS=SASL_SSL://user:hunter24@b1:9096, b2:9096',
      'JWT_SECRET=hunter25',
    );
    expect(JSON.stringify(state)).not.toContain('hunter');
    expect(state).toMatchObject({
      brokerList: 'SASL_SSL://b1:9096,b2:9096',
      database: { host: 'db.example', port: 5432, name: 'kc' },
    });
  });

  it.each([
    [
      'a password with signs',
      'postgres://kc:p@ss/w#rd@DB.example:5433/kc',
      { host: 'db.example', port: 5433, name: 'kc' },
    ],
    ['IPv6', 'postgres://kc:x@[2001:db8::1]:5432/kc', { host: '2001:db8::1', port: 5432, name: 'kc' }],
    ['no password', 'postgres://localhost/kc', { host: 'localhost', port: 5432, name: 'kc' }],
    [
      'a host parameter',
      'postgres:///kc?host=/var/run/postgresql',
      { host: '/var/run/postgresql', port: 5432, name: 'kc' },
    ],
    ['an escaped name', 'postgres://h/kc%20test', { host: 'h', port: 5432, name: 'kc test' }],
    ['several hosts', 'postgres://h1:1,h2:2/kc', null],
    ['nonsense', 'see vault', null],
  ])('reads a database address with %s', (_, url, database) => {
    expect(withEnv(`DATABASE_URL=${url}`).database).toEqual(database);
  });

  it('tells not set from set and empty, and falls through to the alias like the platform', () => {
    expect(withEnv().brokerList).toBeNull();
    expect(withEnv('KAFKA_BROKERS=').brokerList).toBe('');
    expect(withEnv('KAFKA_BROKERS=', 'KAFKA_BROKER=kafka:9092').brokerList).toBe('kafka:9092');
    expect(withEnv('KAFKA_BROKERS_OLD=a:1').brokerList).toBeNull();
  });
});

it('takes an answer that leaves out what it may', () => {
  const bare = {
    Id: 'b'.repeat(64),
    State: { Status: 'exited', ExitCode: 1 },
  } as unknown as ContainerInspectInfo;
  expect(mapContainer(bare)).toMatchObject({
    status: 'exited',
    exitCode: 1,
    networks: [],
    publishedPorts: [],
  });
});

it('refuses an answer that is no container', () => {
  expect(() => mapContainer({ message: 'x' } as unknown as ContainerInspectInfo)).toThrow(TypeError);
});
