import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { bundleServices } from './bundle.ts';
import { writeCompose, writeEnvFile } from './compose.ts';
import { createComposeContainer } from './containers.ts';
import type { LabOptions } from './contract.ts';
import { LabDocker } from './docker.ts';
import { findHostPrograms, type HostPrograms } from './host.ts';
import { openLabKafka } from './kafka/client.ts';
import { installKafka } from './kafka/install.ts';
import {
  containerName,
  type LabNames,
  type LabState,
  randomSecret,
  writeFileAtomically,
  writeState,
} from './layout.ts';
import { composeServices, containerPlan, fixedAddresses, platformEnvironment } from './plan.ts';
import { type ComposeService, SERVICES, WORKERS } from './platform.ts';
import { createPostgres, nativePostgres, preparePostgres } from './postgres/server.ts';
import { waitForServices } from './ready.ts';
import { createRedis, waitForRedis } from './redis.ts';

/** Graces and silences of kc-doctor divided by 10, because a finding needs real age. */
const LAB_THRESHOLDS = {
  recordSentGraceMs: 1_500,
  recordReadGraceMs: 4_500,
  purchaseRowGraceMs: 6_000,
  allocationRowGraceMs: 12_000,
  sessionsGraceMs: 6_000,
  cacheGraceMs: 6_000,
  logSilenceMs: 12_000,
  pendingAllocationWarnMs: 8_640_000,
};

export function configFile(names: LabNames): string {
  return join(names.directory, 'kc-doctor.lab.json');
}

/** Rejects with LabUnavailable for the first thing that is missing; fetches the broker's jars at the first use. */
export async function checkMachine(): Promise<HostPrograms> {
  await new LabDocker().ensureReachable();
  const programs = await findHostPrograms();
  nativePostgres();
  await installKafka();
  return programs;
}

/** Whether broker, database and Redis of a lab are still there. What was stopped is started. */
export async function isStanding(names: LabNames): Promise<boolean> {
  const docker = new LabDocker();
  await docker.ensureReachable();
  for (const part of ['cloud-postgres', 'cloud-redis']) {
    const container = containerName(names, part);
    if ((await docker.inspect(container)) === null) return false;
    await docker.start(container);
  }
  // The broker may be stopped or removed by a fault; its data is what a lab cannot do without.
  return await readdir(join(names.directory, 'kafka')).then(
    (files) => files.length > 0,
    () => false,
  );
}

/** From nothing, or from the ruins of an interrupted start. */
export async function bringUp(names: LabNames, options: LabOptions): Promise<void> {
  const say = options.onProgress ?? (() => undefined);
  const programs = await checkMachine();
  const docker = new LabDocker();
  await tearDown(names);
  await mkdir(names.directory, { recursive: true });
  await docker.ensureEmptyImage();

  say('network, ports and files');
  const [kafka, payment, admin, course] = await freePorts(4);
  const state: LabState = {
    version: 1,
    phase: 'starting',
    name: names.name,
    generation: options.generation ?? 'newest',
    workers: options.workers ?? WORKERS,
    subnetPrefix: await docker.createNetwork(names.network, names.project, names.name),
    // A Kafka cluster id is 16 bytes in URL-safe base64; a leading dash would look like a flag to its tools.
    clusterId: randomBytes(16).toString('base64url').replace(/^-/, 'A'),
    ports: { kafka, 'payment-service': payment, 'admin-service': admin, 'course-service': course },
    secrets: { superuser: randomSecret(), platform: randomSecret(), reader: randomSecret() },
    outOfCompose: [],
    fault: null,
  };
  await writeState(names, state);
  const plan = await containerPlan(names, state, programs);
  const addresses = fixedAddresses(state);
  await writeEnvFile(names, { ...platformEnvironment(state), JWT_SECRET: randomSecret() });
  await writeCompose({ names, services: composeServices(state), ports: state.ports });
  await writeFileAtomically(
    configFile(names),
    `${JSON.stringify({ thresholds: LAB_THRESHOLDS }, null, 2)}\n`,
  );

  say('broker, database, Redis and the bundles of the services');
  const cloud = { names, mounts: plan.mounts };
  await Promise.all([
    createComposeContainer(docker, plan, 'kafka').then(() => docker.start(containerName(names, 'kafka'))),
    createPostgres(docker, { ...cloud, address: addresses.postgres, secrets: state.secrets }),
    createRedis(docker, { ...cloud, address: addresses.redis, program: programs.redisServer }),
    bundleServices(names.directory),
  ]);
  await Promise.all([
    preparePostgres(addresses.postgres, state.secrets),
    waitForRedis(addresses.redis),
    makeTopics(docker, plan),
  ]);

  say('services');
  const deployed = SERVICES.filter((service) => composeServices(state).includes(service));
  await Promise.all(
    deployed.map(async (service) => {
      await createComposeContainer(docker, plan, service);
      await docker.start(containerName(names, service));
    }),
  );
  const client = openLabKafka(state.ports.kafka);
  try {
    await waitForServices(docker, client, state, names);
  } finally {
    await client.close();
  }
  await writeState(names, { ...state, phase: 'up' });
}

async function makeTopics(
  docker: LabDocker,
  plan: Parameters<typeof createComposeContainer>[1],
): Promise<void> {
  const client = openLabKafka(plan.state.ports.kafka);
  try {
    await client.waitUntilReady();
  } finally {
    await client.close();
  }
  const service: ComposeService = 'kafka-init';
  const container = containerName(plan.names, service);
  await createComposeContainer(docker, plan, service);
  await docker.start(container);
  const exitCode = await docker.wait(container);
  if (exitCode !== 0) throw new Error(`kafka-init exited ${exitCode}: ${await docker.logs(container)}`);
}

export async function tearDown(names: LabNames): Promise<void> {
  await new LabDocker().removeEverythingOf(names.name);
  await rm(names.directory, { recursive: true, force: true });
}

async function freePorts(count: 4): Promise<readonly [number, number, number, number]>;
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address !== null && typeof address === 'object') resolve(address.port);
            else reject(new Error('a listening server has no port'));
          });
        }),
    ),
  );
  // All are held at once, so that no two are the same.
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
