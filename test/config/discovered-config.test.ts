import { describe, expect, it } from 'vitest';
import type { DaemonPlace } from '../../src/config/address-map.ts';
import { discoveredConfig } from '../../src/config/discovered-config.ts';
import { ConfigError } from '../../src/errors.ts';
import { inventoryOf } from '../../src/platform/inventory.ts';
import type { ContainerState } from '../../src/platform/state.ts';
import { container } from '../support/states.ts';
import { input } from './memory-files.ts';

const HERE: DaemonPlace = { remoteHost: null, reachesContainers: true };

const worker = container('purchase-worker', { brokerList: 'kafka:29092', networks: [] });
const kafka = container('kafka', {
  networks: [{ name: 'kodingcaravan_default', aliases: ['kafka'], ipAddress: '172.20.0.9' }],

  publishedPorts: [{ containerPort: 29092, hostIp: '0.0.0.0', hostPort: 19092 }],
});

function discover(
  containers: readonly ContainerState[],
  change: {
    readonly asked?: Parameters<typeof input>[0];
    readonly place?: DaemonPlace;
    readonly wanted?: string;
  } = {},
) {
  return discoveredConfig(input(change.asked ?? {}), {
    inventory: inventoryOf('daemon', containers, change.wanted ?? null),
    composeFolder: null,
    place: change.place ?? HERE,
  });
}

describe('Kafka', () => {
  it("is found at the published port of the listener that the workers' broker list names", async () => {
    const other = { containerPort: 9092, hostIp: '0.0.0.0', hostPort: 9092 };
    const config = await discover([worker, { ...kafka, publishedPorts: [other, ...kafka.publishedPorts] }]);
    expect(config.kafka.brokers).toEqual(['127.0.0.1:19092']);
    expect(config.rows.find((row) => row.key === 'kafka.brokers')?.source).toBe('Docker');
  });

  it("is found at the container's own address where nothing is published", async () => {
    const config = await discover([worker, { ...kafka, publishedPorts: [] }]);
    expect(config.kafka.brokers).toEqual(['172.20.0.9:29092']);
  });

  it('is not found where neither can be reached', async () => {
    const place = { remoteHost: null, reachesContainers: false };
    expect((await discover([worker, { ...kafka, publishedPorts: [] }], { place })).kafka.brokers).toEqual([]);
  });

  it('is reached through the host of a remote daemon, but not through its loopback', async () => {
    const place = { remoteHost: '10.0.0.5', reachesContainers: false };
    expect((await discover([worker, kafka], { place })).kafka.brokers).toEqual(['10.0.0.5:19092']);
    const inside = {
      ...kafka,
      publishedPorts: [{ containerPort: 29092, hostIp: '127.0.0.1', hostPort: 19092 }],
    };
    expect((await discover([worker, inside], { place })).kafka.brokers).toEqual([]);
  });

  it('stays where configuration says', async () => {
    const asked = { environment: { KAFKA_BROKERS: 'kafka:9092' } };
    expect((await discover([worker, kafka], { asked })).kafka.brokers).toEqual(['kafka:9092']);
  });
});

describe('admin-service', () => {
  it('is found at its published port', async () => {
    const admin = container('admin-service', {
      publishedPorts: [{ containerPort: 3010, hostIp: '', hostPort: 3310 }],
    });
    expect((await discover([worker, admin])).adminService.baseUrl).toBe('http://127.0.0.1:3310');
  });
});

describe('the compose folder', () => {
  it('gives the env files that nothing else gave, and never a container environment', async () => {
    const database = { host: 'db.example', port: 5432, name: 'kc' };
    const inventory = inventoryOf('daemon', [{ ...worker, database }], null);
    const asked = input({
      texts: { '/opt/kc/.env.production': 'POSTGRES_URL=postgresql://kc:hunter22@db.example/kc' },
    });
    const without = await discoveredConfig(asked, { inventory, composeFolder: null, place: HERE });
    expect(without.postgres).toBeNull();
    const found = await discoveredConfig(asked, { inventory, composeFolder: '/opt/kc', place: HERE });
    expect(found.postgres?.url).toBe('postgresql://kc:hunter22@db.example/kc');
  });
});

describe('the project', () => {
  const staging = { ...worker, id: 'other', name: 'staging-purchase-worker', project: 'staging' };

  it('names the platform', async () => {
    expect((await discover([worker])).settings.platform).toBe('kodingcaravan');
  });

  it('must be chosen where there are several', async () => {
    const error = await discover([worker, staging]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      code: 'KC_PROJECT_AMBIGUOUS',
      details: ['--project kodingcaravan', '--project staging'],
    });
  });

  it('may not be a typing error', async () => {
    const asked = { flags: { project: 'stagin' } };
    await expect(discover([worker, staging], { asked, wanted: 'stagin' })).rejects.toMatchObject({
      code: 'KC_PROJECT_UNKNOWN',
      hint: 'did you mean --project staging?',
    });
  });

  it('may have lost all its containers where configuration names it', async () => {
    const asked = { texts: { '/srv/kc/kc-doctor.json': '{"project": "kodingcaravan"}' } };
    const config = await discover([staging], { asked, wanted: 'kodingcaravan' });
    expect([config.project, config.kafka.brokers]).toEqual(['kodingcaravan', []]);
  });
});
