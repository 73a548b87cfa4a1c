/**
 * States for tests: a young, healthy platform of the newest generation, and small functions that change one thing each.
 * Every function returns a new state and leaves the one that it was given alone.
 */
import {
  type AllocationId,
  allocationId,
  type CourseId,
  courseId,
  type PaymentId,
  type PurchaseId,
  paymentId,
  purchaseId,
  type StudentId,
  studentId,
} from '../../src/platform/ids.ts';
import type { JournalEntry } from '../../src/platform/journal-entry.ts';
import type { LogLine } from '../../src/platform/log-line.ts';
import { type Gap, type Observed, type SystemId, seen, unseen } from '../../src/platform/observed.ts';
import {
  DEAD_LETTER_TOPIC,
  DEFAULT_EXPECTED_TOPICS,
  DEFAULT_EXPECTED_WORKERS,
  NEWER_TOPICS,
  NEWER_WORKERS,
  PIPELINE,
  SERVICES,
} from '../../src/platform/pipeline.ts';
import { type LockSeen, runsSeen } from '../../src/platform/runs-seen.ts';
import { DEFAULT_THRESHOLDS, DEFAULT_WINDOW_MS, type Settings } from '../../src/platform/settings.ts';
import type {
  AllocationRow,
  ContainerLog,
  ContainerState,
  DeadLetter,
  GroupPoll,
  GroupState,
  GroupStateName,
  KeyScan,
  LogBounds,
  MarkRow,
  PartitionState,
  PaymentRow,
  PlatformState,
  PurchaseRow,
  RecordSeen,
  SessionCount,
  TopicState,
} from '../../src/platform/state.ts';
import type { HopId } from '../../src/trace/trace.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The instant of observation of every state here: 7 January 2026, 12:00 UTC. */
export const NOW = Date.UTC(2026, 0, 7, 12);
export const STARTED = NOW - 3 * DAY;
export const JOINED = STARTED + 4 * SECOND;
/** When the healthy platform handled its last payment; its logs are silent since. */
export const LAST_HANDLED = NOW - 40 * MINUTE;

const PROJECT = 'kodingcaravan';
export const NETWORK = `${PROJECT}_default`;
export const PARTITIONS = [0, 1, 2] as const;
const ALL_TOPICS: readonly string[] = [...DEFAULT_EXPECTED_TOPICS, ...NEWER_TOPICS];
export const ALL_WORKERS: readonly string[] = [...DEFAULT_EXPECTED_WORKERS, ...NEWER_WORKERS];
/** Records in each partition of the healthy platform, all of them read. */
export const SETTLED = 4n;

const containerName = (service: string): string => `${PROJECT}-${service}`;

// --- the healthy platform

export const SETTINGS: Settings = {
  platform: PROJECT,
  runtime: 'docker',
  singleHost: false,
  managedKafka: false,
  generation: null,
  expectedTopics: DEFAULT_EXPECTED_TOPICS,
  expectedWorkers: DEFAULT_EXPECTED_WORKERS,
  partitionCount: 3,
  windowMs: DEFAULT_WINDOW_MS,
  thresholds: DEFAULT_THRESHOLDS,
};

export function container(service: string, patch: Partial<ContainerState> = {}): ContainerState {
  return {
    id: `id-${service}`,
    name: containerName(service),
    service,
    project: PROJECT,
    image: `${PROJECT}/${service}:1.0.0`,
    status: 'running',
    exitCode: null,
    oomKilled: false,
    restartCount: 0,
    restartPolicy: 'unless-stopped',
    createdAtMs: STARTED - SECOND,
    startedAtMs: STARTED,
    finishedAtMs: null,
    oneOff: false,
    networkMode: NETWORK,
    networks: [{ name: NETWORK, aliases: [service], ipAddress: null }],
    publishedPorts: [],
    brokerList: service === SERVICES.kafka || service === SERVICES.topicInit ? null : 'kafka:9092',
    database: ALL_WORKERS.includes(service) ? { host: 'db.example', port: 5432, name: 'kc' } : null,
    ...patch,
  };
}

export function logLine(patch: Partial<LogLine> = {}): LogLine {
  return {
    atMs: LAST_HANDLED,
    stream: 'stdout',
    kind: 'other',
    level: 'info',
    logger: 'worker',
    message: 'a line',
    eventType: null,
    correlationId: null,
    eventId: null,
    topic: null,
    partition: null,
    offset: null,
    status: null,
    ...patch,
  };
}

/** `[Consumer] Crash: KafkaJSNonRetriableError`, `[Consumer] Stopped`, and no restart: the consumer is dead for good. */
export function crashForGood(atMs: number): readonly LogLine[] {
  const kafkajs = { logger: 'kafkajs', atMs } as const;
  return [
    logLine({
      ...kafkajs,
      kind: 'consumer-crash-final',
      level: 'error',
      stream: 'stderr',
      message: '[Consumer] Crash: KafkaJSNonRetriableError',
    }),
    logLine({ ...kafkajs, kind: 'consumer-stopped', message: '[Consumer] Stopped' }),
  ];
}

function healthyLog(service: string): ContainerLog {
  const definition = PIPELINE.find(({ worker }) => worker === service);
  const handled = { eventType: definition?.inputEvent ?? null, atMs: LAST_HANDLED };
  const finish = {
    'purchase-worker': 'purchase-created',
    'allocation-worker': 'allocation-verified',
    'session-worker': 'sessions-created',
  } as const;
  const finishKind = service in finish ? finish[service as keyof typeof finish] : null;
  const lines =
    definition === undefined
      ? [logLine({ atMs: STARTED, kind: 'starting' })]
      : [
          logLine({ atMs: STARTED, kind: 'starting', message: `Starting ${service}` }),
          logLine({
            atMs: JOINED,
            kind: 'joined',
            logger: 'kafkajs',
            message: 'Consumer has joined the group',
          }),
          logLine({
            ...handled,
            kind: 'received',
            message: `Received ${definition.inputEvent} event from Kafka`,
          }),
          ...(service === 'allocation-worker'
            ? [logLine({ ...handled, kind: 'auto-assignment-created', message: 'Auto Assignment: created' })]
            : []),
          ...(finishKind === null ? [] : [logLine({ ...handled, kind: finishKind })]),
        ];
  return {
    container: containerName(service),
    service,
    fromMs: STARTED,
    toMs: NOW,
    reachesStart: true,
    lines,
    lastLineAtMs: lines.at(-1)?.atMs ?? null,
  };
}

function healthyTopic(topic: string): TopicState {
  const end = topic === DEAD_LETTER_TOPIC ? 0n : SETTLED;
  const partitions = PARTITIONS.map(
    (partition): PartitionState => ({
      partition,
      leader: 1,
      replicas: 1,
      inSyncReplicas: 1,
      bounds: seen({ start: 0n, end }, NOW),
    }),
  );
  return { kind: 'present', topic, partitions };
}

function healthyGroup(service: string): GroupState {
  const definition = PIPELINE.find(({ worker }) => worker === service);
  if (definition === undefined) throw new Error(`no such worker: ${service}`);
  const everything = definition.topics.flatMap((topic) =>
    PARTITIONS.map((partition) => ({ topic, partition })),
  );
  const poll: GroupPoll = {
    atMs: NOW,
    state: 'Stable',
    listed: true,
    members: [
      { memberId: `${service}-member`, clientId: service, clientHost: '/172.18.0.9', assignment: everything },
    ],
    partitions: everything.map((one) => ({
      ...one,
      committed: SETTLED,
      bounds: { start: 0n, end: SETTLED },
    })),
  };
  return { groupId: definition.group, polls: [poll] };
}

const TABLES: Readonly<Record<string, readonly string[]>> = {
  payments: [
    'id',
    'student_id',
    'amount_cents',
    'currency',
    'status',
    'provider',
    'provider_payment_id',
    'metadata',
    'confirmed_at',
    'created_at',
    'updated_at',
  ],
  student_course_purchases: [
    'id',
    'student_id',
    'course_id',
    'purchase_tier',
    'purchase_date',
    'expiry_date',
    'metadata',
    'is_active',
    'created_at',
    'updated_at',
  ],
  trainer_allocations: [
    'id',
    'student_id',
    'trainer_id',
    'course_id',
    'requested_by',
    'requested_at',
    'status',
    'metadata',
    'created_at',
    'updated_at',
  ],
  tutoring_sessions: [
    'id',
    'allocation_id',
    'student_id',
    'trainer_id',
    'course_id',
    'scheduled_date',
    'scheduled_time',
    'status',
    'created_at',
    'updated_at',
  ],
  processed_events: [
    'event_id',
    'event_type',
    'correlation_id',
    'payload',
    'source',
    'version',
    'processed_at',
    'created_at',
  ],
};

const GUARDS = [
  { name: 'unique_active_purchase', table: 'student_course_purchases' },
  { name: 'unique_active_allocation', table: 'trainer_allocations' },
  { name: 'unique_session_slot', table: 'tutoring_sessions' },
  { name: 'idx_processed_events_idempotency', table: 'processed_events' },
] as const;

function columnType(column: string): string {
  if (column === 'event_id' || column === 'event_type' || column === 'source') return 'text';
  if (column === 'id' || column.endsWith('_id')) return 'uuid';
  return column.endsWith('_at') ? 'timestamptz' : 'text';
}

function byName<T>(names: readonly string[], make: (name: string) => T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)]));
}

/** A few payments, all of them arrived; all workers up, joined and idle for 40 minutes. */
export function healthyState(overrides: Partial<PlatformState> = {}): PlatformState {
  const others = [
    SERVICES.kafka,
    'zookeeper',
    SERVICES.payment,
    SERVICES.admin,
    SERVICES.course,
    SERVICES.gateway,
  ];
  const containers = [
    ...[...ALL_WORKERS, ...others].map((service) => container(service)),
    container(SERVICES.topicInit, {
      status: 'exited',
      exitCode: 0,
      restartPolicy: 'no',
      finishedAtMs: STARTED + 20 * SECOND,
    }),
  ];
  return {
    takenAtMs: NOW,
    durationMs: 800,
    settings: SETTINGS,
    identity: {
      composeProject: PROJECT,
      dockerDaemonId: 'daemon-1',
      kafkaClusterId: 'cluster-1',
      databaseSystemId: '7000000000000000001',
      databaseOid: 16_384,
      databaseName: 'kc',
      dockerAddress: 'local',
      kafkaAddress: '127.0.0.1:9092',
      databaseAddress: 'kc@db.example/kc',
      belongsTogether: {
        verdict: 'proved',
        proofs: [{ id: 'keys-in-payments', outcome: 'agrees', text: '12 of the last 12 keys are payments' }],
      },
    },
    containers: seen(
      { daemonId: 'daemon-1', platformProjects: [PROJECT], project: PROJECT, containers },
      NOW,
    ),
    compose: seen(
      { files: ['docker-compose.yml'], services: containers.map(({ service }) => service ?? '') },
      NOW,
    ),
    logs: byName([...ALL_WORKERS, ...others].map(containerName), (name) =>
      seen(healthyLog(name.slice(PROJECT.length + 1)), NOW),
    ),
    cluster: seen(
      {
        clusterId: 'cluster-1',
        brokers: [{ nodeId: 1, host: 'kafka', port: 9092 }],
        offsetsTopicExists: true,
        groupIds: PIPELINE.map(({ group }) => group),
      },
      NOW,
    ),
    topics: byName(ALL_TOPICS, (topic) => seen(healthyTopic(topic), NOW)),
    groups: Object.fromEntries(PIPELINE.map(({ group, worker }) => [group, seen(healthyGroup(worker), NOW)])),
    records: { byPayment: {}, heads: {}, recentKeys: seen([], NOW) },
    deadLetters: seen({ topicExists: true, letters: [], complete: true }, NOW),
    database: seen(
      {
        systemId: '7000000000000000001',
        oid: 16_384,
        name: 'kc',
        user: 'reader',
        serverVersion: '15.4',
        inRecovery: false,
        replayLagMs: null,
        canWrite: false,
        serverTimeMs: NOW,
      },
      NOW,
    ),
    schema: seen(
      {
        tables: Object.entries(TABLES).map(([name, columns]) => ({
          name,
          columns: columns.map((column) => ({ name: column, type: columnType(column) })),
        })),
        guards: GUARDS.map((guard) => ({
          ...guard,
          state: 'valid',
          definition: `create unique index ${guard.name}`,
          duplicates: null,
        })),
      },
      NOW,
    ),
    payments: seen(
      {
        windowStartMs: NOW - DEFAULT_WINDOW_MS,
        succeeded: 12,
        arrived: 12,
        lastArrivedAtMs: LAST_HANDLED,
        olderMissing: 0,
        unfinished: [],
        unfinishedTotal: 0,
        asked: [],
        coveredFromMs: NOW - DEFAULT_WINDOW_MS,
      },
      NOW,
    ),
    purchases: seen([], NOW),
    allocations: seen([], NOW),
    sessions: seen([], NOW),
    marks: seen([], NOW),
    anomalies: seen(
      {
        liveAllocationsWithoutSessions: [],
        pairsWithTwoLiveAllocations: 0,
        pairsWithTwoPendingAllocations: 0,
        pendingWithoutTrainer: [],
      },
      NOW,
    ),
    admin: seen({ address: 'http://127.0.0.1:3010', status: 404, tookMs: 4 }, NOW),
    clocks: seen({ databaseAheadMs: 3, newestRecordAheadMs: LAST_HANDLED - NOW }, NOW),
    runs: seen([], NOW),
    ...overrides,
  };
}

/** The oldest deployments: three topics, four workers, no dead letters, trainers assigned by admin-service. */
export function olderState(): PlatformState {
  const newest = withSettings(healthyState(), { generation: 'older' });
  const bare = NEWER_TOPICS.reduce<PlatformState>(
    withTopicAbsent,
    withoutContainer(newest, 'notification-worker'),
  );
  const isAssigning = ({ kind }: LogLine): boolean => kind.startsWith('auto-assignment');
  const moved = seenValue(bare.logs[containerName('allocation-worker')]).lines.filter(isAssigning);
  return ['allocation-worker', 'admin-service'].reduce<PlatformState>(
    (state, service) => {
      const { lines } = seenValue(state.logs[containerName(service)]);
      const others = lines.filter((line) => !isAssigning(line));
      return withOnlyLogLines(state, service, service === 'admin-service' ? [...others, ...moved] : others);
    },
    { ...bare, deadLetters: seen({ topicExists: false, letters: [], complete: true }, NOW) },
  );
}

// --- what could not be looked at

export function gap(system: SystemId, patch: Partial<Gap> = {}): Gap {
  return {
    system,
    operation: `a look at ${system}`,
    code: 'timeout',
    reason: 'no answer in 5 s',
    hint: 'try again',
    ...patch,
  };
}

export const PARTS = [
  'containers',
  'compose',
  'logs',
  'cluster',
  'topics',
  'groups',
  'records',
  'deadLetters',
  'database',
  'schema',
  'payments',
  'purchases',
  'allocations',
  'sessions',
  'marks',
  'anomalies',
  'admin',
  'clocks',
  'runs',
] as const satisfies readonly (keyof PlatformState)[];
export type Part = (typeof PARTS)[number];

const SYSTEM_OF: Readonly<Record<Part, SystemId>> = {
  containers: 'docker',
  compose: 'compose',
  logs: 'docker',
  cluster: 'kafka',
  topics: 'kafka',
  groups: 'kafka',
  records: 'kafka',
  deadLetters: 'kafka',
  database: 'postgres',
  schema: 'postgres',
  payments: 'postgres',
  purchases: 'postgres',
  allocations: 'postgres',
  sessions: 'postgres',
  marks: 'postgres',
  anomalies: 'postgres',
  admin: 'admin-service',
  clocks: 'postgres',
  runs: 'postgres',
};

function hideAll<T>(entries: Readonly<Record<string, Observed<T>>>, why: Gap): Record<string, Observed<T>> {
  return Object.fromEntries(Object.keys(entries).map((key) => [key, unseen(why)]));
}

/** Hides one part; of a part with several entries, all of them. */
export function withUnseen(state: PlatformState, part: Part, why: Gap = gap(SYSTEM_OF[part])): PlatformState {
  switch (part) {
    case 'logs':
      return { ...state, logs: hideAll(state.logs, why) };
    case 'topics':
      return { ...state, topics: hideAll(state.topics, why) };
    case 'groups':
      return { ...state, groups: hideAll(state.groups, why) };
    case 'records': {
      const { byPayment, heads, waiting } = state.records;
      const hidden = Object.entries(byPayment).map(
        ([payment, scans]) => [payment, hideAll(scans, why)] as const,
      );
      return {
        ...state,
        records: {
          byPayment: Object.fromEntries(hidden),
          heads: hideAll(heads, why),
          ...(waiting === undefined ? {} : { waiting: hideAll(waiting, why) }),
          recentKeys: unseen(why),
        },
      };
    }
    default:
      return { ...state, [part]: unseen(why) };
  }
}

export function withUnseenLog(
  state: PlatformState,
  service: string,
  why: Gap = gap('docker'),
): PlatformState {
  return { ...state, logs: { ...state.logs, [containerName(service)]: unseen(why) } };
}

export function withUnseenTopic(state: PlatformState, topic: string, why: Gap = gap('kafka')): PlatformState {
  return { ...state, topics: { ...state.topics, [topic]: unseen(why) } };
}

export function withUnseenGroup(state: PlatformState, group: string, why: Gap = gap('kafka')): PlatformState {
  return { ...state, groups: { ...state.groups, [group]: unseen(why) } };
}

// --- settings, containers, logs

export function withSettings(state: PlatformState, patch: Partial<Settings>): PlatformState {
  return { ...state, settings: { ...state.settings, ...patch } };
}

/** Value of a part that must be seen, for changes; a test that hides first and changes later is a mistake. */
export function seenValue<T>(part: Observed<T> | undefined): T {
  if (part?.kind !== 'seen') throw new Error('this part of the state is not seen');
  return part.value;
}

export function withContainers(state: PlatformState, containers: readonly ContainerState[]): PlatformState {
  return { ...state, containers: seen({ ...seenValue(state.containers), containers }, NOW) };
}

/** Changes the containers of a service, or adds one where there is none. */
export function withContainer(
  state: PlatformState,
  service: string,
  patch: Partial<ContainerState>,
): PlatformState {
  const { containers } = seenValue(state.containers);
  const known = containers.some((one) => one.service === service);
  return withContainers(
    state,
    known
      ? containers.map((one) => (one.service === service ? { ...one, ...patch } : one))
      : [...containers, container(service, patch)],
  );
}

/** Takes a service out: no container, no log, and not in compose unless asked for. */
export function withoutContainer(
  state: PlatformState,
  service: string,
  stays: { readonly inCompose?: boolean } = {},
): PlatformState {
  const { containers } = seenValue(state.containers);
  const gone = withContainers(
    state,
    containers.filter((one) => one.service !== service),
  );
  const logs = Object.fromEntries(
    Object.entries(state.logs).filter(([name]) => name !== containerName(service)),
  );
  if (stays.inCompose === true || state.compose.kind === 'unseen') return { ...gone, logs };
  const services = state.compose.value.services.filter((one) => one !== service);
  return { ...gone, logs, compose: seen({ ...state.compose.value, services }, NOW) };
}

export function withLog(state: PlatformState, service: string, patch: Partial<ContainerLog>): PlatformState {
  const name = containerName(service);
  return {
    ...state,
    logs: { ...state.logs, [name]: seen({ ...seenValue(state.logs[name]), ...patch }, NOW) },
  };
}

/** Adds lines to a service's log, in the order of their times. */
export function withLogLines(
  state: PlatformState,
  service: string,
  lines: readonly LogLine[],
): PlatformState {
  const log = seenValue(state.logs[containerName(service)]);
  const all = [...log.lines, ...lines].toSorted((a, b) => a.atMs - b.atMs);
  return withLog(state, service, {
    lines: all,
    lastLineAtMs: Math.max(log.lastLineAtMs ?? 0, ...all.map(({ atMs }) => atMs)),
  });
}

/** Replaces all lines of a service's log. */
export function withOnlyLogLines(
  state: PlatformState,
  service: string,
  lines: readonly LogLine[],
): PlatformState {
  return withLog(state, service, {
    lines,
    lastLineAtMs: lines.length === 0 ? null : Math.max(...lines.map(({ atMs }) => atMs)),
  });
}

// --- topics and groups

export function withTopicAbsent(state: PlatformState, topic: string): PlatformState {
  const groups = Object.entries(state.groups).map(([id, group]) => {
    if (group.kind === 'unseen') return [id, group] as const;
    const polls = mapPolls(group.value, (poll) => ({
      ...poll,
      partitions: poll.partitions.filter((one) => one.topic !== topic),
    }));
    return [id, seen({ ...group.value, polls }, NOW)] as const;
  });
  return {
    ...state,
    topics: { ...state.topics, [topic]: seen({ kind: 'absent' }, NOW) },
    groups: Object.fromEntries(groups),
  };
}

/** Changes one partition as the metadata shows it: leader, replicas, bounds. */
export function withTopicPartition(
  state: PlatformState,
  topic: string,
  partition: number,
  patch: Partial<PartitionState>,
): PlatformState {
  const present = seenValue(state.topics[topic]);
  if (present.kind === 'absent') throw new Error(`${topic} is absent`);
  const partitions = present.partitions.map((one) =>
    one.partition === partition ? { ...one, ...patch } : one,
  );
  return { ...state, topics: { ...state.topics, [topic]: seen({ ...present, partitions }, NOW) } };
}

function mapPolls(
  group: GroupState,
  change: (poll: GroupPoll, index: number) => GroupPoll,
): GroupState['polls'] {
  const [first, ...rest] = group.polls;
  return [change(first, 0), ...rest.map((poll, index) => change(poll, index + 1))];
}

/** As many looks at a group as asked, 2 s apart, the last one now; further ones repeat the first. */
export function withPolls(state: PlatformState, group: string, count: number): PlatformState {
  const value = seenValue(state.groups[group]);
  const at = (index: number): number => NOW - (count - 1 - index) * 2 * SECOND;
  const [first] = value.polls;
  const rest = Array.from({ length: count - 1 }, (_, index) => value.polls[index + 1] ?? first);
  const polls = mapPolls({ ...value, polls: [first, ...rest] }, (poll, index) => ({
    ...poll,
    atMs: at(index),
  }));
  return { ...state, groups: { ...state.groups, [group]: seen({ ...value, polls }, NOW) } };
}

export interface GroupChange {
  /** One for every poll, or one for all. */
  readonly states?: readonly [GroupStateName, ...GroupStateName[]];
  readonly listed?: boolean | null;
  /** Changes a poll after its state; Empty and Dead polls have lost their members by then. */
  readonly poll?: (poll: GroupPoll, index: number) => GroupPoll;
}

/** Changes the looks at a group. A group that is Empty or Dead has no members; one that rebalances has members without assignment. */
export function withGroup(state: PlatformState, group: string, change: GroupChange): PlatformState {
  const states = change.states ?? [];
  const polled = states.length > 1 ? withPolls(state, group, states.length) : state;
  const value = seenValue(polled.groups[group]);
  const polls = mapPolls(value, (poll, index) => {
    const name = states[index] ?? states[0] ?? poll.state;
    const moved = {
      ...poll,
      state: name,
      members: membersIn(name, poll.members),
      listed: change.listed ?? (name !== 'Dead' && poll.listed),
    };
    return change.poll?.(moved, index) ?? moved;
  });
  return { ...polled, groups: { ...polled.groups, [group]: seen({ ...value, polls }, NOW) } };
}

function membersIn(name: GroupStateName, members: GroupPoll['members']): GroupPoll['members'] {
  if (name === 'Empty' || name === 'Dead') return [];
  return name === 'Stable' ? members : members.map((member) => ({ ...member, assignment: null }));
}

export interface PartitionChange {
  readonly start?: bigint;
  /** One for every poll, or one for all. */
  readonly end?: bigint | readonly [bigint, ...bigint[]];
  /** One for every poll, or one for all; null: no committed offset. */
  readonly committed?: bigint | null | readonly [bigint | null, ...(bigint | null)[]];
  /** Age of the oldest unread record; default one hour. */
  readonly headAgeMs?: number;
  /** Changes that record; null: the log holds none there. */
  readonly head?: Partial<RecordSeen> | null;
  readonly owned?: boolean;
}

const listOf = <T>(one: T | readonly T[] | undefined, otherwise: T): readonly T[] =>
  one === undefined ? [otherwise] : Array.isArray(one) ? (one as readonly T[]) : [one as T];

/**
 * Sets log bounds and committed offsets of one partition as a group sees it, with three looks where something is unread, and
 * the oldest unread record as the head.
 */
export function withPartition(
  state: PlatformState,
  group: string,
  topic: string,
  partition: number,
  change: PartitionChange,
): PlatformState {
  const before = seenValue(state.groups[group]).polls[0].partitions.find(
    (one) => one.topic === topic && one.partition === partition,
  );
  const start = change.start ?? before?.bounds?.start ?? 0n;
  const ends = listOf<bigint>(change.end, before?.bounds?.end ?? SETTLED);
  const commits = listOf<bigint | null>(change.committed, before?.committed ?? null);
  const end = ends.at(-1) ?? 0n;
  const committed = commits.at(-1) ?? null;
  const position = committed === null || committed < start ? start : committed;
  const isUnread = position < end;

  const known = seenValue(state.groups[group]).polls.length;
  const looks = Math.max(ends.length, commits.length, known, isUnread ? 3 : 1);
  const polled = looks === known ? state : withPolls(state, group, looks);
  const value = seenValue(polled.groups[group]);
  const polls = mapPolls(value, (poll, index) => {
    const bounds: LogBounds = { start, end: ends[index] ?? end };
    const isOther = (one: { topic: string; partition: number }): boolean =>
      one.topic !== topic || one.partition !== partition;
    const entry = {
      topic,
      partition,
      committed: commits.length === 1 ? committed : (commits[index] ?? null),
      bounds,
    };
    const members =
      change.owned === false
        ? poll.members.map((member) => ({
            ...member,
            assignment: member.assignment?.filter(isOther) ?? null,
          }))
        : poll.members;
    return { ...poll, members, partitions: [...poll.partitions.filter(isOther), entry] };
  });
  const bounded = withTopicPartition(
    { ...polled, groups: { ...polled.groups, [group]: seen({ ...value, polls }, NOW) } },
    topic,
    partition,
    { bounds: seen({ start, end }, NOW) },
  );
  if (!isUnread && change.head === undefined) return bounded;
  const head =
    change.head === null
      ? null
      : record(topic, partition, position, { timestampMs: NOW - (change.headAgeMs ?? HOUR), ...change.head });
  return {
    ...bounded,
    records: {
      ...bounded.records,
      heads: { ...bounded.records.heads, [headKey(group, topic, partition)]: seen(head, NOW) },
    },
  };
}

export const headKey = (group: string, topic: string, partition: number): string =>
  `${group} ${topic} ${partition}`;

const EVENT_OF_TOPIC: Readonly<Record<string, string>> = {
  'purchase-confirmed': 'PURCHASE_CONFIRMED',
  'purchase-created': 'PURCHASE_CREATED',
  'trainer-allocated': 'TRAINER_ALLOCATED',
  'sessions-generated': 'SESSIONS_GENERATED',
  'notification-requested': 'NOTIFICATION_REQUESTED',
  'course-access-granted': 'COURSE_ACCESS_GRANTED',
};

export function record(
  topic: string,
  partition: number,
  offset: bigint,
  patch: Partial<RecordSeen> = {},
): RecordSeen {
  return {
    topic,
    partition,
    offset,
    timestampMs: NOW - HOUR,
    key: null,
    isJson: true,
    eventType: EVENT_OF_TOPIC[topic] ?? null,
    eventId: null,
    correlationId: null,
    source: null,
    paymentId: null,
    purchaseId: null,
    allocationId: null,
    studentId: null,
    courseId: null,
    startDate: null,
    doctorRun: null,
    ...patch,
  };
}

// --- dead letters

export function deadLetter(
  topic: string,
  partition: number,
  offset: bigint,
  patch: Partial<DeadLetter> = {},
): DeadLetter {
  return {
    offset: 0n,
    partition: 0,
    atMs: NOW - 30 * MINUTE,
    key: null,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: offset,
    failureReason: 'boom',
    attempts: 3,
    correlationId: null,
    eventId: null,
    ...patch,
  };
}

/** Adds letters, which get offsets of their own in the order given. */
export function withDeadLetters(state: PlatformState, letters: readonly DeadLetter[]): PlatformState {
  const tail = seenValue(state.deadLetters);
  const numbered = letters.map((letter, index) => ({
    ...letter,
    offset: BigInt(tail.letters.length + index),
  }));
  return {
    ...state,
    deadLetters: seen({ ...tail, topicExists: true, letters: [...tail.letters, ...numbered] }, NOW),
  };
}

// --- payments

export interface PaymentIds {
  readonly payment: PaymentId;
  readonly student: StudentId;
  readonly course: CourseId;
  readonly purchase: PurchaseId;
  readonly allocation: AllocationId;
}

/** The ids of the n-th payment of a test: always the same, and none like another's. */
export function idsOf(n: number): PaymentIds {
  const uuid = (kind: string): string => `${kind.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`;
  return {
    payment: paymentId(uuid('a')),
    student: studentId(uuid('b')),
    course: courseId(uuid('c')),
    purchase: purchaseId(uuid('d')),
    allocation: allocationId(uuid('e')),
  };
}

/** Steps of a healthy payment in the order in which they happen; `upTo` names the last one that happened. */
const STEPS = [
  'payment-row',
  'confirmed-mark',
  'confirmed-record',
  'purchase-read',
  'purchase-row',
  'created-record',
  'allocation-read',
  'allocation-call',
  'allocation-row',
  'allocation-mark',
  'allocated-record',
  'sessions-read',
  'sessions-rows',
  'sessions-mark',
  'generated-record',
  'cache-read',
] as const satisfies readonly HopId[];
export type Step = (typeof STEPS)[number];

export interface PaymentChange {
  /** Which one it is (`idsOf(n)`); default 1. */
  readonly n?: number;
  readonly upTo: Step;
  /** Age of its confirmation; default one hour. The steps follow 20 ms apart. */
  readonly ageMs?: number;
  readonly partition?: number;
  readonly row?: Partial<PaymentRow>;
  /** Steps before `upTo` that did not happen. */
  readonly without?: readonly Step[];
}

/**
 * Adds a payment with its rows, records, marks and commits up to a step. One that has sessions counts as arrived and is among the
 * asked ones, else it is unfinished. Its scans are complete.
 */
export function withPayment(state: PlatformState, change: PaymentChange): PlatformState {
  const ids = idsOf(change.n ?? 1);
  const confirmedAtMs = NOW - (change.ageMs ?? HOUR);
  const happened = STEPS.slice(0, STEPS.indexOf(change.upTo) + 1)
    .filter((step) => !(change.without ?? []).includes(step))
    .filter((step) => hasTopic(state, 'sessions-generated') || !STEPS_ON_SESSIONS_GENERATED.includes(step));
  const row: PaymentRow = {
    paymentId: ids.payment,
    studentId: ids.student,
    status: 'succeeded',
    amountCents: 100_000,
    currency: 'INR',
    confirmedAtMs,
    createdAtMs: confirmedAtMs - MINUTE,
    courseId: ids.course,
    sessionCount: 10,
    purchaseTier: 10,
    startDate: '2026-01-12',
    earlierUnfinishedOfPair: null,
    ...change.row,
  };
  const topics = ['purchase-confirmed', 'purchase-created', 'trainer-allocated', 'sessions-generated'];
  const scanned = topics
    .filter((topic) => hasTopic(state, topic))
    .reduce(
      (next, topic) => withScan(next, ids.payment, topic, change.partition ?? 1),
      withPaymentRow(state, row, happened.includes('sessions-rows')),
    );
  return happened.reduce(
    (next, step, index) =>
      STEP_EFFECTS[step]?.(next, ids, confirmedAtMs + index * 20, change.partition ?? 1) ?? next,
    scanned,
  );
}

function withPaymentRow(state: PlatformState, row: PaymentRow, hasArrived: boolean): PlatformState {
  const payments = seenValue(state.payments);
  const succeeded = row.status === 'succeeded' ? 1 : 0;
  return {
    ...state,
    payments: seen(
      hasArrived || succeeded === 0
        ? {
            ...payments,
            succeeded: payments.succeeded + succeeded,
            arrived: payments.arrived + succeeded,
            asked: [row, ...payments.asked],
          }
        : {
            ...payments,
            succeeded: payments.succeeded + 1,
            unfinished: [row, ...payments.unfinished],
            unfinishedTotal: payments.unfinishedTotal + 1,
          },
      NOW,
    ),
  };
}

const STEPS_ON_SESSIONS_GENERATED: readonly Step[] = ['generated-record', 'cache-read'];

function hasTopic(state: PlatformState, topic: string): boolean {
  return seenValue(state.topics[topic]).kind === 'present';
}

const isOlder = (state: PlatformState): boolean => state.settings.generation === 'older';

/** It has another key and lies in a partition of its own; empty on the older generation. */
function partitionOfAllocationCopy(state: PlatformState, partition: number): readonly number[] {
  return isOlder(state) ? [] : [(partition + 1) % PARTITIONS.length];
}

type Effect = (state: PlatformState, ids: PaymentIds, atMs: number, partition: number) => PlatformState;

const STEP_EFFECTS: Readonly<Partial<Record<Step, Effect>>> = {
  'confirmed-mark': (state, ids, atMs) =>
    withMark(state, {
      eventId: ids.payment,
      eventType: 'PURCHASE_CONFIRMED',
      correlationId: ids.payment,
      source: 'payment-service',
      processedAtMs: atMs,
    }),
  'confirmed-record': (state, ids, atMs, partition) =>
    withRecord(
      state,
      ids,
      record('purchase-confirmed', partition, 0n, {
        timestampMs: atMs,
        source: 'payment-service',
        eventId: ids.payment,
      }),
    ),
  'purchase-read': (state, _ids, _atMs, partition) =>
    withRead(state, 'purchase-creation-workers', 'purchase-confirmed', partition),
  'purchase-row': (state, ids, atMs) =>
    withPurchase(state, {
      purchaseId: ids.purchase,
      studentId: ids.student,
      courseId: ids.course,
      isActive: true,
      createdAtMs: atMs,
      expiresAtMs: NOW + 90 * DAY,
      paymentId: null,
    }),
  'created-record': (state, ids, atMs, partition) =>
    withRead(
      withRecord(
        state,
        ids,
        record('purchase-created', partition, 0n, {
          timestampMs: atMs,
          source: 'purchase-worker',
          eventId: ids.purchase,
          purchaseId: ids.purchase,
        }),
      ),
      'cache-invalidation-workers',
      'purchase-created',
      partition,
    ),
  'allocation-read': (state, _ids, _atMs, partition) =>
    withRead(state, 'trainer-allocation-workers', 'purchase-created', partition),
  'allocation-call': (state, ids, atMs) =>
    withLogLines(state, isOlder(state) ? 'admin-service' : 'allocation-worker', [
      logLine({
        atMs,
        kind: 'auto-assignment-created',
        message: 'Auto Assignment: created',
        correlationId: ids.payment,
      }),
    ]),
  'allocation-row': (state, ids, atMs) =>
    withAllocation(state, {
      allocationId: ids.allocation,
      studentId: ids.student,
      courseId: ids.course,
      trainerId: 'ffffffff-0000-4000-8000-000000000001',
      status: 'approved',
      requestedAtMs: atMs,
      createdAtMs: atMs,
      updatedAtMs: atMs,
    }),
  'allocation-mark': (state, ids, atMs) =>
    withMark(state, {
      eventId: ids.purchase,
      eventType: 'PURCHASE_CREATED',
      correlationId: ids.payment,
      source: 'allocation-worker',
      processedAtMs: atMs,
    }),
  // The newest generation announces twice: under the allocation id and under the payment id, with the same event id; the older once.
  'allocated-record': (state, ids, atMs, partition) => {
    const patch = {
      timestampMs: atMs,
      source: 'allocation-worker',
      eventId: ids.allocation,
      allocationId: ids.allocation,
    };
    const copies = [
      ...partitionOfAllocationCopy(state, partition).map((own) =>
        record('trainer-allocated', own, 0n, {
          ...patch,
          key: ids.allocation,
          correlationId: ids.allocation,
          paymentId: null,
        }),
      ),
      record('trainer-allocated', partition, 0n, patch),
    ];
    const both = copies.reduce((next, one) => withRecord(next, ids, one), state);
    return copies
      .map((one) => one.partition)
      .reduce((next, one) => withRead(next, 'cache-invalidation-workers', 'trainer-allocated', one), both);
  },
  'sessions-read': (state, _ids, _atMs, partition) =>
    [...partitionOfAllocationCopy(state, partition), partition].reduce(
      (next, one) => withRead(next, 'session-scheduling-workers', 'trainer-allocated', one),
      state,
    ),
  'sessions-rows': (state, ids, atMs) =>
    withSessions(state, {
      allocationId: ids.allocation,
      total: 7,
      future: 7,
      firstCreatedAtMs: atMs,
      courseIdSet: isOlder(state),
    }),
  'sessions-mark': (state, ids, atMs) =>
    withMark(state, {
      eventId: ids.allocation,
      eventType: 'TRAINER_ALLOCATED',
      correlationId: isOlder(state) ? ids.payment : ids.allocation,
      source: 'session-worker',
      processedAtMs: atMs,
    }),
  'generated-record': (state, ids, atMs, partition) =>
    withRecord(
      state,
      ids,
      record('sessions-generated', partition, 0n, {
        timestampMs: atMs,
        source: 'session-worker',
        eventId: `sessions-generated-${ids.allocation}-1`,
        allocationId: ids.allocation,
      }),
    ),
  'cache-read': (state, _ids, _atMs, partition) =>
    withRead(state, 'cache-invalidation-workers', 'sessions-generated', partition),
};

function withScan(state: PlatformState, payment: PaymentId, topic: string, partition: number): PlatformState {
  const scan: KeyScan = {
    topic,
    key: payment,
    partitionCount: PARTITIONS.length,
    predictedPartition: partition,
    ranges: PARTITIONS.map((one) => ({
      partition: one,
      from: 0n,
      to: endOf(state, topic, one),
      complete: true,
    })),
    allPartitions: true,
    logReachesBack: true,
    hits: [],
  };
  return withKeyScan(state, payment, topic, seen(scan, NOW));
}

/** Replaces what was found of a payment in a topic. */
export function withKeyScan(
  state: PlatformState,
  payment: PaymentId,
  topic: string,
  scan: Observed<KeyScan>,
): PlatformState {
  const { byPayment } = state.records;
  return {
    ...state,
    records: {
      ...state.records,
      byPayment: { ...byPayment, [payment]: { ...byPayment[payment], [topic]: scan } },
    },
  };
}

function endOf(state: PlatformState, topic: string, partition: number): bigint {
  const present = seenValue(state.topics[topic]);
  if (present.kind === 'absent') throw new Error(`${topic} is absent`);
  return seenValue(present.partitions.find((one) => one.partition === partition)?.bounds).end;
}

/** Appends a record of a payment to its partition's log; whoever reads the topic has it unread. */
export function withRecord(state: PlatformState, ids: PaymentIds, appended: RecordSeen): PlatformState {
  const { topic, partition } = appended;
  const offset = endOf(state, topic, partition);
  const hit: RecordSeen = {
    ...appended,
    offset,
    key: appended.key ?? ids.payment,
    correlationId: appended.correlationId ?? ids.payment,
    paymentId: appended.key === null ? ids.payment : appended.paymentId,
    studentId: ids.student,
    courseId: ids.course,
  };
  const scan = state.records.byPayment[ids.payment]?.[topic];
  const found =
    scan?.kind !== 'seen'
      ? state
      : withKeyScan(
          state,
          ids.payment,
          topic,
          seen(
            {
              ...scan.value,
              hits: [...scan.value.hits, hit],
              ranges: scan.value.ranges.map((range) =>
                range.partition === partition ? { ...range, to: offset + 1n } : range,
              ),
            },
            NOW,
          ),
        );
  const readers = PIPELINE.filter(
    (definition) => definition.topics.includes(topic) && found.groups[definition.group]?.kind === 'seen',
  );
  const appendedTo = withTopicPartition(found, topic, partition, {
    bounds: seen({ start: 0n, end: offset + 1n }, NOW),
  });
  return readers.reduce(
    (next, { group }) => withAppended(next, group, topic, partition, offset, hit),
    appendedTo,
  );
}

function withAppended(
  state: PlatformState,
  group: string,
  topic: string,
  partition: number,
  offset: bigint,
  hit: RecordSeen,
): PlatformState {
  const entry = seenValue(state.groups[group])
    .polls.at(-1)
    ?.partitions.find((one) => one.topic === topic && one.partition === partition);
  const committed = entry?.committed ?? null;
  const position = committed ?? 0n;
  const oldHead = state.records.heads[headKey(group, topic, partition)];
  const head =
    oldHead?.kind === 'seen' && oldHead.value?.offset === position
      ? oldHead.value
      : offset === position
        ? hit
        : undefined;
  return withPartition(state, group, topic, partition, {
    end: offset + 1n,
    committed,
    ...(head === undefined ? {} : { head }),
  });
}

/** A group commits up to the end of a partition: everything in it is read. */
function withRead(state: PlatformState, group: string, topic: string, partition: number): PlatformState {
  const end = endOf(state, topic, partition);
  const { [headKey(group, topic, partition)]: _read, ...heads } = state.records.heads;
  const read = withPartition(state, group, topic, partition, { end, committed: end });
  return { ...read, records: { ...read.records, heads } };
}

export function withMark(state: PlatformState, mark: MarkRow): PlatformState {
  return { ...state, marks: seen([...seenValue(state.marks), mark], NOW) };
}

export function withPurchase(state: PlatformState, row: PurchaseRow): PlatformState {
  return { ...state, purchases: seen([...seenValue(state.purchases), row], NOW) };
}

export function withAllocation(state: PlatformState, row: AllocationRow): PlatformState {
  return { ...state, allocations: seen([...seenValue(state.allocations), row], NOW) };
}

export function withSessions(state: PlatformState, row: SessionCount): PlatformState {
  return { ...state, sessions: seen([...seenValue(state.sessions), row], NOW) };
}

/** Runs of kc-doctor, from what each of them journalled. */
export function withRuns(
  state: PlatformState,
  lock: LockSeen,
  ...runs: readonly (readonly JournalEntry[])[]
): PlatformState {
  return { ...state, runs: seen(runsSeen(runs.flat(), lock), NOW) };
}
