import { connect } from 'node:net';
import type { Admin, Broker, Cluster, IHeaders, Kafka, Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { until } from '../wait.ts';
import { ADVERTISED_HOST } from './broker.ts';

export interface PartitionEnds {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  /** null: no committed offset. */
  readonly offset: bigint | null;
}

export interface GroupState {
  readonly state: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly clientId: string;
    readonly host: string;
  }[];
}

export interface LabRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RecordToSend {
  readonly key?: string;
  readonly value: string | null;
  readonly partition?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestampMs?: number;
}

/** What the lab itself does to its broker, from the host. */
export interface LabKafka {
  topics(): Promise<readonly string[]>;
  createTopic(topic: string, partitions?: number, config?: Readonly<Record<string, string>>): Promise<void>;
  /** Up to that many in all. */
  addPartitions(topic: string, count: number): Promise<void>;
  /** Returns once the topic is gone from the metadata, also when it was not there. */
  deleteTopic(topic: string): Promise<void>;
  ends(topic: string): Promise<readonly PartitionEnds[]>;
  /** All records, or those of one partition, in order. */
  records(topic: string, partition?: number): Promise<readonly LabRecord[]>;
  send(topic: string, records: readonly RecordToSend[]): Promise<void>;
  group(groupId: string): Promise<GroupState>;
  waitForGroupState(groupId: string, state: string, timeoutMs?: number): Promise<void>;
  committed(groupId: string, topic: string): Promise<readonly CommittedOffset[]>;
  /** Explicit offsets; the group must be Empty or unknown. */
  commit(
    groupId: string,
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[],
  ): Promise<void>;
  /** Makes whoever is in it leave first. */
  deleteGroup(groupId: string): Promise<void>;
}

/** kafkajs's own shape of a fetched record; its typings say `any`. */
interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
  readonly isControlRecord: boolean;
}

interface FetchAnswer {
  readonly responses: readonly {
    readonly partitions: readonly { readonly messages: readonly FetchedMessage[] }[];
  }[];
}

export interface LabKafkaClient extends LabKafka {
  /** Until the broker answers from the host. */
  waitUntilReady(timeoutMs?: number): Promise<void>;
  groups(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A client on the host: whatever the broker advertises is dialled at its published port. */
export function openLabKafka(hostPort: number): LabKafkaClient {
  const kafka = new kafkajs.Kafka({
    clientId: 'kc-lab',
    brokers: [`127.0.0.1:${hostPort}`],
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 8 },
    socketFactory: ({ host, port, onConnect }) => {
      const target = host === ADVERTISED_HOST ? { host: '127.0.0.1', port: hostPort } : { host, port };
      return connect(target, onConnect).setKeepAlive(true, 60_000);
    },
  });
  return new KafkajsLabKafka(kafka);
}

const OFFSETS_TOPIC = '__consumer_offsets';
const FETCH_MAX_WAIT_MS = 100;

class KafkajsLabKafka implements LabKafkaClient {
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly #cluster: Cluster;
  #connected: Promise<void> | null = null;
  #producerConnected: Promise<void> | null = null;

  constructor(kafka: Kafka) {
    this.#admin = kafka.admin();
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    let cluster: Cluster | undefined;
    // The only typed way to kafkajs's cluster: an assigner factory receives it. The consumer is never used.
    kafka.consumer({
      groupId: 'kc-lab-never-joins',
      allowAutoTopicCreation: false,
      partitionAssigners: [
        (config) => {
          cluster = config.cluster;
          return kafkajs.PartitionAssigners.roundRobin(config);
        },
      ],
    });
    if (cluster === undefined) throw new Error('kafkajs no longer hands its cluster to assigners');
    this.#cluster = cluster;
  }

  async waitUntilReady(timeoutMs = 30_000): Promise<void> {
    await until('the broker answers', async () => (await this.topics()).length >= 0, timeoutMs, 50);
  }

  async topics(): Promise<readonly string[]> {
    await this.#connect();
    return await this.#admin.listTopics();
  }

  async createTopic(
    topic: string,
    partitions = 3,
    config: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#connect();
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    await this.#admin.createTopics({
      waitForLeaders: false,
      topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
    });
    // The metadata names a leader a moment before that broker knows; until then it refuses to tell the ends.
    await until(`topic ${topic} has leaders`, async () => (await this.ends(topic)).length === partitions);
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#connect();
    await this.#admin.createPartitions({ topicPartitions: [{ topic, count }] });
    await until(`topic ${topic} has ${count} leaders`, async () => (await this.ends(topic)).length === count);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#connect();
    const isGone = async () => !(await this.topics()).includes(topic);
    try {
      await this.#admin.deleteTopics({ topics: [topic] });
    } catch (error) {
      // kafkajs repeats the request when its answer is lost, and the repetition finds no topic.
      if (!(await isGone())) throw error;
    }
    await until(`topic ${topic} is gone`, isGone);
  }

  async ends(topic: string): Promise<readonly PartitionEnds[]> {
    await this.#connect();
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    return offsets
      .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
      .sort((a, b) => a.partition - b.partition);
  }

  async records(topic: string, partition?: number): Promise<readonly LabRecord[]> {
    const wanted = (await this.ends(topic)).filter(
      (end) => partition === undefined || end.partition === partition,
    );
    const found: LabRecord[] = [];
    for (const end of wanted) found.push(...(await this.#recordsOf(topic, end)));
    return found;
  }

  async #recordsOf(topic: string, end: PartitionEnds): Promise<readonly LabRecord[]> {
    await this.#cluster.connect();
    await this.#cluster.addTargetTopic(topic);
    await this.#cluster.refreshMetadata();
    const leaders = this.#cluster.findLeaderForPartitions(topic, [end.partition]);
    const nodeId = Object.keys(leaders)[0];
    if (nodeId === undefined) throw new Error(`no leader for ${topic}[${end.partition}]`);
    const broker = await this.#cluster.findBroker({ nodeId });
    const found: LabRecord[] = [];
    let next = end.low;
    while (next < end.high) {
      const messages = await fetchFrom(broker, topic, end.partition, next);
      if (messages.length === 0) throw new Error(`${topic}[${end.partition}] gives nothing at ${next}`);
      for (const message of messages) {
        const offset = BigInt(message.offset);
        // A batch is handed out whole, so what lies before the asked offset may come along.
        if (offset < next) continue;
        next = offset + 1n;
        if (!message.isControlRecord) found.push(labRecord(topic, end.partition, message));
      }
    }
    return found;
  }

  async send(topic: string, records: readonly RecordToSend[]): Promise<void> {
    this.#producerConnected ??= this.#producer.connect();
    await this.#producerConnected;
    await this.#producer.send({
      topic,
      messages: records.map((record) => ({
        value: record.value,
        ...(record.key === undefined ? {} : { key: record.key }),
        ...(record.partition === undefined ? {} : { partition: record.partition }),
        ...(record.headers === undefined ? {} : { headers: { ...record.headers } }),
        ...(record.timestampMs === undefined ? {} : { timestamp: String(record.timestampMs) }),
      })),
    });
  }

  async groups(): Promise<readonly string[]> {
    await this.#connect();
    return (await this.#admin.listGroups()).groups.map((group) => group.groupId);
  }

  async group(groupId: string): Promise<GroupState> {
    await this.#connect();
    // Asking for a group makes the broker create the offsets topic, which a platform that has not read yet lacks.
    const { topics } = await this.#admin.fetchTopicMetadata();
    if (!topics.some((topic) => topic.name === OFFSETS_TOPIC)) return { state: 'Dead', members: [] };
    const { groups } = await this.#admin.describeGroups([groupId]);
    const found = groups[0];
    if (found === undefined) throw new Error(`the broker did not describe ${groupId}`);
    const members = found.members.map(({ memberId, clientId, clientHost }) => ({
      memberId,
      clientId,
      host: clientHost,
    }));
    return { state: found.state, members };
  }

  async waitForGroupState(groupId: string, state: string, timeoutMs = 60_000): Promise<void> {
    const isThere = async () => (await this.group(groupId)).state === state;
    await until(`group ${groupId} is ${state}`, isThere, timeoutMs);
  }

  async committed(groupId: string, topic: string): Promise<readonly CommittedOffset[]> {
    await this.#connect();
    const answers = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    return answers
      .flatMap((answer) => answer.partitions)
      .map(({ partition, offset }) => ({ topic, partition, offset: offset === '-1' ? null : BigInt(offset) }))
      .sort((a, b) => a.partition - b.partition);
  }

  async commit(
    groupId: string,
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[],
  ): Promise<void> {
    await this.#cluster.connect();
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId });
    const topics = [...new Set(offsets.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: offsets
        .filter((offset) => offset.topic === topic)
        .map(({ partition, offset }) => ({ partition, offset: offset.toString() })),
    }));
    // Generation −1 and no member id is a commit from outside, which the broker refuses unless the group is empty.
    await coordinator.offsetCommit({ groupId, groupGenerationId: -1, memberId: '', topics });
  }

  async deleteGroup(groupId: string): Promise<void> {
    const { state, members } = await this.group(groupId);
    if (state === 'Dead') return;
    await this.#cluster.connect();
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId });
    for (const { memberId } of members) {
      // A killed worker stays a member for its session timeout of 30 s; leaving in its name is at once.
      await canLeaveGroup(coordinator).leaveGroup({ groupId, memberId });
    }
    await this.waitForGroupState(groupId, 'Empty', 10_000);
    await this.#admin.deleteGroups([groupId]);
  }

  async close(): Promise<void> {
    const clients = [this.#admin, this.#producer, this.#cluster];
    const outcomes = await Promise.allSettled(clients.map((client) => client.disconnect()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #connect(): Promise<void> {
    this.#connected ??= this.#admin.connect();
    try {
      await this.#connected;
    } catch (error) {
      this.#connected = null;
      throw error;
    }
  }
}

interface LeavesGroup {
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/** kafkajs's broker can leave a group in another's name, but its typings leave that out. */
function canLeaveGroup(broker: Broker): LeavesGroup {
  if (!('leaveGroup' in broker) || typeof broker.leaveGroup !== 'function') {
    throw new Error('kafkajs no longer offers leaveGroup');
  }
  return broker as unknown as LeavesGroup;
}

async function fetchFrom(
  broker: Broker,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<readonly FetchedMessage[]> {
  const answer: FetchAnswer = await broker.fetch({
    // 0: up to the high watermark, transactions or not.
    isolationLevel: 0,
    maxWaitTime: FETCH_MAX_WAIT_MS,
    topics: [
      { topic, partitions: [{ partition, fetchOffset: offset.toString(), maxBytes: 4 * 1024 * 1024 }] },
    ],
  });
  return answer.responses.flatMap((response) => response.partitions).flatMap(({ messages }) => messages);
}

function labRecord(topic: string, partition: number, message: FetchedMessage): LabRecord {
  const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key?.toString('utf8') ?? null,
    value: message.value?.toString('utf8') ?? null,
    headers: Object.fromEntries(headers),
  };
}
