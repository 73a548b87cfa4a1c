import { describe, expect, it } from 'vitest';
import { belongsTogether, type IdentityQuestion } from '../../src/platform/identity.ts';
import { paymentId } from '../../src/platform/ids.ts';
import { seen, unseen } from '../../src/platform/observed.ts';
import type { ContainerState } from '../../src/platform/state.ts';
import { container, gap, idsOf, NETWORK, NOW } from '../support/states.ts';

const KEYS = [1, 2, 3, 4, 5].map((n) => idsOf(n).payment);

const kafka = container('kafka', {
  networks: [{ name: NETWORK, aliases: ['kafka'], ipAddress: '172.20.0.9' }],
  publishedPorts: [{ containerPort: 9092, hostIp: '0.0.0.0', hostPort: 19092 }],
});

function inventory(containers: readonly ContainerState[]): IdentityQuestion['inventory'] {
  return seen(
    { daemonId: 'daemon', platformProjects: ['kodingcaravan'], project: 'kodingcaravan', containers },
    NOW,
  );
}

function cluster(...brokers: readonly [host: string, port: number][]): IdentityQuestion['cluster'] {
  const listeners = brokers.map(([host, port], index) => ({ nodeId: index + 1, host, port }));
  return seen({ clusterId: 'c', brokers: listeners, offsetsTopicExists: true, groupIds: [] }, NOW);
}

/** A worker and the broker in containers here, the database in the cloud, all of one platform. */
function question(change: Partial<IdentityQuestion> = {}): IdentityQuestion {
  return {
    inventory: inventory([container('purchase-worker'), kafka]),
    dockerAddress: 'local',
    cluster: cluster(['kafka', 9092]),
    kafkaAddress: '127.0.0.1:19092',
    recentKeys: KEYS,
    knownPayments: KEYS,
    databaseAddress: 'doctor@db.example/kc',
    databaseName: 'kc',
    ...change,
  };
}

const outcomes = (asked: IdentityQuestion) =>
  Object.fromEntries(belongsTogether(asked).proofs.map((proof) => [proof.id, proof.outcome]));
const verdict = (asked: IdentityQuestion) => belongsTogether(asked).verdict;

describe('one platform', () => {
  it('is proved by all three links', () => {
    expect(outcomes(question())).toEqual({
      'broker-list': 'agrees',
      'keys-in-payments': 'agrees',
      database: 'agrees',
    });
    expect(verdict(question())).toBe('proved');
  });

  it('is proved by the keys where no container can be seen', () => {
    expect(verdict(question({ inventory: unseen(gap('docker')) }))).toBe('proved');
  });

  it('is proved with an empty topic, by the containers', () => {
    expect(verdict(question({ recentKeys: [], knownPayments: [] }))).toBe('proved');
  });

  it('is not proved where a system is joined to nothing', () => {
    const worker = container('purchase-worker', { brokerList: null, database: null });
    expect(verdict(question({ inventory: inventory([worker, kafka]) }))).toBe('not-provable');
  });

  it('is not proved by one system alone', () => {
    const alone = question({ cluster: unseen(gap('kafka')), databaseName: null, knownPayments: null });
    expect(verdict(alone)).toBe('not-provable');
  });
});

describe('production settings beside a local Docker', () => {
  it('are contradicted by the newest keys', () => {
    const asked = question({ databaseAddress: 'kc@prod.example/kc', knownPayments: [] });
    expect(outcomes(asked)).toMatchObject({ 'keys-in-payments': 'contradicts', database: 'contradicts' });
    expect(verdict(asked)).toBe('contradicted');
  });

  it('are contradicted by a cluster that advertises other names', () => {
    const asked = question({
      kafkaAddress: 'b-1.prod.example:9096',
      cluster: cluster(['b-1.prod.example', 9096]),
    });
    expect(outcomes(asked)['broker-list']).toBe('contradicts');
  });

  it('are not taken for one platform because both advertise kafka:9092', () => {
    const asked = question({ kafkaAddress: '10.9.9.9:9092', databaseAddress: 'kc@prod.example/kc' });
    expect(outcomes(asked)).toMatchObject({ 'broker-list': 'not-comparable', 'keys-in-payments': 'agrees' });
    expect(verdict(asked)).toBe('contradicted');
  });

  it('are not taken for one platform because a port of a remote daemon is the same as one here', () => {
    const asked = question({ dockerAddress: 'tcp://10.0.0.5:2376', databaseAddress: 'kc@127.0.0.1/kc' });
    expect(outcomes(asked)['broker-list']).toBe('not-comparable');
    expect(verdict(asked)).toBe('contradicted');
  });
});

describe('the broker list', () => {
  it("agrees at the container's own address, by its name, and through a remote daemon's host", () => {
    for (const change of [
      { kafkaAddress: '172.20.0.9:9092' },
      { kafkaAddress: 'kafka:9092' },
      { kafkaAddress: '10.0.0.5:19092', dockerAddress: 'tcp://10.0.0.5:2376' },
    ]) {
      expect(outcomes(question(change))['broker-list']).toBe('agrees');
    }
  });

  it('agrees where workers and we name the same managed brokers', () => {
    const worker = container('purchase-worker', { brokerList: 'b-1.example:9096,b-2.example:9096' });
    const asked = question({
      inventory: inventory([worker]),
      kafkaAddress: 'B-2.example:9096',
      cluster: unseen(gap('kafka')),
    });
    expect(outcomes(asked)['broker-list']).toBe('agrees');
  });

  it('decides nothing for a worker that says localhost: that is a fault to diagnose', () => {
    const broken = container('purchase-worker', { brokerList: 'localhost:9092' });
    expect(outcomes(question({ inventory: inventory([broken, kafka]) }))['broker-list']).toBe(
      'not-comparable',
    );
    const healthy = container('cache-worker');
    expect(outcomes(question({ inventory: inventory([broken, healthy, kafka]) }))['broker-list']).toBe(
      'agrees',
    );
  });
});

describe('the newest keys', () => {
  it('contradict only from five on', () => {
    const four = question({ recentKeys: KEYS.slice(0, 4), knownPayments: [] });
    expect(outcomes(four)['keys-in-payments']).toBe('not-comparable');
    expect(outcomes(question({ knownPayments: [] }))['keys-in-payments']).toBe('contradicts');
  });

  it('agree when one is known, whatever its case, and count no key that is no id', () => {
    const known = [paymentId(KEYS[0] ?? '')];
    expect(
      outcomes(question({ recentKeys: [KEYS[0]?.toUpperCase() ?? ''], knownPayments: known }))[
        'keys-in-payments'
      ],
    ).toBe('agrees');
    expect(
      outcomes(question({ recentKeys: ['a', 'b', 'c', 'd', 'e'], knownPayments: [] }))['keys-in-payments'],
    ).toBe('not-comparable');
  });

  it('decide nothing where payments were not asked', () => {
    expect(outcomes(question({ knownPayments: null }))['keys-in-payments']).toBe('not-comparable');
  });
});

describe("the workers' database", () => {
  const withDatabase = (host: string, port = 5432, patch: Partial<ContainerState> = {}) =>
    container('purchase-worker', { database: { host, port, name: 'kc' }, ...patch });

  it('contradicts with another name on the same host, when the way over Kafka does not lead there', () => {
    const asked = question({ databaseName: 'staging', recentKeys: [], knownPayments: [] });
    expect(outcomes(asked)['database']).toBe('contradicts');
  });

  it('contradicts with another name on the same server, although a copy holds the same keys', () => {
    const asked = question({ databaseAddress: 'doctor@db.example/copy', databaseName: 'copy' });
    expect(outcomes(asked)['database']).toBe('contradicts');
  });

  it('is the same under the names that a pooler has for it', () => {
    const ours = question({
      databaseAddress: 'doctor@db.example/for_reading',
      databaseName: 'kodingcaravan',
    });
    expect(verdict(ours)).toBe('proved');
    const elsewhere = question({ databaseAddress: 'doctor@db.example:6432/copy', databaseName: 'copy' });
    expect(verdict(elsewhere)).toBe('proved');
  });

  it('is another address of the same data where broker list and keys agree: a pooler or a replica', () => {
    const asked = question({ databaseAddress: 'doctor@replica.example/kc' });
    expect(outcomes(asked)['database']).toBe('not-comparable');
    expect(verdict(asked)).toBe('proved');
  });

  it('is not called another one behind a tunnel or a pooler here only because Kafka could not be asked', () => {
    const silent = question({
      cluster: unseen(gap('kafka')),
      recentKeys: [],
      knownPayments: null,
      databaseAddress: 'kc@127.0.0.1:6432/kc',
    });
    expect(outcomes(silent)['database']).toBe('not-comparable');
    expect(verdict(silent)).toBe('not-provable');
    expect(verdict({ ...silent, databaseName: 'staging' })).toBe('contradicted');
    expect(verdict({ ...silent, databaseAddress: 'kc@prod.example/kc' })).toBe('contradicted');
    expect(verdict({ ...silent, recentKeys: KEYS, knownPayments: [] })).toBe('contradicted');
  });

  it('agrees for a container whose published port we use', () => {
    const postgres = container('postgres', {
      publishedPorts: [{ containerPort: 5432, hostIp: '127.0.0.1', hostPort: 5433 }],
    });
    const asked = question({
      inventory: inventory([withDatabase('postgres'), kafka, postgres]),
      databaseAddress: 'kc@127.0.0.1:5433/kc',
    });
    expect(outcomes(asked)['database']).toBe('agrees');
  });

  it('agrees for a server on the Docker host', () => {
    const asked = question({
      inventory: inventory([withDatabase('host.docker.internal'), kafka]),
      databaseAddress: 'kc@localhost/kc',
    });
    expect(outcomes(asked)['database']).toBe('agrees');
  });

  it('is not ours because both say localhost', () => {
    const bridged = question({
      inventory: inventory([withDatabase('localhost'), kafka]),
      databaseAddress: 'kc@localhost/kc',
    });
    expect(outcomes(bridged)['database']).toBe('not-comparable');
    const onHost = withDatabase('localhost', 5432, { networkMode: 'host' });
    expect(outcomes({ ...bridged, inventory: inventory([onHost, kafka]) })['database']).toBe('agrees');
  });
});
