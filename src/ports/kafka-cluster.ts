import type {
  ClusterFacts,
  GroupPoll,
  KeyScan,
  LogBounds,
  RecordSeen,
  TopicState,
} from '../platform/state.ts';

/**
 * Terms. Log start offset and high watermark bound a partition's log: start <= offset < end. Committed offset: the next one that
 * a group will read; null where none is stored. Complete scan: every record of the asked range was read up to the high
 * watermark at scan start.
 *
 * No method creates, joins, commits or produces anything. Methods throw DependencyError (system `kafka`).
 */
export interface GroupQuestion {
  readonly groupId: string;
  /** Topics whose committed offsets are wanted; those that do not exist must be left out by the caller. */
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface KeyQuestion {
  readonly topic: string;
  readonly key: string;
  /** The record cannot be older than this (slack already taken off). */
  readonly notBeforeMs: number;
  /** Also read the partitions that the key does not belong to. */
  readonly allPartitions: boolean;
}

export interface KafkaClusterReader extends AsyncDisposable {
  /** Masked bootstrap address for the head line. */
  readonly address: string;
  /** Proves more than a connection: metadata was answered and every broker named there was reached. */
  facts(signal: AbortSignal): Promise<ClusterFacts>;
  /** One topic, asked for by name, so that "absent" is proved (UNKNOWN_TOPIC_OR_PARTITION); bounds included. */
  topic(topic: string, signal: AbortSignal): Promise<TopicState>;
  bounds(topic: string, partition: number, signal: AbortSignal): Promise<LogBounds>;
  /** State, members, committed offsets and log bounds of one group, once. Only where the offsets topic exists. */
  pollGroup(question: GroupQuestion, signal: AbortSignal): Promise<GroupPoll>;
  /**
   * Records with these keys; one pass per topic and partition serves all questions. Same order as the questions. Throws where
   * one of the topics is absent or may not be read: ask topic by topic where the others are to be answered all the same.
   */
  findKeys(questions: readonly KeyQuestion[], signal: AbortSignal): Promise<readonly KeyScan[]>;
  /** The record at an offset, or the next one after it below the high watermark; null where there is none. */
  recordAt(topic: string, partition: number, offset: bigint, signal: AbortSignal): Promise<RecordSeen | null>;
  /** The newest `count` records of every partition, oldest first, values included for parsing (dead letters). */
  tail(
    topic: string,
    countPerPartition: number,
    signal: AbortSignal,
  ): Promise<{ readonly records: readonly RawRecord[]; readonly complete: boolean }>;
}

export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a key search returns for one record: see platform/events.ts `recordSeen(raw)`. */
export type { RecordSeen };

export interface OffsetCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface RecordToProduce {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array }[];
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
}

/** What a lost answer leaves open is settled by reading, never by sending again: a method either did it, did not, or says unknown. */
export type WriteOutcome = 'done' | 'not-done' | 'unknown';

export interface ProduceOutcome {
  readonly outcome: WriteOutcome;
  /** Of the new record; null unless `done`. */
  readonly offset: bigint | null;
}

/**
 * The face that writes. Only the executor opens it, and only with consent.
 *
 * A method that writes sends one request at most. It throws only where nothing was changed: RefusedError for what is not sent at
 * all, DependencyError where nothing was sent or the broker refused it. Once the request may have left, everything but the
 * broker's word is `unknown`, an aborted signal included. The broker may still carry it out after that: a reading that does not
 * find the effect is final only when a broker has had time to finish what it had received.
 */
export interface KafkaClusterOperator extends KafkaClusterReader {
  /** The record at exactly this offset, byte for byte, to be sent again; null: it is not there (any more). Reads only. */
  copyOf(
    place: { readonly topic: string; readonly partition: number; readonly offset: bigint },
    signal: AbortSignal,
  ): Promise<RecordToProduce | null>;
  /**
   * `not-done`: it existed. Never alters a topic. `done` comes when the partitions have leaders, and without them after 30 s or
   * when the signal ends the wait.
   */
  createTopic(topic: NewTopic, signal: AbortSignal): Promise<WriteOutcome>;
  /**
   * Outside any generation; the broker itself refuses a group with members (`not-done`). Explicit numbers within the log only,
   * its end included; others are refused. A group that was never known is made by it.
   */
  commitOffsets(
    groupId: string,
    commits: readonly OffsetCommit[],
    signal: AbortSignal,
  ): Promise<WriteOutcome>;
  /** One record to one partition, acknowledged by all, never sent twice; its time is now. */
  produce(record: RecordToProduce, signal: AbortSignal): Promise<ProduceOutcome>;
}
