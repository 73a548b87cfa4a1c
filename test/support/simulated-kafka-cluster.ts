import { DependencyError, RefusedError } from '../../src/errors.ts';
import { partitionOf, recordSeen } from '../../src/platform/events.ts';
import type { GapCode, Observed } from '../../src/platform/observed.ts';
import { seen, unseen } from '../../src/platform/observed.ts';
import type {
  ClusterFacts,
  GroupMember,
  GroupPoll,
  GroupStateName,
  KeyScan,
  LogBounds,
  RecordSeen,
  TopicState,
} from '../../src/platform/state.ts';
import type {
  GroupQuestion,
  KafkaClusterOperator,
  KafkaClusterReader,
  KeyQuestion,
  NewTopic,
  OffsetCommit,
  ProduceOutcome,
  RawRecord,
  RecordToProduce,
  WriteOutcome,
} from '../../src/ports/kafka-cluster.ts';
import { ScriptedClock } from './scripted-clock.ts';

export type ReaderMethod = 'facts' | 'topic' | 'bounds' | 'pollGroup' | 'findKeys' | 'recordAt' | 'tail';

export type WriterMethod = 'createTopic' | 'commitOffsets' | 'produce';
type Method = ReaderMethod | WriterMethod;

/** Where the connection breaks around what a write does; the writer hears nothing either way. */
export type AnswerLost = 'before-effect' | 'after-effect';

export interface NewRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: now. */
  readonly timestampMs?: number;
}

interface Log {
  start: bigint;
  end: bigint;
  records: readonly RawRecord[];
  hasLeader: boolean;
}

interface Group {
  members: readonly GroupMember[];
  /** By `${topic} ${partition}`. */
  readonly committed: Map<string, bigint>;
  /** Said instead of what members and commits would say. */
  state: GroupStateName | null;
}

type Behaviour =
  | { readonly kind: 'fail'; readonly error: DependencyError }
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly ms: number };

/**
 * One broker in memory: topics are logs with a start and an end, groups have members and commits. Held to the same contract
 * as the real one (test/contract/kafka-cluster.contract.ts); what that does not say proves nothing here.
 */
export class SimulatedKafkaCluster {
  readonly clock: ScriptedClock;
  readonly #topics = new Map<string, Log[]>();
  readonly #groups = new Map<string, Group>();
  readonly #behaviour = new Map<Method, Behaviour>();
  readonly #lost = new Map<WriterMethod, AnswerLost>();
  readonly #deniedTopics = new Set<string>();
  readonly #deniedGroups = new Set<string>();
  #offsetsTopicExists = false;

  constructor(clock: ScriptedClock = new ScriptedClock()) {
    this.clock = clock;
  }

  // --- what the world does to it

  createTopic(topic: string, partitions = 3): void {
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => ({ start: 0n, end: 0n, records: [], hasLeader: true })),
    );
  }

  /** Takes the commits of all groups on it along, as a broker does. */
  deleteTopic(topic: string): void {
    this.#topics.delete(topic);
    for (const { committed } of this.#groups.values()) {
      for (const place of committed.keys()) if (place.startsWith(`${topic} `)) committed.delete(place);
    }
  }

  /** Returns its offset. Without partition: where the key belongs. */
  append(topic: string, record: NewRecord, partition?: number): bigint {
    const logs = this.#logs(topic);
    const chosen = partition ?? partitionOf(record.key ?? '', logs.length);
    const log = this.#log(topic, chosen);
    const offset = log.end;
    const { key, value, headers = {}, timestampMs = this.clock.nowMs() } = record;
    log.records = [...log.records, { topic, partition: chosen, offset, timestampMs, key, value, headers }];
    log.end += 1n;
    return offset;
  }

  /** As retention does: records before the offset are gone. */
  trim(topic: string, partition: number, before: bigint): void {
    const log = this.#log(topic, partition);
    log.start = before;
    log.records = log.records.filter(({ offset }) => offset >= before);
  }

  loseLeader(topic: string, partition: number): void {
    this.#log(topic, partition).hasLeader = false;
  }

  commit(groupId: string, topic: string, offsets: Readonly<Record<number, bigint>>): void {
    const group = this.#group(groupId);
    for (const [partition, offset] of Object.entries(offsets)) {
      if (offset === -1n) group.committed.delete(`${topic} ${partition}`);
      else group.committed.set(`${topic} ${partition}`, offset);
    }
  }

  hasTopic(topic: string): boolean {
    return this.#topics.has(topic);
  }

  endOf(topic: string, partition: number): bigint {
    return this.#log(topic, partition).end;
  }

  recordsOf(topic: string, partition: number): readonly RawRecord[] {
    return this.#log(topic, partition).records;
  }

  committedOf(groupId: string, topic: string, partition: number): bigint | null {
    return this.#groups.get(groupId)?.committed.get(`${topic} ${partition}`) ?? null;
  }

  join(groupId: string, member: GroupMember): void {
    const group = this.#group(groupId);
    group.members = [...group.members, member];
  }

  leave(groupId: string, memberId: string): void {
    const group = this.#group(groupId);
    group.members = group.members.filter((member) => member.memberId !== memberId);
  }

  /** Rebalancing, or a state of the new protocol; null: as members and commits say. */
  setState(groupId: string, state: GroupStateName | null): void {
    this.#group(groupId).state = state;
  }

  denyTopic(topic: string): void {
    this.#deniedTopics.add(topic);
  }

  denyGroup(groupId: string): void {
    this.#deniedGroups.add(groupId);
  }

  fail(method: Method, error: DependencyError = simulatedError('KC_KAFKA_REFUSED', 'refused', method)): void {
    this.#behaviour.set(method, { kind: 'fail', error });
  }

  /** Answers only when the asker gives up. A write has then been sent, and has no effect. */
  hang(method: Method): void {
    this.#behaviour.set(method, { kind: 'hang' });
  }

  slow(method: Method, ms: number): void {
    this.#behaviour.set(method, { kind: 'slow', ms });
  }

  /** From now on the outcome of this write is unknown to whoever asks for it. */
  loseAnswer(method: WriterMethod, when: AnswerLost): void {
    this.#lost.set(method, when);
  }

  heal(method: Method): void {
    this.#behaviour.delete(method);
    for (const lost of [...this.#lost.keys()]) if (lost === method) this.#lost.delete(lost);
  }

  /** Everything that a reader could have changed, for comparing before and after. */
  fingerprint(): unknown {
    const logs = [...this.#topics].map(([topic, found]) => [
      topic,
      found.map(({ start, end }) => `${start}..${end}`),
    ]);
    const groups = [...this.#groups].map(([id, { members, committed }]) => [
      id,
      members.length,
      [...committed].map(String),
    ]);
    return { logs, groups, offsetsTopicExists: this.#offsetsTopicExists };
  }

  // --- what a reader is answered

  reader(): KafkaClusterReader {
    return {
      address: 'simulated:9092',
      facts: (signal) => this.#answer('facts', signal, () => this.#facts()),
      topic: (topic, signal) => this.#answer('topic', signal, () => this.#topicState(topic)),
      bounds: (topic, partition, signal) =>
        this.#answer('bounds', signal, () => this.#bounds(topic, partition)),
      pollGroup: (question, signal) => this.#answer('pollGroup', signal, () => this.#pollGroup(question)),
      findKeys: (questions, signal) =>
        this.#answer('findKeys', signal, () => questions.map((question) => this.#findKey(question))),
      recordAt: (topic, partition, offset, signal) =>
        this.#answer('recordAt', signal, () => this.#recordAt(topic, partition, offset)),
      tail: (topic, count, signal) => this.#answer('tail', signal, () => this.#tail(topic, count)),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  /** What `fail` gives a method that writes means: nothing was changed. */
  operator(): KafkaClusterOperator {
    return {
      ...this.reader(),
      copyOf: (place, signal) => this.#answer('recordAt', signal, () => this.#copyOf(place)),
      createTopic: (topic, signal) =>
        this.#write('createTopic', signal, 'unknown', () => this.#operatorCreates(topic)),
      commitOffsets: (groupId, commits, signal) =>
        this.#write('commitOffsets', signal, 'unknown', () => this.#operatorCommits(groupId, commits)),
      produce: (record, signal) =>
        this.#write('produce', signal, { outcome: 'unknown', offset: null }, () =>
          this.#operatorProduces(record),
        ),
    };
  }

  /** `prepare` refuses what is not sent at all, and hands out the effect. */
  async #write<T>(method: WriterMethod, signal: AbortSignal, unknown: T, prepare: () => () => T): Promise<T> {
    if (this.#behaviour.get(method)?.kind === 'hang' && !signal.aborted) {
      prepare();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return unknown;
    }
    const effect = await this.#answer(method, signal, prepare);
    const lost = this.#lost.get(method);
    if (lost === 'before-effect') return unknown;
    const settled = effect();
    return lost === 'after-effect' ? unknown : settled;
  }

  #copyOf({
    topic,
    partition,
    offset,
  }: Pick<RawRecord, 'topic' | 'partition' | 'offset'>): RecordToProduce | null {
    const found = this.#led(topic, partition).records.find((record) => record.offset === offset);
    if (found === undefined) return null;
    const bytes = (text: string | null) => (text === null ? null : new TextEncoder().encode(text));
    const headers = Object.entries(found.headers).map(([name, value]) => ({
      name,
      value: new TextEncoder().encode(value),
    }));
    return { topic, partition, key: bytes(found.key), value: bytes(found.value), headers };
  }

  #operatorCreates({ name, partitions, replicationFactor }: NewTopic): () => WriteOutcome {
    const isCount = (count: number): boolean => Number.isSafeInteger(count) && count > 0;
    if (!isCount(partitions) || !isCount(replicationFactor))
      throw simulatedRefusal('KC_KAFKA_TOPIC_COUNTS', name);
    if (this.#deniedTopics.has(name)) throw simulatedError('KC_KAFKA_WRITE_RIGHT', 'unauthorized', name);
    // It is the only broker.
    if (replicationFactor > 1) throw simulatedError('KC_KAFKA_WRITE_REFUSED', 'other', name);
    return () => {
      if (this.#topics.has(name)) return 'not-done';
      this.createTopic(name, partitions);
      return 'done';
    };
  }

  #operatorCommits(groupId: string, commits: readonly OffsetCommit[]): () => WriteOutcome {
    const places = commits.map(({ topic, partition }) => `${topic} ${partition}`);
    const isUnclear = groupId === '' || commits.length === 0 || new Set(places).size < places.length;
    if (isUnclear || commits.some(({ offset }) => offset < 0n))
      throw simulatedRefusal('KC_KAFKA_COMMIT_UNCLEAR', groupId);
    for (const { topic, partition, offset } of commits) {
      const { start, end } = this.#led(topic, partition);
      if (offset < start || offset > end) throw simulatedRefusal('KC_KAFKA_COMMIT_OUTSIDE_LOG', groupId);
    }
    if (this.#deniedGroups.has(groupId))
      throw simulatedError('KC_KAFKA_GROUP_RIGHT', 'unauthorized', 'commitOffsets');
    return () => {
      const group = this.#group(groupId);
      if (group.members.length > 0) return 'not-done';
      for (const { topic, partition, offset } of commits)
        group.committed.set(`${topic} ${partition}`, offset);
      return 'done';
    };
  }

  #operatorProduces({ topic, partition, key, value, headers }: RecordToProduce): () => ProduceOutcome {
    this.#led(topic, partition);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
    const shown: Record<string, string> = {};
    for (const header of headers) shown[header.name] ??= text(header.value);
    return () => {
      const record = {
        key: key === null ? null : text(key),
        value: value === null ? null : text(value),
        headers: shown,
      };
      return { outcome: 'done', offset: this.append(topic, record, partition) };
    };
  }

  async #answer<T>(method: Method, signal: AbortSignal, read: () => T): Promise<T> {
    const stopped = (): DependencyError => simulatedError('KC_KAFKA_STOPPED', 'no-time', method);
    if (signal.aborted) throw stopped();
    const behaviour = this.#behaviour.get(method);
    if (behaviour?.kind === 'fail') throw behaviour.error;
    if (behaviour?.kind === 'slow') await this.clock.sleep(behaviour.ms, signal);
    if (behaviour?.kind === 'hang') {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(stopped()), { once: true }),
      );
    }
    return read();
  }

  #facts(): ClusterFacts {
    return {
      clusterId: 'simulated-cluster',
      brokers: [{ nodeId: 1, host: 'simulated', port: 9092 }],
      offsetsTopicExists: this.#offsetsTopicExists,
      groupIds: [...this.#groups.keys()].filter((id) => !this.#deniedGroups.has(id)).sort(),
    };
  }

  #topicState(topic: string): TopicState {
    this.#mayRead(topic);
    const logs = this.#topics.get(topic);
    if (logs === undefined) return { kind: 'absent' };
    const partitions = logs.map((log, partition) => ({
      partition,
      leader: log.hasLeader ? 1 : null,
      replicas: 1,
      inSyncReplicas: log.hasLeader ? 1 : 0,
      bounds: this.#observedBounds(topic, partition, log),
    }));
    return { kind: 'present', topic, partitions };
  }

  #observedBounds(topic: string, partition: number, log: Log): Observed<LogBounds> {
    if (log.hasLeader) return seen({ start: log.start, end: log.end }, this.clock.nowMs());
    const operation = `both ends of the log of ${topic}[${partition}]`;
    return unseen({
      system: 'kafka',
      operation,
      code: 'other',
      reason: 'no leader',
      hint: 'start the broker',
    });
  }

  #bounds(topic: string, partition: number): LogBounds {
    const { start, end } = this.#led(topic, partition);
    return { start, end };
  }

  #pollGroup({ groupId, topics }: GroupQuestion): GroupPoll {
    if (this.#deniedGroups.has(groupId))
      throw simulatedError('KC_KAFKA_GROUP_RIGHT', 'unauthorized', 'pollGroup');
    const group = this.#groups.get(groupId);
    const partitions = topics.flatMap(({ topic, partitions: wanted }) =>
      wanted.map((partition) => {
        const log = this.#topics.get(topic)?.[partition];
        return {
          topic,
          partition,
          committed: group?.committed.get(`${topic} ${partition}`) ?? null,
          bounds: log?.hasLeader === true ? { start: log.start, end: log.end } : null,
        };
      }),
    );
    const state =
      group === undefined ? 'Dead' : (group.state ?? (group.members.length > 0 ? 'Stable' : 'Empty'));
    return {
      atMs: this.clock.nowMs(),
      state,
      listed: group !== undefined,
      members: group?.members ?? [],
      partitions,
    };
  }

  #findKey({ topic, key, notBeforeMs, allPartitions }: KeyQuestion): KeyScan {
    const logs = this.#logs(topic);
    const predictedPartition = partitionOf(key, logs.length);
    const partitions = allPartitions ? logs.map((_, partition) => partition) : [predictedPartition];
    const read = partitions.map((partition) => {
      const log = this.#log(topic, partition);
      const first = log.records.find(({ timestampMs }) => timestampMs >= notBeforeMs);
      const [from, to] = log.hasLeader ? [first?.offset ?? log.end, log.end] : [0n, 0n];
      const hits = log.records.filter(
        (record) => record.key === key && record.offset >= from && record.offset < to,
      );
      return { range: { partition, from, to, complete: log.hasLeader }, hits: hits.map(recordSeen) };
    });
    const { start, records, hasLeader } = this.#log(topic, predictedPartition);
    const oldest = records[0];
    return {
      topic,
      key,
      partitionCount: logs.length,
      predictedPartition,
      ranges: read.map(({ range }) => range),
      allPartitions: partitions.length === logs.length && read.every(({ range }) => range.complete),
      logReachesBack:
        hasLeader && (start === 0n || (oldest !== undefined && oldest.timestampMs < notBeforeMs)),
      hits: read.flatMap(({ hits }) => hits),
    };
  }

  #recordAt(topic: string, partition: number, offset: bigint): RecordSeen | null {
    const found = this.#led(topic, partition).records.find((record) => record.offset >= offset);
    return found === undefined ? null : recordSeen(found);
  }

  #tail(
    topic: string,
    count: number,
  ): { readonly records: readonly RawRecord[]; readonly complete: boolean } {
    const logs = this.#logs(topic);
    const records = logs.flatMap((log) => (log.hasLeader ? log.records.slice(-count) : []));
    const complete = logs.every((log) => log.hasLeader && log.records.length <= count);
    return { records, complete };
  }

  #mayRead(topic: string): void {
    if (this.#deniedTopics.has(topic)) throw simulatedError('KC_KAFKA_TOPIC_RIGHT', 'unauthorized', topic);
  }

  #logs(topic: string): readonly Log[] {
    this.#mayRead(topic);
    const logs = this.#topics.get(topic);
    if (logs === undefined) throw simulatedError('KC_KAFKA_TOPIC_ABSENT', 'other', topic);
    return logs;
  }

  #log(topic: string, partition: number): Log {
    const log = this.#logs(topic)[partition];
    if (log === undefined) throw simulatedError('KC_KAFKA_TOPIC_ABSENT', 'other', `${topic}[${partition}]`);
    return log;
  }

  #led(topic: string, partition: number): Log {
    const log = this.#log(topic, partition);
    if (!log.hasLeader) throw simulatedError('KC_KAFKA_NO_LEADER', 'other', `${topic}[${partition}]`);
    return log;
  }

  #group(groupId: string): Group {
    this.#offsetsTopicExists = true;
    const known = this.#groups.get(groupId) ?? { members: [], committed: new Map(), state: null };
    this.#groups.set(groupId, known);
    return known;
  }
}

function simulatedRefusal(code: string, what: string): RefusedError {
  return new RefusedError(code, `simulated Kafka: ${code} for ${what}`, 'none, this is a simulation');
}

function simulatedError(code: string, gapCode: GapCode, operation: string): DependencyError {
  return new DependencyError(
    code,
    `simulated Kafka: ${code} for ${operation}`,
    'none, this is a simulation',
    {
      system: 'kafka',
      operation,
      gapCode,
    },
  );
}
