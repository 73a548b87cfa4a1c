import { z } from 'zod';
import { allocationId, courseId, paymentId, purchaseId, studentId } from '../../platform/ids.ts';
import { RUN_ENDS } from '../../platform/journal-entry.ts';
import { LOG_KINDS } from '../../platform/log-line.ts';
import { LOOKUP_KINDS } from '../../platform/lookup.ts';
import { GAP_CODES, type Observed, SYSTEMS } from '../../platform/observed.ts';
import { CONTAINER_STATUSES, GROUP_STATES, type PlatformState, RUN_LOCKS } from '../../platform/state.ts';

/** Shape of a recorded state. Objects may hold more than is known here: a later version adds fields and never changes one. */

const text = z.string();
const number = z.number();
const flag = z.boolean();
const offset = z.bigint();
const maybe = <Schema extends z.ZodType>(schema: Schema) => z.nullable(schema);
const list = <Schema extends z.ZodType>(schema: Schema) => z.array(schema);
const object = z.looseObject;

const gap = object({
  system: z.enum(SYSTEMS),
  operation: text,
  code: z.enum(GAP_CODES),
  reason: text,
  hint: text,
});

const observed = <T>(value: z.ZodType<T>): z.ZodType<Observed<T>> =>
  z.discriminatedUnion('kind', [
    object({ kind: z.literal('seen'), value, seenAtMs: number }),
    object({ kind: z.literal('unseen'), gap }),
  ]);

const payment = text.transform(paymentId);
const purchase = text.transform(purchaseId);
const allocation = text.transform(allocationId);
const student = text.transform(studentId);
const course = text.transform(courseId);

const thresholds = object({
  recordSentGraceMs: number,
  recordReadGraceMs: number,
  purchaseRowGraceMs: number,
  allocationRowGraceMs: number,
  sessionsGraceMs: number,
  cacheGraceMs: number,
  logSilenceMs: number,
  restartLoopCount: number,
  restartLoopWindowMs: number,
  retentionWarnShare: number,
  retentionFailShare: number,
  skewWarnMs: number,
  skewFailMs: number,
  pendingAllocationWarnMs: number,
});

const settings = object({
  platform: text,
  runtime: z.enum(['docker', 'none']),
  singleHost: flag,
  managedKafka: flag,
  generation: maybe(z.enum(['older', 'newest'])),
  expectedTopics: list(text),
  expectedWorkers: list(text),
  partitionCount: number,
  windowMs: number,
  thresholds,
});

const identity = object({
  composeProject: maybe(text),
  dockerDaemonId: maybe(text),
  kafkaClusterId: maybe(text),
  databaseSystemId: maybe(text),
  databaseOid: maybe(number),
  databaseName: maybe(text),
  dockerAddress: maybe(text),
  kafkaAddress: maybe(text),
  databaseAddress: maybe(text),
  belongsTogether: object({
    verdict: z.enum(['proved', 'contradicted', 'not-provable']),
    proofs: list(
      object({
        id: z.enum(['broker-list', 'keys-in-payments', 'database']),
        outcome: z.enum(['agrees', 'contradicts', 'not-comparable']),
        text,
      }),
    ),
  }),
});

const container = object({
  id: text,
  name: text,
  service: maybe(text),
  project: maybe(text),
  image: text,
  status: z.enum(CONTAINER_STATUSES),
  exitCode: maybe(number),
  oomKilled: flag,
  restartCount: number,
  restartPolicy: text,
  createdAtMs: number,
  startedAtMs: maybe(number),
  finishedAtMs: maybe(number),
  oneOff: flag,
  networkMode: text,
  networks: list(object({ name: text, aliases: list(text), ipAddress: maybe(text) })),
  publishedPorts: list(object({ containerPort: number, hostIp: text, hostPort: number })),
  brokerList: maybe(text),
  database: maybe(object({ host: text, port: number, name: text })),
});

const inventory = object({
  daemonId: text,
  platformProjects: list(text),
  project: maybe(text),
  containers: list(container),
});

const logLine = object({
  atMs: number,
  stream: z.enum(['stdout', 'stderr']),
  kind: z.enum(LOG_KINDS),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  logger: z.enum(['worker', 'kafkajs']),
  message: text,
  eventType: maybe(text),
  correlationId: maybe(text),
  eventId: maybe(text),
  topic: maybe(text),
  partition: maybe(number),
  offset: maybe(offset),
  status: maybe(number),
});

const containerLog = object({
  container: text,
  service: text,
  fromMs: maybe(number),
  toMs: number,
  reachesStart: flag,
  lines: list(logLine),
  lastLineAtMs: maybe(number),
});

const bounds = object({ start: offset, end: offset });

const topic = z.discriminatedUnion('kind', [
  object({ kind: z.literal('absent') }),
  object({
    kind: z.literal('present'),
    topic: text,
    partitions: list(
      object({
        partition: number,
        leader: maybe(number),
        replicas: number,
        inSyncReplicas: number,
        bounds: observed(bounds),
      }),
    ),
  }),
]);

const groupPoll = object({
  atMs: number,
  state: z.enum(GROUP_STATES),
  listed: maybe(flag),
  members: list(
    object({
      memberId: text,
      clientId: text,
      clientHost: text,
      assignment: maybe(list(object({ topic: text, partition: number }))),
    }),
  ),
  partitions: list(
    object({ topic: text, partition: number, committed: maybe(offset), bounds: maybe(bounds) }),
  ),
});

const record = object({
  topic: text,
  partition: number,
  offset,
  timestampMs: number,
  key: maybe(text),
  isJson: flag,
  eventType: maybe(text),
  eventId: maybe(text),
  correlationId: maybe(text),
  source: maybe(text),
  paymentId: maybe(text),
  purchaseId: maybe(text),
  allocationId: maybe(text),
  studentId: maybe(text),
  courseId: maybe(text),
  startDate: maybe(text),
  doctorRun: maybe(text),
});

const keyScan = object({
  topic: text,
  key: text,
  partitionCount: number,
  predictedPartition: number,
  ranges: list(object({ partition: number, from: offset, to: offset, complete: flag })),
  allPartitions: flag,
  logReachesBack: flag,
  hits: list(record),
});

const deadLetter = object({
  offset,
  partition: number,
  atMs: number,
  key: maybe(text),
  originalTopic: text,
  originalPartition: number,
  originalOffset: offset,
  failureReason: text,
  attempts: maybe(number),
  correlationId: maybe(text),
  eventId: maybe(text),
});

const database = object({
  systemId: maybe(text),
  oid: number,
  name: text,
  user: text,
  serverVersion: text,
  inRecovery: flag,
  replayLagMs: maybe(number),
  canWrite: flag,
  serverTimeMs: number,
});

const schema = object({
  tables: list(object({ name: text, columns: list(object({ name: text, type: text })) })),
  guards: list(
    object({
      name: text,
      table: text,
      state: z.enum(['valid', 'absent', 'invalid', 'different']),
      definition: maybe(text),
      duplicates: maybe(number),
    }),
  ),
});

const paymentRow = object({
  paymentId: payment,
  studentId: student,
  status: text,
  amountCents: number,
  currency: text,
  confirmedAtMs: maybe(number),
  createdAtMs: number,
  courseId: maybe(course),
  sessionCount: maybe(number),
  purchaseTier: maybe(number),
  startDate: maybe(text),
  metadata: text.exactOptional(),
  earlierUnfinishedOfPair: maybe(payment),
});

const payments = object({
  windowStartMs: number,
  succeeded: number,
  arrived: number,
  lastArrivedAtMs: maybe(number),
  olderMissing: maybe(number),
  unfinished: list(paymentRow),
  unfinishedTotal: number,
  asked: list(paymentRow),
  beside: list(paymentRow).exactOptional(),
  coveredFromMs: number,
});

const purchaseRow = object({
  purchaseId: purchase,
  studentId: student,
  courseId: course,
  isActive: flag,
  createdAtMs: number,
  expiresAtMs: maybe(number),
  paymentId: maybe(payment),
});

const allocationRow = object({
  allocationId: allocation,
  studentId: student,
  courseId: maybe(course),
  trainerId: maybe(text),
  status: text,
  requestedAtMs: maybe(number),
  createdAtMs: number,
  updatedAtMs: number,
});

const sessionCount = object({
  allocationId: allocation,
  total: number,
  future: number,
  firstCreatedAtMs: maybe(number),
  courseIdSet: maybe(flag),
});

const mark = object({
  eventId: text,
  eventType: text,
  correlationId: text,
  source: text,
  processedAtMs: number,
});

const anomalies = object({
  liveAllocationsWithoutSessions: list(allocationRow),
  pairsWithTwoLiveAllocations: number,
  pairsWithTwoPendingAllocations: number,
  pendingWithoutTrainer: list(allocationRow),
});

const run = object({
  run: text,
  operator: text,
  title: text,
  startedAtMs: number,
  lastAtMs: number,
  end: maybe(object({ kind: z.enum(RUN_ENDS), atMs: number })),
  stopped: list(object({ containerId: text, name: text, service: text, atMs: number, isCertain: flag })),
  lock: z.enum(RUN_LOCKS),
});

export const stateSchema = object({
  takenAtMs: number,
  durationMs: number,
  settings,
  identity,
  containers: observed(inventory),
  compose: observed(object({ files: list(text), services: list(text) })),
  logs: z.record(text, observed(containerLog)),
  cluster: observed(
    object({
      clusterId: maybe(text),
      brokers: list(object({ nodeId: number, host: text, port: number })),
      offsetsTopicExists: flag,
      groupIds: maybe(list(text)),
    }),
  ),
  topics: z.record(text, observed(topic)),
  groups: z.record(text, observed(object({ groupId: text, polls: z.tuple([groupPoll], groupPoll) }))),
  records: object({
    byPayment: z.record(text, z.record(text, observed(keyScan))),
    heads: z.record(text, observed(maybe(record))),
    waiting: z
      .record(text, observed(object({ from: offset, to: offset, records: list(record) })))
      .exactOptional(),
    recentKeys: observed(list(text)),
  }),
  deadLetters: observed(object({ topicExists: flag, letters: list(deadLetter), complete: flag })),
  database: observed(database),
  schema: observed(schema),
  payments: observed(payments),
  lookups: list(
    object({ kind: z.enum(LOOKUP_KINDS), id: text, payments: observed(list(payment)) }),
  ).exactOptional(),
  purchases: observed(list(purchaseRow)),
  allocations: observed(list(allocationRow)),
  sessions: observed(list(sessionCount)),
  marks: observed(list(mark)),
  anomalies: observed(anomalies),
  admin: observed(object({ address: text, status: number, tookMs: number })),
  clocks: observed(object({ databaseAheadMs: maybe(number), newestRecordAheadMs: maybe(number) })),
  runs: observed(list(run)).exactOptional(),
}) satisfies z.ZodType<PlatformState>;
