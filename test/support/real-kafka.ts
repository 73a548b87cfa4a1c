import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import kafkajs, { type Kafka, type SASLOptions } from 'kafkajs';

/** A real broker as a plain process on 127.0.0.1: KRaft, one node, gone with the test. */
export interface RealKafka extends AsyncDisposable {
  /** 127.0.0.1:port, where it really listens. */
  readonly bootstrap: string;
  /** host:port that it advertises. */
  readonly advertised: string;
  /** A client of the test's own, with all rights. */
  readonly kafka: Kafka;
  /** Authority that signed its certificate, where it speaks TLS. */
  readonly caPem: string;
  /** Another broker of the same cluster; returns when it takes part. */
  addBroker(nodeId: number): Promise<{ readonly address: string; readonly kill: () => Promise<void> }>;
}

export interface RealKafkaOptions {
  /** Default 127.0.0.1. */
  readonly advertisedHost?: string;
  readonly security?: 'plain' | 'sasl' | 'tls';
}

export const ADMIN = { username: 'admin', password: 'admin-secret-91f' } as const;
/** Has no right at all until a test grants one. */
export const VIEWER = { username: 'viewer', password: 'viewer-secret-4c2' } as const;

const VERSION = '3.9.1';
const run = promisify(execFile);

function jarDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kc-lab', `kafka-${VERSION}`);
}

/** Why no broker can be started here, or null. */
export function missingKafka(): string | null {
  if (spawnSync('java', ['-version']).status !== 0) return 'no Java on this machine for the Kafka broker';
  if (existsSync(jarDirectory()) || spawnSync('mvn', ['-v']).status === 0) return null;
  return 'no jars of the Kafka broker, and no Maven to fetch them';
}

export async function startRealKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  const security = options.security ?? 'plain';
  const host = options.advertisedHost ?? '127.0.0.1';
  const directory = await mkdtemp(join(tmpdir(), 'kc-test-kafka-'));
  const controllerPort = await freePort();
  const caPem = security === 'tls' ? await makeCertificates(directory, host) : '';
  const cluster: TestCluster = {
    directory,
    // A leading dash would be taken for an option of the format command.
    clusterId: randomBytes(16).toString('base64url').replace(/^-/, 'A'),
    jars: await installedJars(),
    host,
    controllerPort,
    security,
  };
  const first = await startNode(cluster, 1);
  const nodes = [first];
  const kafka = testClient(first.port, host, security, caPem);
  const dispose = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(kafka, first.exited);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    bootstrap: `127.0.0.1:${first.port}`,
    advertised: `${host}:${first.port}`,
    kafka,
    caPem,
    addBroker: async (nodeId) => {
      const node = await startNode(cluster, nodeId);
      nodes.push(node);
      await untilBrokers(kafka, nodes.length);
      return { address: `127.0.0.1:${node.port}`, kill: node.kill };
    },
    [Symbol.asyncDispose]: dispose,
  };
}

interface TestCluster {
  readonly directory: string;
  readonly clusterId: string;
  readonly jars: string;
  readonly host: string;
  readonly controllerPort: number;
  readonly security: 'plain' | 'sasl' | 'tls';
}

interface TestNode {
  readonly port: number;
  readonly exited: Promise<void>;
  readonly kill: () => Promise<void>;
}

/** Node 1 is broker and controller, the others are brokers. */
async function startNode(cluster: TestCluster, nodeId: number): Promise<TestNode> {
  const port = await freePort();
  const settings = join(cluster.directory, `node-${nodeId}.properties`);
  await writeFile(settings, propertiesText(cluster, nodeId, port));
  const flags = [
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-Xms96m',
    '-Xmx256m',
    '-cp',
    `${cluster.jars}/*`,
  ];
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    scramUser(mechanism),
  ]);
  const format = [
    'format',
    '-t',
    cluster.clusterId,
    '-c',
    settings,
    ...(cluster.security === 'sasl' ? scram : []),
  ];
  await run('java', [...flags, 'kafka.tools.StorageTool', ...format]);
  const broker = spawn('java', [...flags, 'kafka.Kafka', settings], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => broker.once('exit', () => resolve()));
  const killNow = (): void => void broker.kill('SIGKILL');
  process.once('exit', killNow);
  const kill = async (): Promise<void> => {
    killNow();
    process.removeListener('exit', killNow);
    await exited;
  };
  return { port, exited, kill };
}

/** For the groups of a client that has never heard of us, a commit as the Java admin makes it: the group stays Empty. */
export async function commitFromOutside(
  kafka: Kafka,
  groupId: string,
  topic: string,
  offsets: Readonly<Record<number, bigint>>,
): Promise<void> {
  let found: Parameters<typeof kafkajs.PartitionAssigners.roundRobin>[0]['cluster'] | undefined;
  kafka.consumer({
    groupId: 'test-never-joins',
    partitionAssigners: [
      (config) => {
        found = config.cluster;
        return kafkajs.PartitionAssigners.roundRobin(config);
      },
    ],
  });
  if (found === undefined) throw new Error('kafkajs no longer hands its cluster to assigners');
  const cluster = found;
  await cluster.connect();
  try {
    await cluster.refreshMetadata();
    const partitions = Object.entries(offsets).map(([partition, offset]) => ({
      partition: Number(partition),
      offset: String(offset),
    }));
    await until('the group coordinator', async () => {
      const coordinator = await cluster.findGroupCoordinator({ groupId });
      await coordinator.offsetCommit({
        groupId,
        groupGenerationId: -1,
        memberId: '',
        topics: [{ topic, partitions }],
      });
    });
  } finally {
    await cluster.disconnect();
  }
}

/** Tries until it succeeds; the last error where it never does. */
export async function until<T>(what: string, attempt: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function installedJars(): Promise<string> {
  const directory = jarDirectory();
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}.tmp`;
  await mkdir(unfinished, { recursive: true });
  const pom = fileURLToPath(new URL('../../lab/kafka/pom.xml', import.meta.url));
  await run('mvn', ['-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`]);
  await rename(unfinished, directory);
  return directory;
}

const LISTENER = { plain: 'PLAINTEXT', sasl: 'SASL_PLAINTEXT', tls: 'SSL' } as const;

function propertiesText(cluster: TestCluster, nodeId: number, port: number): string {
  const { directory, host, controllerPort, security } = cluster;
  const isController = nodeId === 1;
  const controllerListener = isController ? `,CONTROLLER://127.0.0.1:${controllerPort}` : '';
  const settings: Readonly<Record<string, string>> = {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': String(nodeId),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `CLIENT://127.0.0.1:${port}${controllerListener}`,
    'advertised.listeners': `CLIENT://${host}:${port}`,
    'inter.broker.listener.name': 'CLIENT',
    'listener.security.protocol.map': `CLIENT:${LISTENER[security]},CONTROLLER:PLAINTEXT`,
    'log.dirs': join(directory, `data-${nodeId}`),
    // A killed broker is noticed within seconds.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'offsets.topic.num.partitions': '5',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // Retention works on the records' own times, and tests write old ones.
    'log.retention.ms': '-1',
    // The bait: whoever asks carelessly creates a topic.
    'auto.create.topics.enable': 'true',
    ...(security === 'sasl' ? saslSettings() : {}),
    ...(security === 'tls' ? tlsSettings(directory) : {}),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function saslSettings(): Readonly<Record<string, string>> {
  const users = [ADMIN, VIEWER].map(({ username, password }) => `user_${username}="${password}"`).join(' ');
  const login = `username="${ADMIN.username}" password="${ADMIN.password}"`;
  const prefix = 'listener.name.client';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    [`${prefix}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${login} ${users};`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: scram,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:${ADMIN.username};User:ANONYMOUS`,
  };
}

function tlsSettings(directory: string): Readonly<Record<string, string>> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(directory, 'broker.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(directory, 'ca.crt'),
    'ssl.client.auth': 'none',
    // The broker's own connections to itself go to an address that its certificate does not carry.
    'ssl.endpoint.identification.algorithm': '',
  };
}

function scramUser(mechanism: string): string {
  return `${mechanism}=[name=${ADMIN.username},password=${ADMIN.password}]`;
}

/** An authority of its own, and a certificate for the advertised name alone. Returns the authority's PEM. */
async function makeCertificates(directory: string, host: string): Promise<string> {
  const openssl = (...given: string[]): void => {
    execFileSync('openssl', given, { cwd: directory, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=kc test authority');
  openssl(
    'req',
    ...newKey.slice(0, 3),
    '-keyout',
    'broker.key',
    '-out',
    'broker.csr',
    '-subj',
    `/CN=${host}`,
  );
  await writeFile(join(directory, 'names.cnf'), `subjectAltName=DNS:${host}\n`);
  const signing = [
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'names.cnf',
  ];
  openssl('x509', '-req', '-in', 'broker.csr', ...signing, '-out', 'broker.crt');
  const read = (name: string): string => execFileSync('cat', [join(directory, name)], { encoding: 'utf8' });
  await writeFile(join(directory, 'broker.pem'), `${read('broker.key')}${read('broker.crt')}`);
  return read('ca.crt');
}

function testClient(port: number, host: string, security: 'plain' | 'sasl' | 'tls', caPem: string): Kafka {
  const sasl: SASLOptions = { mechanism: 'plain', ...ADMIN };
  return new kafkajs.Kafka({
    clientId: 'kc-test',
    brokers: [`127.0.0.1:${port}`],
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 5_000,
    requestTimeout: 20_000,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 10 },
    ...(security === 'sasl' ? { sasl } : {}),
    ssl: security === 'tls',
    socketFactory: ({ port: wanted, onConnect }) => {
      const target = { host: '127.0.0.1', port: wanted };
      return security === 'tls'
        ? connectTls({ ...target, ca: caPem, servername: host }, onConnect)
        : connect(target, onConnect);
    },
  });
}

async function untilReady(kafka: Kafka, exited: Promise<void>): Promise<void> {
  const gone = exited.then(() => Promise.reject(new Error('the Kafka broker exited while it started')));
  const ready = until('the Kafka broker', async () => {
    const admin = kafka.admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      await admin.listTopics();
    } finally {
      await admin.disconnect();
    }
  });
  await Promise.race([ready, gone]);
  gone.catch(() => undefined);
}

async function untilBrokers(kafka: Kafka, count: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await until('the further broker', async () => {
      const { brokers } = await admin.describeCluster();
      if (brokers.length < count) throw new Error(`${brokers.length} brokers take part`);
    });
  } finally {
    await admin.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
