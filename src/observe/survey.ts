import { deadLetterOf } from '../platform/events.ts';
import type { PaymentId } from '../platform/ids.ts';
import { inventoryOf } from '../platform/inventory.ts';
import { type Gap, type Observed, type SystemId, seen, unseen } from '../platform/observed.ts';
import { DEAD_LETTER_TOPIC, NEWER_TOPICS, NEWER_WORKERS, PIPELINE, SERVICES } from '../platform/pipeline.ts';
import { keepLine, readLogLines } from '../platform/read-log-line.ts';
import type { Settings } from '../platform/settings.ts';
import type {
  AdminProbe,
  ClusterFacts,
  ComposeProject,
  ContainerInventory,
  ContainerLog,
  ContainerState,
  DatabaseAnomalies,
  DatabaseFacts,
  DeadLetterTail,
  GroupPoll,
  MarkRow,
  PaymentsOfWindow,
  RunSeen,
  SchemaFacts,
  TopicState,
} from '../platform/state.ts';
import type { AdminServiceReader } from '../ports/admin-service.ts';
import type { ContainerRuntimeReader } from '../ports/container-runtime.ts';
import type { KafkaClusterReader } from '../ports/kafka-cluster.ts';
import type { PurchaseDatabaseReader } from '../ports/purchase-database.ts';
import { type Budget, type Desk, look } from './deadline.ts';

/** A reader, or why there is none. */
export type Source<Reader> = Reader | Gap;

export function isGap<Reader extends object>(source: Source<Reader>): source is Gap {
  return 'reason' in source && 'operation' in source;
}

/** Where to look, known once the containers were (or were not) seen. */
export interface Connected {
  readonly settings: Settings;
  readonly kafka: Source<KafkaClusterReader>;
  readonly database: Source<PurchaseDatabaseReader>;
  readonly admin: Source<AdminServiceReader>;
}

const LOG_TAIL_LINES = 2_000;
/** Of the time that one log has: what is left is for handing over what was read. */
const LOG_SHARE = 0.8;
const LOG_MAX_BYTES = 64 * 1024 * 1024;
/** Newest dead letters per partition that are read; the topic fills with copies while a record blocks. */
const DEAD_LETTERS_PER_PARTITION = 500;
const RECENT_KEYS_PER_PARTITION = 20;
/** Unfinished payments that are followed one by one; the rest is counted. */
const PAYMENT_LIMIT = 500;
const SCRIPT_MARK_LIMIT = 500;
const RUN_LIMIT = 20;

export interface DockerSurvey {
  readonly inventory: Observed<ContainerInventory>;
  readonly address: string | null;
}

export async function surveyContainers(
  desk: Desk,
  limits: Budget,
  runtime: Source<ContainerRuntimeReader>,
  wantedProject: string | null,
): Promise<DockerSurvey> {
  if (isGap(runtime)) return { inventory: unseen(runtime), address: null };
  let address: string | null = null;
  const inventory = await look(
    desk,
    { system: 'docker', operation: 'containers', withinMs: limits.surveyMs },
    async (signal) => {
      const [facts, containers] = await Promise.all([runtime.facts(signal), runtime.containers(signal)]);
      address = facts.address;
      return inventoryOf(facts.daemonId, containers, wantedProject);
    },
  );
  return { inventory, address };
}

export type Logs = Readonly<Record<string, Observed<ContainerLog>>>;

const LOGGED_SERVICES: readonly string[] = [
  ...PIPELINE.map((definition) => definition.worker),
  SERVICES.payment,
  SERVICES.admin,
];

/** Logs of the workers and of the two services that can lose a payment. One failing costs that container's log alone. */
export async function surveyLogs(
  desk: Desk,
  limits: Budget,
  runtime: Source<ContainerRuntimeReader>,
  inventory: Observed<ContainerInventory>,
): Promise<Logs> {
  if (isGap(runtime) || inventory.kind === 'unseen') return {};
  const wanted = inventory.value.containers.filter(
    (container) =>
      !container.oneOff && container.service !== null && LOGGED_SERVICES.includes(container.service),
  );
  const entries = await Promise.all(
    wanted.map(
      async (container) => [container.name, await readLog(desk, limits, runtime, container)] as const,
    ),
  );
  return Object.fromEntries(entries);
}

function readLog(
  desk: Desk,
  limits: Budget,
  runtime: ContainerRuntimeReader,
  container: ContainerState,
): Promise<Observed<ContainerLog>> {
  const question = {
    system: 'docker',
    operation: `log of ${container.name}`,
    withinMs: limits.logMs,
  } as const;
  return look(desk, question, async (deadline) => {
    // Ends before the deadline, so that a log too long to be read whole comes back as far as it was read.
    const signal = AbortSignal.any([deadline, AbortSignal.timeout(limits.logMs * LOG_SHARE)]);
    const tail = await runtime.logTail(
      container.id,
      { tailLines: LOG_TAIL_LINES, untilMs: container.startedAtMs, maxBytes: LOG_MAX_BYTES },
      signal,
    );
    const first = tail.lines[0];
    const startedAtMs = container.startedAtMs;
    return {
      container: container.name,
      service: container.service ?? container.name,
      fromMs: first?.atMs ?? null,
      toMs: desk.clock.nowMs(),
      reachesStart: tail.whole || (first !== undefined && startedAtMs !== null && first.atMs <= startedAtMs),
      lines: readLogLines(tail.lines),
      lastLineAtMs: tail.lines.at(-1)?.atMs ?? null,
    };
  });
}

/** Drops the lines that no rule needs, once it is known which payments are looked at. */
export function trimLogs(logs: Logs, targetIds: ReadonlySet<string>): Logs {
  const entries = Object.entries(logs).map(([name, log]) => {
    if (log.kind === 'unseen') return [name, log] as const;
    const lines = log.value.lines.filter((line) => keepLine(line, targetIds));
    return [name, seen({ ...log.value, lines }, log.seenAtMs)] as const;
  });
  return Object.fromEntries(entries);
}

export async function surveyCompose(
  desk: Desk,
  limits: Budget,
  runtime: Source<ContainerRuntimeReader>,
  inventory: Observed<ContainerInventory>,
): Promise<Observed<ComposeProject>> {
  const question = { system: 'compose', operation: 'compose files', withinMs: limits.surveyMs } as const;
  if (isGap(runtime)) return unseen(runtime);
  if (inventory.kind === 'unseen') return inventory;
  const project = inventory.value.project;
  if (project === null) {
    return unseen({
      ...question,
      code: 'not-attempted',
      reason: 'no compose project of the platform is on this Docker daemon',
      hint: 'name it with --project',
    });
  }
  return look(desk, question, (signal) => runtime.compose(project, signal));
}

export interface KafkaSurvey {
  readonly cluster: Observed<ClusterFacts>;
  readonly topics: Readonly<Record<string, Observed<TopicState>>>;
  /** First look at each group. */
  readonly polls: Readonly<Record<string, Observed<GroupPoll>>>;
  readonly deadLetters: Observed<DeadLetterTail>;
  readonly recentKeys: Observed<readonly string[]>;
  readonly newestRecordMs: number | null;
}

function topicsToAsk(settings: Settings): readonly string[] {
  return [...new Set([...settings.expectedTopics, ...NEWER_TOPICS])];
}

/** Groups of the expected workers, and of newer ones, which an old platform lacks. */
export function groupsToAsk(settings: Settings): readonly (typeof PIPELINE)[number][] {
  const newer: readonly string[] = NEWER_WORKERS;
  return PIPELINE.filter(({ worker }) => settings.expectedWorkers.includes(worker) || newer.includes(worker));
}

export async function surveyKafka(
  desk: Desk,
  limits: Budget,
  kafka: Source<KafkaClusterReader>,
  settings: Settings,
): Promise<KafkaSurvey> {
  if (isGap(kafka)) return unseenKafka(settings, kafka);
  const endMs = desk.clock.monotonicMs() + limits.surveyMs;
  const ask = <T>(operation: string, work: (signal: AbortSignal) => Promise<T>) =>
    look(desk, { system: 'kafka', operation, withinMs: endMs - desk.clock.monotonicMs() }, work);

  const cluster = await ask('brokers', (signal) => kafka.facts(signal));
  if (cluster.kind === 'unseen') return unseenKafka(settings, cluster.gap);

  const names = topicsToAsk(settings);
  const topics = Object.fromEntries(
    await Promise.all(
      names.map(
        async (name) => [name, await ask(`topic ${name}`, (signal) => kafka.topic(name, signal))] as const,
      ),
    ),
  );
  const [polls, tail, recent] = await Promise.all([
    pollGroups(desk, kafka, settings, topics, endMs - desk.clock.monotonicMs()),
    isPresent(topics[DEAD_LETTER_TOPIC])
      ? ask('dead letters', (signal) => kafka.tail(DEAD_LETTER_TOPIC, DEAD_LETTERS_PER_PARTITION, signal))
      : null,
    isPresent(topics['purchase-confirmed'])
      ? ask('newest keys of purchase-confirmed', (signal) =>
          kafka.tail('purchase-confirmed', RECENT_KEYS_PER_PARTITION, signal),
        )
      : null,
  ]);
  const recentRecords = recent?.kind === 'seen' ? recent.value.records : [];
  return {
    cluster,
    topics,
    polls,
    deadLetters: deadLetters(topics[DEAD_LETTER_TOPIC], tail, desk.clock.nowMs()),
    recentKeys:
      recent === null || recent.kind === 'seen'
        ? seen(
            recentRecords.map((record) => record.key).filter((key) => key !== null),
            desk.clock.nowMs(),
          )
        : recent,
    newestRecordMs: recentRecords.reduce<number | null>(
      (newest, record) => (newest === null || record.timestampMs > newest ? record.timestampMs : newest),
      null,
    ),
  };
}

function isPresent(topic: Observed<TopicState> | undefined): boolean {
  return topic?.kind === 'seen' && topic.value.kind === 'present';
}

function deadLetters(
  topic: Observed<TopicState> | undefined,
  tail: Observed<Awaited<ReturnType<KafkaClusterReader['tail']>>> | null,
  nowMs: number,
): Observed<DeadLetterTail> {
  if (topic?.kind === 'unseen') return topic;
  if (tail === null) return seen({ topicExists: false, letters: [], complete: true }, nowMs);
  if (tail.kind === 'unseen') return tail;
  const letters = tail.value.records.map(deadLetterOf).filter((letter) => letter !== null);
  return seen({ topicExists: true, letters, complete: tail.value.complete }, tail.seenAtMs);
}

/** One look at every group whose topics were seen. A group of topics that are all absent is still described: its worker may live. */
export async function pollGroups(
  desk: Desk,
  kafka: KafkaClusterReader,
  settings: Settings,
  topics: Readonly<Record<string, Observed<TopicState>>>,
  withinMs: number,
  only: ReadonlySet<string> | null = null,
): Promise<Readonly<Record<string, Observed<GroupPoll>>>> {
  const wanted = groupsToAsk(settings).filter(({ group }) => only === null || only.has(group));
  const entries = await Promise.all(
    wanted.map(async ({ group, topics: groupTopics }) => {
      const present = groupTopics
        .map((topic) => topics[topic])
        .filter((topic) => topic?.kind === 'seen')
        .map((topic) => topic.value)
        .filter((topic) => topic.kind === 'present');
      const question = {
        groupId: group,
        topics: present.map((topic) => ({
          topic: topic.topic,
          partitions: topic.partitions.map(({ partition }) => partition),
        })),
      };
      const polled = await look(
        desk,
        { system: 'kafka', operation: `consumer group ${group}`, withinMs },
        (signal) => kafka.pollGroup(question, signal),
      );
      return [group, polled] as const;
    }),
  );
  return Object.fromEntries(entries);
}

function unseenKafka(settings: Settings, gap: Gap): KafkaSurvey {
  const each = (operation: string) => unseen({ ...gap, operation });
  return {
    cluster: each('brokers'),
    topics: Object.fromEntries(topicsToAsk(settings).map((name) => [name, each(`topic ${name}`)])),
    polls: Object.fromEntries(
      groupsToAsk(settings).map(({ group }) => [group, each(`consumer group ${group}`)]),
    ),
    deadLetters: each('dead letters'),
    recentKeys: each('newest keys of purchase-confirmed'),
    newestRecordMs: null,
  };
}

export interface DatabaseSurvey {
  readonly facts: Observed<DatabaseFacts>;
  readonly schema: Observed<SchemaFacts>;
  readonly payments: Observed<PaymentsOfWindow>;
  readonly scriptMarks: Observed<readonly MarkRow[]>;
  readonly anomalies: Observed<DatabaseAnomalies>;
  readonly runs: Observed<readonly RunSeen[]>;
  /** Database clock minus ours at the middle of the round trip. */
  readonly aheadMs: number | null;
}

export async function surveyDatabase(
  desk: Desk,
  limits: Budget,
  database: Source<PurchaseDatabaseReader>,
  settings: Settings,
  asked: readonly PaymentId[],
): Promise<DatabaseSurvey> {
  if (isGap(database)) return unseenDatabase(database);
  const endMs = desk.clock.monotonicMs() + limits.surveyMs;
  const ask = <T>(operation: string, work: (signal: AbortSignal) => Promise<T>) =>
    look(desk, { system: 'postgres', operation, withinMs: endMs - desk.clock.monotonicMs() }, work);

  let aheadMs: number | null = null;
  const facts = await ask('server', async (signal) => {
    const beforeMs = desk.clock.nowMs();
    const value = await database.facts(signal);
    aheadMs = Math.round(value.serverTimeMs - (beforeMs + desk.clock.nowMs()) / 2);
    return value;
  });
  if (facts.kind === 'unseen') return unseenDatabase(facts.gap);
  const { windowMs } = settings;
  const [payments, schema, scriptMarks, anomalies, runs] = await Promise.all([
    ask('payments of the window', (signal) =>
      database.payments({ windowMs, limit: PAYMENT_LIMIT, asked }, signal),
    ),
    ask('tables and indexes', (signal) => database.schema(signal)),
    ask('marks made by scripts', (signal) => database.scriptMarks(windowMs, SCRIPT_MARK_LIMIT, signal)),
    ask('allocations and sessions', (signal) => database.anomalies(windowMs, signal)),
    ask('journal of runs', (signal) => database.runs({ windowMs, limit: RUN_LIMIT }, signal)),
  ]);
  return { facts, schema, payments, scriptMarks, anomalies, runs, aheadMs };
}

function unseenDatabase(gap: Gap): DatabaseSurvey {
  const each = (operation: string) => unseen({ ...gap, operation });
  return {
    facts: each('server'),
    schema: each('tables and indexes'),
    payments: each('payments of the window'),
    scriptMarks: each('marks made by scripts'),
    anomalies: each('allocations and sessions'),
    runs: each('journal of runs'),
    aheadMs: null,
  };
}

export function surveyAdmin(
  desk: Desk,
  limits: Budget,
  admin: Source<AdminServiceReader>,
): Promise<Observed<AdminProbe>> {
  if (isGap(admin)) return Promise.resolve(unseen(admin));
  const question: { system: SystemId; operation: string; withinMs: number } = {
    system: 'admin-service',
    operation: 'base address',
    withinMs: limits.surveyMs,
  };
  return look(desk, question, (signal) => admin.probe(signal));
}
