import { belongsTogether } from '../platform/identity.ts';
import type { PaymentId } from '../platform/ids.ts';
import type { LookupQuestion } from '../platform/lookup.ts';
import { type Observed, seen, unseen } from '../platform/observed.ts';
import type {
  BelongsTogether,
  ClockSamples,
  ComposeProject,
  ContainerInventory,
  Identity,
  MarkRow,
  PaymentRow,
  PaymentsOfWindow,
  PlatformState,
} from '../platform/state.ts';
import type { ContainerRuntimeReader } from '../ports/container-runtime.ts';
import { type Budget, type Desk, look } from './deadline.ts';
import {
  followUpDatabase,
  followUpHeads,
  followUpRecords,
  followUpWaiting,
  watchGroups,
} from './follow-up.ts';
import { foundBy, lookUp, lookUpMistaken } from './lookup.ts';
import {
  type Connected,
  type DatabaseSurvey,
  type DockerSurvey,
  isGap,
  type KafkaSurvey,
  type Source,
  surveyAdmin,
  surveyCompose,
  surveyContainers,
  surveyDatabase,
  surveyKafka,
  surveyLogs,
  trimLogs,
} from './survey.ts';
import { targets, waitingRanges, withPairs } from './targets.ts';

export interface ObserveRequest {
  readonly runtime: Source<ContainerRuntimeReader>;
  readonly wantedProject: string | null;
  /** Called once the containers were seen or not; throws ConfigError where the platform cannot be told. */
  readonly connect: (
    inventory: Observed<ContainerInventory>,
    compose: Observed<ComposeProject>,
    dockerAddress: string | null,
  ) => Promise<Connected>;
  /** Payments to follow whether or not they are in the window. */
  readonly asked: readonly PaymentId[];
  /** Other ids, whose payments are followed likewise. */
  readonly lookups?: readonly LookupQuestion[];
  readonly budget: Budget;
}

/** Looks at the platform in two rounds and changes nothing. What could not be read is a gap in the state, never an exception. */
export async function observe(desk: Desk, request: ObserveRequest): Promise<PlatformState> {
  const { budget: limits, runtime } = request;
  const startedMs = desk.clock.monotonicMs();

  const docker = await surveyContainers(desk, limits, runtime, request.wantedProject);
  const compose = await surveyCompose(desk, limits, runtime, docker.inventory);
  const connected = await request.connect(docker.inventory, compose, docker.address);
  const { settings } = connected;

  const [logs, kafka, database, admin] = await Promise.all([
    surveyLogs(desk, limits, runtime, docker.inventory),
    surveyKafka(desk, limits, connected.kafka, settings),
    lookUp(desk, limits, connected.database, request.lookups ?? []).then(async (lookups) => {
      const asked = [...request.asked, ...foundBy(lookups)];
      return { ...(await surveyDatabase(desk, limits, connected.database, settings, asked)), lookups };
    }),
    surveyAdmin(desk, limits, connected.admin),
  ]);

  const picked = targets(database.payments, kafka.polls, settings);
  const waiting = await followUpWaiting(
    desk,
    limits,
    { kafka: connected.kafka, database: connected.database },
    waitingRanges(kafka.polls, settings),
    picked,
  );
  const wanted = withPairs(picked, waiting.pairs);
  const skewMs = Math.abs(database.aheadMs ?? 0);
  const [[rows, byPayment], heads, groups, together, mistaken] = await Promise.all([
    followUpDatabase(desk, limits, connected.database, wanted).then(
      async (found) =>
        [
          found,
          await followUpRecords(desk, limits, connected.kafka, kafka.topics, wanted, found, skewMs),
        ] as const,
    ),
    followUpHeads(desk, limits, connected.kafka, wanted),
    watchGroups(desk, limits, connected.kafka, settings, kafka.topics, kafka.polls, wanted),
    proveIdentity(desk, limits, connected, docker, kafka, database),
    lookUpMistaken(desk, limits, connected.database, request.asked, database.payments),
  ]);
  const lookups = [...database.lookups, ...mistaken];

  const targetIds = new Set<string>([
    ...wanted.payments.flatMap((row) => [row.paymentId, row.studentId]),
    ...(rows.purchases.kind === 'seen' ? rows.purchases.value.map((row) => row.purchaseId) : []),
    ...(rows.allocations.kind === 'seen' ? rows.allocations.value.map((row) => row.allocationId) : []),
  ]);
  const takenAtMs = desk.clock.nowMs();
  return {
    takenAtMs,
    durationMs: Math.round(desk.clock.monotonicMs() - startedMs),
    settings,
    identity: identityOf(docker, kafka, database, connected, together),
    containers: docker.inventory,
    compose,
    logs: trimLogs(logs, targetIds),
    cluster: kafka.cluster,
    topics: kafka.topics,
    groups,
    records: { byPayment, heads, waiting: waiting.records, recentKeys: kafka.recentKeys },
    deadLetters: kafka.deadLetters,
    database: database.facts,
    schema: database.schema,
    payments: besidePayments(database.payments, waiting.beside),
    ...(lookups.length === 0 ? {} : { lookups }),
    purchases: rows.purchases,
    allocations: rows.allocations,
    sessions: rows.sessions,
    marks: allMarks(rows.marks, database.scriptMarks),
    anomalies: database.anomalies,
    admin,
    clocks: clocksOf(database, kafka, takenAtMs),
    runs: database.runs,
  };
}

function besidePayments(
  payments: Observed<PaymentsOfWindow>,
  beside: readonly PaymentRow[] | null,
): Observed<PaymentsOfWindow> {
  if (payments.kind === 'unseen' || beside === null) return payments;
  return seen({ ...payments.value, beside }, payments.seenAtMs);
}

/** One part for both reads: it is seen only if both were. */
function allMarks(
  ofTargets: Observed<readonly MarkRow[]>,
  byScripts: Observed<readonly MarkRow[]>,
): Observed<readonly MarkRow[]> {
  if (ofTargets.kind === 'unseen') return ofTargets;
  if (byScripts.kind === 'unseen') return byScripts;
  const byKey = new Map(
    [...ofTargets.value, ...byScripts.value].map((row) => [`${row.eventId} ${row.eventType}`, row]),
  );
  return seen([...byKey.values()], ofTargets.seenAtMs);
}

function clocksOf(database: DatabaseSurvey, kafka: KafkaSurvey, nowMs: number): Observed<ClockSamples> {
  if (database.facts.kind === 'unseen')
    return unseen({ ...database.facts.gap, operation: 'clock of the database' });
  const newest = kafka.newestRecordMs;
  return seen(
    { databaseAheadMs: database.aheadMs, newestRecordAheadMs: newest === null ? null : newest - nowMs },
    nowMs,
  );
}

async function proveIdentity(
  desk: Desk,
  limits: Budget,
  connected: Connected,
  docker: DockerSurvey,
  kafka: KafkaSurvey,
  database: DatabaseSurvey,
): Promise<BelongsTogether> {
  const keys = kafka.recentKeys.kind === 'seen' ? kafka.recentKeys.value : [];
  const reader = connected.database;
  const known =
    isGap(reader) || keys.length === 0 || database.facts.kind === 'unseen'
      ? null
      : await look(
          desk,
          { system: 'postgres', operation: 'payments of the newest records', withinMs: limits.followUpMs },
          (signal) => reader.knownPayments(keys, signal),
        );
  return belongsTogether({
    inventory: docker.inventory,
    dockerAddress: docker.address,
    cluster: kafka.cluster,
    kafkaAddress: isGap(connected.kafka) ? null : connected.kafka.address,
    recentKeys: keys,
    knownPayments: known?.kind === 'seen' ? known.value : null,
    databaseAddress: isGap(reader) ? null : reader.address,
    databaseName: database.facts.kind === 'seen' ? database.facts.value.name : null,
  });
}

function identityOf(
  docker: DockerSurvey,
  kafka: KafkaSurvey,
  database: DatabaseSurvey,
  connected: Connected,
  together: BelongsTogether,
): Identity {
  const inventory = docker.inventory.kind === 'seen' ? docker.inventory.value : null;
  const facts = database.facts.kind === 'seen' ? database.facts.value : null;
  return {
    composeProject: inventory?.project ?? null,
    dockerDaemonId: inventory?.daemonId ?? null,
    kafkaClusterId: kafka.cluster.kind === 'seen' ? kafka.cluster.value.clusterId : null,
    databaseSystemId: facts?.systemId ?? null,
    databaseOid: facts?.oid ?? null,
    databaseName: facts?.name ?? null,
    dockerAddress: docker.address,
    kafkaAddress: isGap(connected.kafka) ? null : connected.kafka.address,
    databaseAddress: isGap(connected.database) ? null : connected.database.address,
    belongsTogether: together,
  };
}
