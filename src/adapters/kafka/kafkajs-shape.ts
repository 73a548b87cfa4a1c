import type { Cluster } from 'kafkajs';
import { decodeFetchAnswer, type FetchAnswer, RAW_FETCH_VERSION } from './fetch-answer.ts';
import { API, READING, SETTLED_BY_CODE } from './protocol.ts';
import { hasOldFormat } from './record-batch.ts';

/**
 * The one place that relies on what kafkajs 2.2.4 does not type: its broker's reading requests, and the connection pool that
 * they go through. A change of shape is found here, before anything is sent.
 */
export interface MetadataAnswer {
  /** -1: none is known. */
  readonly controllerId?: number;
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly clusterId?: string | null;
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number;
    readonly topic: string;
    readonly partitionMetadata: readonly PartitionMetadata[];
  }[];
}

export interface PartitionMetadata {
  readonly partitionErrorCode: number;
  readonly partitionId: number;
  /** -1: no leader. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface ListOffsetsAnswer {
  readonly responses: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly timestamp?: string;
      readonly offset?: string;
    }[];
  }[];
}

export interface CoordinatorAnswer {
  readonly errorCode: number;
  readonly coordinator: { readonly nodeId: number };
}

export interface DescribeGroupsAnswer {
  readonly groups: readonly {
    readonly errorCode: number;
    readonly groupId: string;
    readonly state: string;
    readonly protocolType: string;
    readonly members: readonly {
      readonly memberId: string;
      readonly clientId: string;
      readonly clientHost: string;
      readonly memberAssignment: Buffer | null;
    }[];
  }[];
}

export interface ListGroupsAnswer {
  readonly errorCode: number;
  readonly groups: readonly { readonly groupId: string }[];
}

export interface OffsetFetchAnswer {
  readonly errorCode?: number;
  readonly responses: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly offset: string;
      readonly errorCode: number;
    }[];
  }[];
}

/** What kafkajs decodes of a partition where ours does not: old brokers, and message sets of format 0 and 1. */
export interface DecodedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
  readonly isControlRecord?: boolean;
}

export interface DecodedFetch {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly highWatermark: string;
      readonly messages: readonly DecodedMessage[];
    }[];
  }[];
}

interface TopicPartitions<Partition> {
  readonly topic: string;
  readonly partitions: readonly Partition[];
}

/** No answer of these is thrown away for one error in it: the codes stay in it. */
export interface ReadingBroker {
  metadata(topics: readonly string[]): Promise<MetadataAnswer>;
  listOffsets(question: {
    readonly isolationLevel: number;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly timestamp: number }>[];
  }): Promise<ListOffsetsAnswer>;
  fetch(question: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly maxBytes: number;
    readonly topics: readonly TopicPartitions<{
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }>[];
  }): Promise<FetchAnswer | DecodedFetch>;
  findGroupCoordinator(question: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }): Promise<CoordinatorAnswer>;
  describeGroups(question: { readonly groupIds: readonly string[] }): Promise<DescribeGroupsAnswer>;
  listGroups(): Promise<ListGroupsAnswer>;
  offsetFetch(question: {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number }>[];
  }): Promise<OffsetFetchAnswer>;
}

const BROKER_METHODS = [
  'metadata',
  'listOffsets',
  'fetch',
  'findGroupCoordinator',
  'describeGroups',
  'listGroups',
  'offsetFetch',
] as const satisfies readonly (keyof ReadingBroker)[];

export function asReadingBroker(broker: unknown): ReadingBroker {
  const isWhole = isObject(broker) && BROKER_METHODS.every((method) => typeof broker[method] === 'function');
  if (!isWhole) throw shapeChanged('its broker');
  return broker as unknown as ReadingBroker;
}

/** What a broker of kafkajs can also do. Answers keep their codes here too. */
export interface WritingBroker {
  createTopics(question: {
    readonly topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
    }[];
    readonly timeout: number;
  }): Promise<CreateTopicsAnswer>;
  offsetCommit(question: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<OffsetCommitAnswer>;
  produce(question: {
    readonly acks: number;
    readonly timeout: number;
    readonly topicData: readonly TopicPartitions<{
      readonly partition: number;
      readonly messages: readonly MessageToProduce[];
    }>[];
  }): Promise<ProduceAnswer>;
}

export interface MessageToProduce {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, readonly Buffer[]>>;
}

export interface CreateTopicsAnswer {
  readonly topicErrors: readonly { readonly topic: string; readonly errorCode: number }[];
}

export interface OffsetCommitAnswer {
  readonly responses: readonly TopicPartitions<{ readonly partition: number; readonly errorCode: number }>[];
}

export interface ProduceAnswer {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly baseOffset?: string;
    }[];
  }[];
}

const WRITING_METHODS = [
  'createTopics',
  'offsetCommit',
  'produce',
] as const satisfies readonly (keyof WritingBroker)[];

/** Being able to call them is not being allowed to: the client's admission decides on each request. */
export function asWritingBroker(broker: unknown): WritingBroker {
  const isWhole = isObject(broker) && WRITING_METHODS.every((method) => typeof broker[method] === 'function');
  if (!isWhole) throw shapeChanged('its broker');
  return broker as unknown as WritingBroker;
}

export interface Exchange {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    /** Called once, right before the bytes go to the socket. */
    readonly encode?: () => Promise<unknown>;
  };
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<unknown>;
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}

interface ConnectionPool {
  send(exchange: Exchange): Promise<unknown>;
}

/** Asked about each request that does not read: what to send in its place, or an error. */
export type Admission = (exchange: Exchange) => Exchange;

export const READS_ONLY: Admission = ({ request }) => {
  throw new Error(`a reader was about to send a request that does not read (api key ${request.apiKey})`);
};

/**
 * Puts three things between kafkajs and its sockets. A request that does not read goes only where `admit` lets it, so that no
 * call of ours and no habit of kafkajs changes the cluster unasked. An answer keeps its error codes: kafkajs throws at the first one, and with it
 * the whole cluster's metadata for one partition without leader. Fetched records stay bytes.
 *
 * `onMetadata` is awaited before kafkajs sees the brokers, and so before it dials one.
 */
export function tapConnections(
  cluster: Cluster,
  onMetadata: (answer: MetadataAnswer) => Promise<void>,
  admit: Admission,
): void {
  const builder = isObject(cluster)
    ? (cluster as Record<string, unknown>)['connectionPoolBuilder']
    : undefined;
  if (!isObject(builder) || typeof builder['build'] !== 'function')
    throw shapeChanged('its connection pools');
  const build = builder['build'].bind(builder) as (...given: unknown[]) => Promise<unknown>;
  builder['build'] = async (...given: unknown[]) => tap(await build(...given), onMetadata, admit);
}

function tap(
  pool: unknown,
  onMetadata: (answer: MetadataAnswer) => Promise<void>,
  admit: Admission,
): unknown {
  if (!isConnectionPool(pool)) throw shapeChanged('its connection pool');
  const send = pool.send.bind(pool);
  pool.send = async (exchange) => {
    if (!isExchange(exchange)) throw shapeChanged('its requests');
    const isReading = READING.includes(exchange.request.apiKey);
    return await send(isReading ? tapped(exchange, onMetadata) : admit(exchange));
  };
  return pool;
}

function tapped(exchange: Exchange, onMetadata: (answer: MetadataAnswer) => Promise<void>): Exchange {
  const { request, response } = exchange;
  if (!SETTLED_BY_CODE.includes(request.apiKey)) return exchange;
  const parse = async (decoded: unknown): Promise<unknown> => {
    if (request.apiKey === API.metadata) await onMetadata(decoded as MetadataAnswer);
    return decoded;
  };
  const decode =
    request.apiKey === API.fetch && request.apiVersion === RAW_FETCH_VERSION
      ? async (payload: Buffer): Promise<unknown> => {
          const answer = decodeFetchAnswer(payload);
          const isOld = answer.partitions.some(({ records }) => hasOldFormat(records));
          return isOld ? await response.decode(payload) : answer;
        }
      : response.decode;
  return { ...exchange, response: { ...response, decode, parse } };
}

function isConnectionPool(value: unknown): value is ConnectionPool {
  return isObject(value) && typeof value['send'] === 'function';
}

function isExchange(value: unknown): value is Exchange {
  if (!isObject(value) || !isObject(value['request']) || !isObject(value['response'])) return false;
  const { request, response } = value;
  return (
    typeof request['apiKey'] === 'number' &&
    typeof request['apiVersion'] === 'number' &&
    typeof response['decode'] === 'function' &&
    typeof response['parse'] === 'function'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function shapeChanged(what: string): Error {
  return new Error(`kafkajs is not the version that kc-doctor was built for: ${what} have another shape`);
}
