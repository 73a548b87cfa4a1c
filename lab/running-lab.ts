import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { configFile, tearDown } from './bring-up.ts';
import { writeCompose } from './compose.ts';
import { createComposeContainer } from './containers.ts';
import type {
  InjectedFault,
  Lab,
  LabStatus,
  PayOptions,
  ServiceOverrides,
  ServiceStatus,
} from './contract.ts';
import { LabDocker } from './docker.ts';
import { loadFault } from './faults/catalogue.ts';
import { findHostPrograms } from './host.ts';
import { type LabKafka, type LabKafkaClient, openLabKafka } from './kafka/client.ts';
import {
  containerName,
  type LabNames,
  type LabState,
  projectDirectory,
  readState,
  writeFileAtomically,
  writeState,
} from './layout.ts';
import { undeliveredPayments, youngestAgeMs } from './payments.ts';
import { composeServices, containerPlan, fixedAddresses } from './plan.ts';
import {
  type ComposeService,
  type Generation,
  GROUP_OF,
  type HttpService,
  INPUTS_OF,
  PARTITIONS_PER_TOPIC,
  SERVICES,
  type Service,
  TOPICS,
  type Worker,
} from './platform.ts';
import { databaseUrl, makeTables, PLATFORM_ROLE, READER_ROLE } from './postgres/server.ts';
import { forgetReading, waitForHealth, waitForJoined, waitForServices } from './ready.ts';
import { flushRedis, redisUrl } from './redis.ts';
import { until } from './wait.ts';

const SESSIONS_TIMEOUT_MS = 60_000;
/** SESSIONS_GENERATED is often keyed by the allocation id, so where its records fall is chance: (2/3)^33 to miss one. */
const WARM_UP_ROUNDS = 12;

export async function openRunningLab(names: LabNames): Promise<Lab> {
  const state = await readState(names);
  if (state === null) throw new Error(`there is no lab ${names.name}`);
  return new RunningLab(names, state);
}

class RunningLab implements Lab {
  readonly environment: Readonly<Record<string, string>>;
  readonly kafka: LabKafka;
  readonly until = until;
  readonly #names: LabNames;
  readonly #docker = new LabDocker();
  readonly #kafka: LabKafkaClient;
  readonly #pool: pg.Pool;
  #state: LabState;

  constructor(names: LabNames, state: LabState) {
    this.#names = names;
    this.#state = state;
    this.#kafka = openLabKafka(state.ports.kafka);
    this.kafka = this.#kafka;
    this.#pool = new pg.Pool({ connectionString: this.databaseUrl, max: 4, connectionTimeoutMillis: 5_000 });
    // An idle connection that is lost must not end the process; the next query opens another or reports.
    this.#pool.on('error', () => undefined);
    const dockerHost = process.env['DOCKER_HOST'];
    this.environment = dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost };
  }

  get name(): string {
    return this.#names.name;
  }
  get project(): string {
    return this.#names.project;
  }
  get network(): string {
    return this.#names.network;
  }
  get directory(): string {
    return this.#names.directory;
  }
  get projectDirectory(): string {
    return projectDirectory(this.#names);
  }
  get configFile(): string {
    return configFile(this.#names);
  }
  get generation(): Generation {
    return this.#state.generation;
  }
  get kafkaHostPort(): number {
    return this.#state.ports.kafka;
  }
  get databaseUrl(): string {
    return databaseUrl('postgres', this.#state.secrets.superuser, fixedAddresses(this.#state).postgres);
  }
  get platformDatabaseUrl(): string {
    return databaseUrl(PLATFORM_ROLE, this.#state.secrets.platform, fixedAddresses(this.#state).postgres);
  }
  get readOnlyDatabaseUrl(): string {
    return databaseUrl(READER_ROLE, this.#state.secrets.reader, fixedAddresses(this.#state).postgres);
  }
  get redisUrl(): string {
    return redisUrl(fixedAddresses(this.#state).redis);
  }

  async pay(options: number | PayOptions = 1): Promise<readonly string[]> {
    const body = typeof options === 'number' ? { count: options } : options;
    const answer = await fetch(`${this.url('payment-service')}/lab/payments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`payment-service answered ${answer.status}: ${text}`);
    return paymentIdsOf(text);
  }

  async waitForSessions(paymentIds: readonly string[], timeoutMs = SESSIONS_TIMEOUT_MS): Promise<void> {
    const what = `sessions of ${paymentIds.length} payment(s), first ${paymentIds[0] ?? 'none'}`;
    await until(what, async () => (await this.undelivered(paymentIds)).length === 0, timeoutMs);
  }

  async undelivered(paymentIds?: readonly string[]): Promise<readonly string[]> {
    return await undeliveredPayments(this.#pool, paymentIds ?? null);
  }

  async waitForIdle(timeoutMs = SESSIONS_TIMEOUT_MS): Promise<void> {
    const look = async () => (await this.#partitionsBehind()).length === 0;
    try {
      await until('every worker has committed all of its records', look, timeoutMs);
    } catch (error) {
      const behind = (await this.#partitionsBehind()).join(', ');
      throw new Error(`still unread: ${behind}`, { cause: error });
    }
  }

  async #partitionsBehind(): Promise<readonly string[]> {
    const pairs = this.#deployedWorkers().flatMap((worker) =>
      INPUTS_OF[worker].map((topic) => ({ group: GROUP_OF[worker], topic })),
    );
    const behind = await Promise.all(
      pairs.map(async ({ group, topic }) => {
        const [ends, commits] = [await this.kafka.ends(topic), await this.kafka.committed(group, topic)];
        return ends
          .filter(({ partition, high }) => {
            const committed = commits.find((commit) => commit.partition === partition)?.offset ?? 0n;
            return committed < high;
          })
          .map(({ partition }) => `${group} ${topic}[${partition}]`);
      }),
    );
    return behind.flat();
  }

  async warmUp(): Promise<void> {
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
      const cold = await this.#coldPartitions();
      if (cold.length === 0) return;
      const paid: string[] = [];
      const count = round === 0 ? 1 : 3;
      for (const partition of cold) paid.push(...(await this.pay({ count, partition })));
      await this.waitForSessions(paid);
      await this.waitForIdle();
    }
    throw new Error(`no commit after ${WARM_UP_ROUNDS} rounds on partitions ${await this.#coldPartitions()}`);
  }

  /** Partitions on which a worker of the pipeline has no commit. Notifications are left out: not every payment sends one. */
  async #coldPartitions(): Promise<readonly number[]> {
    const cold = new Set<number>();
    for (const worker of this.#deployedWorkers()) {
      if (worker === 'notification-worker') continue;
      for (const topic of INPUTS_OF[worker]) {
        for (const commit of await this.kafka.committed(GROUP_OF[worker], topic)) {
          if (commit.offset === null) cold.add(commit.partition);
        }
      }
    }
    return [...cold].sort((a, b) => a - b);
  }

  async waitForAge(paymentIds: readonly string[], ageMs: number): Promise<void> {
    const isOld = async () => ((await youngestAgeMs(this.#pool, paymentIds)) ?? 0) >= ageMs;
    await until(`payments are ${ageMs} ms old`, isOld, ageMs + 10_000, 250);
  }

  async fault(id: string): Promise<InjectedFault> {
    const fault = await loadFault(id);
    if (this.#state.fault !== null) {
      throw new Error(`${this.#state.fault.id} is injected already: heal first`);
    }
    const previousGeneration = this.generation;
    const generation = fault.generation ?? 'newest';
    if (fault.startsFrom === 'young') {
      await this.reset({ generation });
    } else {
      await this.#useGeneration(generation);
      await this.warmUp();
      await this.waitForIdle();
    }
    const record = { id, injected: false, payments: [], notes: {}, previousGeneration };
    await this.#update({ fault: record });
    const injected = await fault.inject(this);
    await this.#update({
      fault: { ...record, injected: true, payments: injected.payments, notes: injected.notes ?? {} },
    });
    return injected;
  }

  async heal(): Promise<void> {
    const record = this.#state.fault;
    if (record !== null && !record.injected) {
      // Nobody knows how far an injection came that did not finish.
      await this.reset({ generation: record.previousGeneration });
      return;
    }
    if (record !== null) {
      const fault = await loadFault(record.id);
      await fault.heal(this, { payments: record.payments, notes: record.notes });
    }
    await this.clearSwitches();
    await this.#restoreServices();
    await this.waitForSessions(record?.payments ?? []);
    await this.waitForIdle();
    if (record !== null) await this.#useGeneration(record.previousGeneration);
    await this.#update({ fault: null });
  }

  /** Every service in the compose file, with a running container. */
  async #restoreServices(): Promise<void> {
    const lost = this.#state.outOfCompose;
    for (const service of lost) await this.recreate(service);
    for (const service of composeServices(this.#state)) {
      if (service === 'kafka-init') continue;
      const found = await this.#docker.inspect(this.container(service));
      if (found === null) await this.recreate(service);
      else if (!found.State.Running || found.State.Restarting) await this.start(service);
    }
    await waitForServices(this.#docker, this.kafka, this.#state, this.#names);
  }

  async #useGeneration(generation: Generation): Promise<void> {
    if (generation === this.generation) return;
    await this.#update({ generation });
    await Promise.all(this.#deployedServices().map((service) => this.recreate(service)));
    await waitForServices(this.#docker, this.kafka, this.#state, this.#names);
  }

  async reset(options: { readonly generation?: Generation; readonly warm?: boolean } = {}): Promise<void> {
    await Promise.all(SERVICES.map((service) => this.#docker.remove(this.container(service))));
    await this.#update({
      fault: null,
      outOfCompose: [],
      generation: options.generation ?? this.generation,
    });
    await this.#writeCompose();
    await this.clearSwitches();
    await this.start('kafka');
    await this.#kafka.waitUntilReady();
    await Promise.all([
      this.#emptyKafka(),
      this.#emptyDatabase(),
      flushRedis(fixedAddresses(this.#state).redis),
    ]);
    await Promise.all(this.#deployedServices().map((service) => this.recreate(service)));
    await waitForServices(this.#docker, this.kafka, this.#state, this.#names);
    if (options.warm === true) await this.warmUp();
  }

  async #emptyKafka(): Promise<void> {
    for (const group of await this.#kafka.groups()) await this.kafka.deleteGroup(group);
    const topics = (await this.kafka.topics()).filter((topic) => !topic.startsWith('__'));
    await Promise.all(topics.map((topic) => this.kafka.deleteTopic(topic)));
    await Promise.all(TOPICS.map((topic) => this.kafka.createTopic(topic, PARTITIONS_PER_TOPIC)));
  }

  async #emptyDatabase(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await makeTables(client);
    } finally {
      client.release();
    }
  }

  async status(): Promise<LabStatus> {
    const services: ServiceStatus[] = [];
    for (const service of composeServices(this.#state)) {
      const container = this.container(service);
      const found = await this.#docker.inspect(container);
      services.push({
        service,
        container,
        status: found?.State.Status ?? 'absent',
        exitCode: found?.State.ExitCode ?? 0,
        restartCount: found?.RestartCount ?? 0,
      });
    }
    const groups = await Promise.all(
      this.#deployedWorkers().map(async (worker) => {
        const { state, members } = await this.kafka.group(GROUP_OF[worker]);
        return { group: GROUP_OF[worker], state, members: members.length };
      }),
    );
    const [row] = await this.sql<{ count: number }>(
      `select count(*)::int as count from payments where status = 'succeeded'`,
    );
    return {
      name: this.name,
      generation: this.generation,
      fault: this.#state.fault?.id ?? null,
      services,
      groups,
      payments: row?.count ?? 0,
      undelivered: await this.undelivered(),
    };
  }

  async down(): Promise<void> {
    await this.close();
    await tearDown(this.#names);
  }

  async close(): Promise<void> {
    await this.#pool.end();
    await this.#kafka.close();
  }

  container(service: ComposeService): string {
    return containerName(this.#names, service);
  }

  url(service: HttpService): string {
    return `http://127.0.0.1:${this.#state.ports[service]}`;
  }

  async start(service: ComposeService): Promise<void> {
    const container = this.container(service);
    const found = await this.#docker.inspect(container);
    if (found?.State.Running === true && !found.State.Restarting) return;
    await forgetReading(this.#names, service);
    await this.#docker.start(container);
  }

  async stop(service: ComposeService, graceSeconds?: number): Promise<void> {
    await this.#docker.stop(this.container(service), graceSeconds);
  }

  async restart(service: ComposeService): Promise<void> {
    await this.stop(service);
    await this.start(service);
  }

  async kill(service: ComposeService): Promise<void> {
    await this.#docker.kill(this.container(service));
  }

  async remove(service: ComposeService, options: { readonly fromCompose?: boolean } = {}): Promise<void> {
    // Politely, as compose does: a killed worker would haunt its group for a session timeout.
    await this.stop(service);
    await this.#docker.remove(this.container(service));
    if (options.fromCompose !== true || this.#state.outOfCompose.includes(service)) return;
    await this.#update({ outOfCompose: [...this.#state.outOfCompose, service] });
    await this.#writeCompose();
  }

  async recreate(service: ComposeService, overrides?: ServiceOverrides): Promise<void> {
    await this.stop(service);
    await this.#docker.remove(this.container(service));
    if (this.#state.outOfCompose.includes(service)) {
      await this.#update({ outOfCompose: this.#state.outOfCompose.filter((other) => other !== service) });
      await this.#writeCompose();
    }
    const plan = await containerPlan(this.#names, this.#state, await findHostPrograms());
    await createComposeContainer(this.#docker, plan, service, overrides);
    await this.start(service);
  }

  async waitForJoined(worker: Worker, timeoutMs?: number): Promise<void> {
    await waitForJoined(this.kafka, this.#names, worker, timeoutMs);
  }

  async waitForHealth(service: HttpService): Promise<void> {
    await waitForHealth(service, this.#state.ports[service]);
  }

  async logs(service: ComposeService): Promise<string> {
    return await this.#docker.logs(this.container(service));
  }

  async sql<Row extends object = Record<string, unknown>>(
    text: string,
    params: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    const { rows } = await this.#pool.query<Row & pg.QueryResultRow>(text, [...params]);
    return rows;
  }

  async setSwitch(service: Service, name: string, value: unknown): Promise<void> {
    const path = this.#switchFile(service);
    const switches: Record<string, unknown> = JSON.parse(await readFile(path, 'utf8').catch(absentIsEmpty));
    if (value === undefined) delete switches[name];
    else switches[name] = value;
    await writeFileAtomically(path, `${JSON.stringify(switches, null, 2)}\n`);
  }

  async clearSwitches(): Promise<void> {
    await Promise.all(SERVICES.map((service) => writeFileAtomically(this.#switchFile(service), '{}\n')));
  }

  #switchFile(service: Service): string {
    return join(this.directory, 'switches', `${service}.json`);
  }

  #deployedServices(): readonly Service[] {
    return SERVICES.filter((service) => composeServices(this.#state).includes(service));
  }

  #deployedWorkers(): readonly Worker[] {
    return this.#state.workers.filter((worker) => !this.#state.outOfCompose.includes(worker));
  }

  async #writeCompose(): Promise<void> {
    const { ports } = this.#state;
    await writeCompose({ names: this.#names, services: composeServices(this.#state), ports });
  }

  async #update(change: Partial<LabState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await writeState(this.#names, this.#state);
  }
}

function absentIsEmpty(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '{}';
  throw error;
}

function paymentIdsOf(answer: string): readonly string[] {
  const { paymentIds } = JSON.parse(answer) as { readonly paymentIds?: unknown };
  if (!Array.isArray(paymentIds) || !paymentIds.every((id) => typeof id === 'string')) {
    throw new Error(`payment-service named no payment ids: ${answer}`);
  }
  return paymentIds;
}
