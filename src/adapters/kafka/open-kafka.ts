import { recordSeen } from '../../platform/events.ts';
import { maskSecrets } from '../../platform/mask.ts';
import type { Observed } from '../../platform/observed.ts';
import { seen, unseen } from '../../platform/observed.ts';
import type {
  ClusterFacts,
  GroupPoll,
  KeyScan,
  LogBounds,
  PolledPartition,
  RecordSeen,
  TopicState,
} from '../../platform/state.ts';
import type {
  GroupQuestion,
  KafkaClusterOperator,
  KafkaClusterReader,
  KeyQuestion,
  RawRecord,
  RecordToProduce,
} from '../../ports/kafka-cluster.ts';
import type { Call } from './call.ts';
import { CallRunner, secretsOf } from './call-runner.ts';
import { KafkajsClient } from './client.ts';
import { type FailureContext, toDependencyError } from './errors.ts';
import {
  askGroup,
  type Existence,
  listedGroups,
  NO_GROUP,
  offsetsTopic,
  offsetsTopicUnknown,
  placeKey,
} from './groups.ts';
import { READS_ONLY } from './kafkajs-shape.ts';
import { searchTopic } from './key-search.ts';
import type { KafkaOptions } from './options.ts';
import type { BatchRecord } from './record-batch.ts';
import { maskedRecord, rawRecord, readRange } from './records.ts';
import { silenceNegativeTimeoutWarning } from './timeout-warning.ts';
import {
  answerIn,
  boundsOf,
  existingPartition,
  existingTopic,
  findTopic,
  type Partition,
  valueIn,
} from './topics.ts';

const SCAN_LIMIT_BYTES = 1024 ** 3;
/** Less than the follow-up of a diagnosis gives (3 s), so that a cut search still hands out what it found. */
const SCAN_LIMIT_MS = 2_000;
/** A broker sends the first batch whole, however large it is. */
const SINGLE_RECORD_FETCH_BYTES = 64 * 1024;

/** Nothing is dialled before the first call. */
export function openKafka(options: KafkaOptions): KafkaClusterReader & Pick<KafkaClusterOperator, 'copyOf'> {
  return new KafkajsCluster(options);
}

class KafkajsCluster implements KafkaClusterReader {
  readonly #options: KafkaOptions;
  readonly #client: KafkajsClient;
  readonly #calls: CallRunner;
  readonly #secrets: readonly string[];
  readonly #releaseWarning: () => void;
  #offsetsTopicSeen = false;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#client = new KafkajsClient(options, READS_ONLY);
    this.#calls = new CallRunner(this.#client, options);
    this.#secrets = secretsOf(options);
    this.#releaseWarning = silenceNegativeTimeoutWarning();
  }

  get address(): string {
    return this.#client.address;
  }

  async facts(signal: AbortSignal): Promise<ClusterFacts> {
    return await this.#calls.run('the cluster and its brokers', signal, async (call) => {
      // Always asked anew: the brokers come with the answer.
      const offsets = await offsetsTopic(call);
      this.#offsetsTopicSeen ||= offsets === 'present';
      for (const { nodeId } of this.#client.nodes) await this.#client.broker(nodeId, call.context);
      return {
        clusterId: this.#client.clusterId,
        brokers: this.#client.nodes,
        // Absence needs proof; what is not known is asked, and answered, by each poll of a group.
        offsetsTopicExists: offsets !== 'absent',
        groupIds: await listedGroups(call),
      };
    });
  }

  async topic(topic: string, signal: AbortSignal): Promise<TopicState> {
    return await this.#calls.run(`topic ${topic}`, signal, async (call) => {
      const partitions = await findTopic(call, topic);
      if (partitions === null) return { kind: 'absent' };
      const bounds = await boundsOf(call, topic, partitions);
      const observed = (partition: number): Observed<LogBounds> => {
        const answer = answerIn(bounds, partition);
        return 'value' in answer
          ? seen(answer.value, call.nowMs())
          : this.#gap(answer.error, {
              ...call.context,
              operation: `both ends of the log of ${topic}[${partition}]`,
            });
      };
      const states = partitions.map((partition) => ({ ...partition, bounds: observed(partition.partition) }));
      return { kind: 'present', topic, partitions: states };
    });
  }

  async bounds(topic: string, partition: number, signal: AbortSignal): Promise<LogBounds> {
    return await this.#calls.run(`both ends of the log of ${topic}[${partition}]`, signal, async (call) => {
      const one = await existingPartition(call, topic, partition);
      return valueIn(await boundsOf(call, topic, [one]), partition);
    });
  }

  async pollGroup(question: GroupQuestion, signal: AbortSignal): Promise<GroupPoll> {
    return await this.#calls.run(`consumer group ${question.groupId}`, signal, async (call) => {
      const offsets = await this.#offsetsTopic(call);
      if (offsets === 'unknown') throw offsetsTopicUnknown(call);
      const { AssignerProtocol } = (await import('kafkajs')).default;
      const [group, leaders] = await Promise.all([
        offsets === 'absent'
          ? NO_GROUP
          : askGroup(call, question, (bytes) => AssignerProtocol.MemberAssignment.decode(bytes)),
        leadersOf(call, question),
      ]);
      // After the commits: an end that was read before them could lie behind them.
      const partitions = await polledPartitions(call, leaders, group.committed);
      return {
        atMs: call.nowMs(),
        state: group.state,
        listed: group.listed,
        members: group.members,
        partitions,
      };
    });
  }

  async findKeys(questions: readonly KeyQuestion[], signal: AbortSignal): Promise<readonly KeyScan[]> {
    const topics = [...new Set(questions.map(({ topic }) => topic))];
    return await this.#calls.run(
      `records of ${questions.length} keys in ${topics.join(', ')}`,
      signal,
      async (call) => {
        const limits = {
          bytesOfPartition: this.#options.scanLimitBytes ?? SCAN_LIMIT_BYTES,
          endsAtMs: performance.now() + (this.#options.scanLimitMs ?? SCAN_LIMIT_MS),
        };
        const found = new Map<KeyQuestion, KeyScan>();
        for (const topic of topics) {
          const asked = questions.filter((question) => question.topic === topic);
          const scans = await searchTopic(call, topic, asked, limits);
          for (const [index, scan] of scans.entries()) {
            const question = asked[index];
            if (question !== undefined) found.set(question, scan);
          }
        }
        return questions.map((question) => {
          const scan = found.get(question);
          if (scan === undefined) throw new Error(`no answer for the key ${question.key}`);
          return scan;
        });
      },
    );
  }

  async recordAt(
    topic: string,
    partition: number,
    offset: bigint,
    signal: AbortSignal,
  ): Promise<RecordSeen | null> {
    const found = await this.#firstFrom(topic, partition, offset, signal);
    return found === null ? null : recordSeen(rawRecord(topic, partition, found));
  }

  async copyOf(
    {
      topic,
      partition,
      offset,
    }: { readonly topic: string; readonly partition: number; readonly offset: bigint },
    signal: AbortSignal,
  ): Promise<RecordToProduce | null> {
    const found = await this.#firstFrom(topic, partition, offset, signal);
    if (found === null || found.offset !== offset) return null;
    const headers = found.headers.map(([name, value]) => ({ name, value: value ?? new Uint8Array() }));
    return { topic, partition, key: found.key, value: found.value, headers };
  }

  #firstFrom(
    topic: string,
    partition: number,
    offset: bigint,
    signal: AbortSignal,
  ): Promise<BatchRecord | null> {
    return this.#calls.run(`the record at ${topic}[${partition}] @ ${offset}`, signal, async (call) => {
      const one = await existingPartition(call, topic, partition);
      const { start, end } = valueIn(await boundsOf(call, topic, [one]), partition);
      const found: BatchRecord[] = [];
      const range = {
        topic,
        partition,
        from: offset > start ? offset : start,
        to: end,
        keys: null,
        fetchBytes: SINGLE_RECORD_FETCH_BYTES,
        isEnough: () => found.length > 0,
      };
      const read = await readRange(call, range, one, (record) => {
        if (found.length === 0) found.push(record);
      });
      const first = found[0];
      if (first !== undefined) return first;
      if (!read.complete)
        throw new Error(`the broker gave nothing at ${read.readTo}, below the end of the log`);
      return null;
    });
  }

  async tail(
    topic: string,
    countPerPartition: number,
    signal: AbortSignal,
  ): Promise<{ readonly records: readonly RawRecord[]; readonly complete: boolean }> {
    return await this.#calls.run(`the newest records of ${topic}`, signal, async (call) => {
      const partitions = await existingTopic(call, topic);
      const bounds = await boundsOf(call, topic, partitions);
      const tails = await Promise.all(
        partitions.map(async (one) => {
          const records: RawRecord[] = [];
          if (one.leader === null) return { records, complete: false };
          const { start, end } = valueIn(bounds, one.partition);
          const wanted = end - BigInt(countPerPartition);
          const from = wanted > start ? wanted : start;
          const range = { topic, partition: one.partition, from, to: end, keys: null };
          const read = await readRange(call, range, one, (record) => {
            records.push(maskedRecord(rawRecord(topic, one.partition, record), this.#mask));
          });
          return { records, complete: read.complete && from === start };
        }),
      );
      return {
        records: tails.flatMap(({ records }) => records),
        complete: tails.every(({ complete }) => complete),
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#releaseWarning();
    await this.#client.close(new Error('kc-doctor has closed its connection to Kafka'));
  }

  readonly #mask = (text: string): string => maskSecrets(text, this.#secrets);

  async #offsetsTopic(call: Call): Promise<Existence> {
    if (this.#offsetsTopicSeen) return 'present';
    const existence = await offsetsTopic(call);
    this.#offsetsTopicSeen = existence === 'present';
    return existence;
  }

  #gap(error: unknown, context: FailureContext): Observed<never> {
    const { system, operation, gapCode, message, hint } = toDependencyError(error, context);
    return unseen({ system, operation, code: gapCode, reason: message, hint });
  }
}

type Leaders = readonly {
  readonly topic: string;
  /** Those that were asked for. */
  readonly wanted: readonly number[];
  /** Those of them that are there. */
  readonly partitions: readonly Partition[];
}[];

function leadersOf(call: Call, { topics }: GroupQuestion): Promise<Leaders> {
  return Promise.all(
    topics.map(async ({ topic, partitions: wanted }) => {
      const found = (await findTopic(call, topic)) ?? [];
      return { topic, wanted, partitions: found.filter(({ partition }) => wanted.includes(partition)) };
    }),
  );
}

async function polledPartitions(
  call: Call,
  leaders: Leaders,
  committed: ReadonlyMap<string, bigint>,
): Promise<readonly PolledPartition[]> {
  const polled = await Promise.all(
    leaders.map(async ({ topic, wanted, partitions }) => {
      const bounds = await boundsOf(call, topic, partitions);
      return wanted.map((partition): PolledPartition => {
        // The commit was seen even where the log's ends were not: `bounds` null says so.
        const answer = answerIn(bounds, partition);
        return {
          topic,
          partition,
          committed: committed.get(placeKey(topic, partition)) ?? null,
          bounds: 'value' in answer ? answer.value : null,
        };
      });
    }),
  );
  return polled.flat();
}
