import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Cluster, KafkaConfig, SASLOptions } from 'kafkajs';
import { OFFSETS_TOPIC } from '../../platform/pipeline.ts';
import { addressText, parseAddress, seedAddress, seedName } from './address.ts';
import { type FailureContext, unroutableError } from './errors.ts';
import {
  type Admission,
  asReadingBroker,
  type MetadataAnswer,
  type ReadingBroker,
  tapConnections,
} from './kafkajs-shape.ts';
import type { Address, KafkaOptions, SaslOptions } from './options.ts';
import { RecentLogs } from './recent-logs.ts';
import { Routes, routeFinders } from './routes.ts';
import { Sockets } from './sockets.ts';

const CONNECT_TIMEOUT_MS = 2_000;
export const REQUEST_TIMEOUT_MS = 5_000;
const CLIENT_ID = 'kc-doctor';

export interface Node extends Address {
  readonly nodeId: number;
}

/**
 * kafkajs's cluster without consumer group: an assigner factory is handed the live cluster when a consumer is made, and that
 * consumer is never used (tulios/kafkajs #373 asks for a way that does not need this).
 */
export class KafkajsClient {
  readonly logs = new RecentLogs();
  readonly #options: KafkaOptions;
  readonly #admit: Admission;
  readonly #sockets: Sockets;
  readonly #routes: Routes;
  readonly #bootstrap: readonly Address[];
  #cluster: Cluster | null = null;
  #connecting: Promise<Cluster> | null = null;
  #nodes: readonly Node[] = [];
  #clusterId: string | null = null;
  /** The bootstrap broker that answered last. */
  #answering: Address | null = null;
  #preferred: number | null = null;
  #interrupted: Promise<void> = Promise.resolve();

  constructor(options: KafkaOptions, admit: Admission) {
    this.#options = options;
    this.#admit = admit;
    this.#sockets = new Sockets(options.tls);
    this.#routes = new Routes(routeFinders(options, options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS));
    this.#bootstrap = options.brokers.map((broker) => parseAddress(broker, 'kafka.brokers'));
  }

  get address(): string {
    return this.#bootstrap.map(addressText).join(',');
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get clusterId(): string | null {
    return this.#clusterId;
  }

  /** Metadata of these topics, each with its own error code; brokers come with it. */
  async metadata(topics: readonly string[], context: FailureContext): Promise<MetadataAnswer> {
    const broker = await this.anyBroker(context);
    return await broker.metadata(topics);
  }

  async broker(nodeId: number, context: FailureContext): Promise<ReadingBroker> {
    const cluster = await this.#connected(context);
    const node = this.#nodes.find((candidate) => candidate.nodeId === nodeId);
    if (node !== undefined && this.#routes.of(node)?.kind === 'unroutable') {
      throw unroutableError(addressText(node), context, false);
    }
    return asReadingBroker(await cluster.findBroker({ nodeId: String(nodeId) }));
  }

  /** The broker that answered last, else the first that does. */
  async anyBroker(context: FailureContext): Promise<ReadingBroker> {
    await this.#connected(context);
    const ids = this.#nodes.map(({ nodeId }) => nodeId);
    const ordered = [
      ...ids.filter((id) => id === this.#preferred),
      ...ids.filter((id) => id !== this.#preferred),
    ];
    let failure: unknown = new Error('the cluster named no broker');
    for (const nodeId of ordered) {
      try {
        const broker = await this.broker(nodeId, context);
        this.#preferred = nodeId;
        return broker;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Every request that waits fails at once with `reason`; the next one connects again. */
  interrupt(reason: Error): void {
    this.#sockets.destroy(reason);
    // kafkajs hears of it in the next turn; a request before that would go down with the old connection.
    this.#interrupted = nextTurn();
  }

  async close(reason: Error): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = null;
    this.#connecting = null;
    this.#sockets.destroy(reason);
    await cluster?.disconnect();
  }

  async #connected(context: FailureContext): Promise<Cluster> {
    await this.#interrupted;
    this.#connecting ??= this.#connect(context).catch(async (error: unknown) => {
      // kafkajs takes a mute broker for a connected one from then on: begin anew.
      await this.close(new Error('the connection failed'));
      throw error;
    });
    return await this.#connecting;
  }

  async #connect(context: FailureContext): Promise<Cluster> {
    const seeds = await this.#seeds(context);
    const cluster = await this.#newCluster(seeds);
    this.#cluster = cluster;
    await this.#reachOne(cluster, seeds.length);
    // A target topic keeps kafkajs from asking for the metadata of all topics whenever it refreshes.
    await cluster.addTargetTopic(OFFSETS_TOPIC);
    return cluster;
  }

  /** kafkajs goes to the next bootstrap broker at each failure, and gives up after its retries, of which we allow none. */
  async #reachOne(cluster: Cluster, seeds: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await cluster.connect();
        return;
      } catch (error) {
        if (attempt >= seeds) throw error;
      }
    }
  }

  async #seeds(context: FailureContext): Promise<readonly string[]> {
    const routes = await Promise.all(this.#bootstrap.map((address) => this.#routes.prepare(address, null)));
    const dialable = this.#bootstrap.filter((_, index) => routes[index]?.kind === 'dial');
    const first = this.#bootstrap[0];
    if (first === undefined) throw new Error('no bootstrap broker was given');
    if (dialable.length === 0) throw unroutableError(addressText(first), context, true);
    return dialable.map((address) => seedName(address));
  }

  async #newCluster(seeds: readonly string[]): Promise<Cluster> {
    const { default: kafkajs } = await import('kafkajs');
    const requestTimeout = this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    const config: KafkaConfig = {
      clientId: CLIENT_ID,
      brokers: [...seeds],
      ssl: this.#options.tls !== false,
      ...(this.#options.sasl === null ? {} : { sasl: saslOptions(this.#options.sasl) }),
      connectionTimeout: this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      authenticationTimeout: requestTimeout,
      requestTimeout,
      enforceRequestTimeout: true,
      // Its own retries repeat what cannot succeed and double every time limit; what is worth repeating is repeated here.
      retry: { retries: 0, initialRetryTime: 100, maxRetryTime: 100 },
      logLevel: kafkajs.logLevel.WARN,
      logCreator: () => (entry) => this.logs.add(entry),
      socketFactory: ({ host, port, onConnect }) => {
        const advertised = seedAddress(host, port);
        const route = this.#routes.of(advertised);
        if (route?.kind === 'unroutable') throw new Error(`${addressText(advertised)} cannot be resolved`);
        const dial = route?.address ?? advertised;
        return this.#sockets.open({
          advertised,
          dial,
          onConnect: () => this.#onConnect(advertised, dial, onConnect),
        });
      },
    };
    let cluster: Cluster | null = null;
    new kafkajs.Kafka(config).consumer({
      groupId: `${CLIENT_ID}-never-joins`,
      allowAutoTopicCreation: false,
      readUncommitted: true,
      partitionAssigners: [
        (assigner) => {
          cluster = assigner.cluster;
          return kafkajs.PartitionAssigners.roundRobin(assigner);
        },
      ],
    });
    if (cluster === null) throw new Error('kafkajs no longer hands its cluster to assigners');
    tapConnections(cluster, (answer) => this.#onMetadata(answer), this.#admit);
    return cluster;
  }

  #onConnect(advertised: Address, dial: Address, onConnect: () => void): void {
    if (this.#bootstrap.some((address) => addressText(address) === addressText(advertised)))
      this.#answering = dial;
    onConnect();
  }

  async #onMetadata(answer: MetadataAnswer): Promise<void> {
    this.#nodes = answer.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port }));
    this.#clusterId = answer.clusterId ?? this.#clusterId;
    const standIn = this.#nodes.length === 1 ? this.#answering : null;
    await Promise.all(this.#nodes.map((node) => this.#routes.prepare(node, standIn)));
  }
}

/** A copy, since kafkajs adds to it. */
function saslOptions({ mechanism, username, password }: SaslOptions): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}
