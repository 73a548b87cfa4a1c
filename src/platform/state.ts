/**
 * PlatformState: everything observed, as plain serialisable data (objects, arrays, strings, numbers, booleans, bigint offsets).
 * `observe` makes it, the pure folders read it, `adapters/snapshot` writes it down. Instants are epoch milliseconds;
 * "now" is `takenAtMs`, so that a recorded incident keeps its age.
 */

import type { AllocationId, CourseId, PaymentId, PurchaseId, StudentId } from './ids.ts';
import type { RunEnd } from './journal-entry.ts';
import type { LogLine } from './log-line.ts';
import type { Lookup } from './lookup.ts';
import type { Observed } from './observed.ts';
import type { Settings } from './settings.ts';

export interface PlatformState {
  readonly takenAtMs: number;
  readonly durationMs: number;
  readonly settings: Settings;
  readonly identity: Identity;
  readonly containers: Observed<ContainerInventory>;
  readonly compose: Observed<ComposeProject>;
  /** By container name; only containers of the platform. A container that is listed and not here was not read for want of interest. */
  readonly logs: Readonly<Record<string, Observed<ContainerLog>>>;
  readonly cluster: Observed<ClusterFacts>;
  /** By topic name; every expected and newer topic has an entry. */
  readonly topics: Readonly<Record<string, Observed<TopicState>>>;
  /** By group id; every group of the pipeline has an entry. */
  readonly groups: Readonly<Record<string, Observed<GroupState>>>;
  readonly records: Records;
  readonly deadLetters: Observed<DeadLetterTail>;
  readonly database: Observed<DatabaseFacts>;
  readonly schema: Observed<SchemaFacts>;
  readonly payments: Observed<PaymentsOfWindow>;
  /** Payments behind other ids, where the question named some; and behind ids that no payment has. */
  readonly lookups?: readonly Lookup[];
  /** Rows of the (student, course) pairs of the unfinished payments. */
  readonly purchases: Observed<readonly PurchaseRow[]>;
  readonly allocations: Observed<readonly AllocationRow[]>;
  readonly sessions: Observed<readonly SessionCount[]>;
  /** processed_events rows under any id of the unfinished payments, and those that scripts made in the window. */
  readonly marks: Observed<readonly MarkRow[]>;
  /** Live allocations of the window with too few sessions, and pairs with two live allocations, whoever paid. */
  readonly anomalies: Observed<DatabaseAnomalies>;
  readonly admin: Observed<AdminProbe>;
  readonly clocks: Observed<ClockSamples>;
  /** Repairs of the window, newest first, as the journal in Postgres tells; an empty list where none was ever made. */
  readonly runs?: Observed<readonly RunSeen[]>;
}

// --- identity (design.md 4.1)

export interface Identity {
  readonly composeProject: string | null;
  readonly dockerDaemonId: string | null;
  readonly kafkaClusterId: string | null;
  readonly databaseSystemId: string | null;
  readonly databaseOid: number | null;
  readonly databaseName: string | null;
  /** Where each system was reached, masked, for the head line: "127.0.0.1:9092", "kc@db.example/kc". */
  readonly dockerAddress: string | null;
  readonly kafkaAddress: string | null;
  readonly databaseAddress: string | null;
  readonly belongsTogether: BelongsTogether;
}

/** Whether the parts were proved to be one platform. `proofs` says what was compared and how it came out. */
export interface BelongsTogether {
  readonly verdict: 'proved' | 'contradicted' | 'not-provable';
  readonly proofs: readonly IdentityProof[];
}

export interface IdentityProof {
  readonly id: 'broker-list' | 'keys-in-payments' | 'database';
  readonly outcome: 'agrees' | 'contradicts' | 'not-comparable';
  readonly text: string;
}

// --- containers

export const CONTAINER_STATUSES = [
  'created',
  'running',
  'restarting',
  'paused',
  'exited',
  'dead',
  'removing',
] as const;
export type ContainerStatus = (typeof CONTAINER_STATUSES)[number];

export interface ContainerInventory {
  readonly daemonId: string;
  /** Compose projects on this daemon that hold a purchase-worker or another worker of the pipeline. */
  readonly platformProjects: readonly string[];
  /** The project that was looked at; null where no container of a platform is on this daemon. */
  readonly project: string | null;
  /** All containers of the project, stopped ones and one-offs included. */
  readonly containers: readonly ContainerState[];
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  /** Compose service; from the label, else from the name. */
  readonly service: string | null;
  readonly project: string | null;
  readonly image: string;
  readonly status: ContainerStatus;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
  readonly restartPolicy: string;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly oneOff: boolean;
  readonly networkMode: string;
  readonly networks: readonly {
    readonly name: string;
    readonly aliases: readonly string[];
    readonly ipAddress: string | null;
  }[];
  readonly publishedPorts: readonly {
    readonly containerPort: number;
    readonly hostIp: string;
    readonly hostPort: number;
  }[];
  /** The only things read from its environment: KAFKA_BROKERS (or KAFKA_BROKER) and the database's host and name. Null: not set. */
  readonly brokerList: string | null;
  readonly database: { readonly host: string; readonly port: number; readonly name: string } | null;
}

export interface ComposeProject {
  readonly files: readonly string[];
  readonly services: readonly string[];
}

export interface ContainerLog {
  readonly container: string;
  readonly service: string;
  /** Interval that the lines cover. `fromMs` null: nothing was ever logged. `reachesStart`: every line since the present container start was read. */
  readonly fromMs: number | null;
  readonly toMs: number;
  readonly reachesStart: boolean;
  /** Lines of a known kind, worker errors, and lines that name a target; oldest first. What is left out matters to no rule. */
  readonly lines: readonly LogLine[];
  /** Time of the very last line, kept or not. */
  readonly lastLineAtMs: number | null;
}

// --- Kafka

export interface ClusterFacts {
  readonly clusterId: string | null;
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  /** Without it the cluster has no committed offset at all, and asking for one would create it. False only where that was proved. */
  readonly offsetsTopicExists: boolean;
  /** Groups that the login may see; null where listing was refused. */
  readonly groupIds: readonly string[] | null;
  /** auto.create.topics.enable etc. are not read: managed clusters deny it. */
}

export type TopicState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly topic: string; readonly partitions: readonly PartitionState[] };

export interface PartitionState {
  readonly partition: number;
  /** Null: no leader. */
  readonly leader: number | null;
  readonly replicas: number;
  readonly inSyncReplicas: number;
  readonly bounds: Observed<LogBounds>;
}

/** Log start offset and high watermark: the log holds start <= offset < end. */
export interface LogBounds {
  readonly start: bigint;
  readonly end: bigint;
}

export const GROUP_STATES = [
  'Empty',
  'Dead',
  'Stable',
  'PreparingRebalance',
  'CompletingRebalance',
  'Unknown',
] as const;
export type GroupStateName = (typeof GROUP_STATES)[number];

export interface GroupState {
  readonly groupId: string;
  /** One or more looks, oldest first, at least 2 s apart. */
  readonly polls: readonly [GroupPoll, ...GroupPoll[]];
}

export interface GroupPoll {
  readonly atMs: number;
  /** `Dead` with `listed` false is an absent group. */
  readonly state: GroupStateName;
  readonly listed: boolean | null;
  readonly members: readonly GroupMember[];
  /** One entry per partition of each topic of the group that exists. */
  readonly partitions: readonly PolledPartition[];
}

export interface GroupMember {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  /** Null while rebalancing: no assignment yet. */
  readonly assignment: readonly { readonly topic: string; readonly partition: number }[] | null;
}

export interface PolledPartition {
  readonly topic: string;
  readonly partition: number;
  /** Stored number as it is: null for "no committed offset" (-1), a negative number below -1 where a reset stored a code. */
  readonly committed: bigint | null;
  readonly bounds: LogBounds | null;
}

export interface RecordSeen {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  /** False: the value does not parse as JSON, which kills a worker's consumer. */
  readonly isJson: boolean;
  readonly eventType: string | null;
  readonly eventId: string | null;
  readonly correlationId: string | null;
  readonly source: string | null;
  /** Ids named in the value, as far as present. */
  readonly paymentId: string | null;
  readonly purchaseId: string | null;
  readonly allocationId: string | null;
  readonly studentId: string | null;
  readonly courseId: string | null;
  readonly startDate: string | null;
  /** Header `kc-doctor-run` where we produced it. */
  readonly doctorRun: string | null;
}

/** A search for the records of one key (or value id) in one topic. Absence counts only if `complete`. */
export interface KeyScan {
  readonly topic: string;
  readonly key: string;
  readonly partitionCount: number;
  readonly predictedPartition: number;
  /** Ranges that were read to the high watermark at scan start. */
  readonly ranges: readonly {
    readonly partition: number;
    readonly from: bigint;
    readonly to: bigint;
    readonly complete: boolean;
  }[];
  /** Every range complete and every partition read. */
  readonly allPartitions: boolean;
  /** The log of the predicted partition still holds the time from which the record may date. */
  readonly logReachesBack: boolean;
  readonly hits: readonly RecordSeen[];
}

export interface Records {
  /** By payment id, then topic: the records under any id of the payment. Payments that were no target have no entry. */
  readonly byPayment: Readonly<Record<string, Readonly<Record<string, Observed<KeyScan>>>>>;
  /** By `${group} ${topic} ${partition}`: the record at the committed offset (or, without commit, at the log start) where something is unread. */
  readonly heads: Readonly<Record<string, Observed<RecordSeen | null>>>;
  /** By the same key, where something is unread that makes rows: what a plan must know before anybody reads it. */
  readonly waiting?: Readonly<Record<string, Observed<RecordsWaiting>>>;
  /** Last keys of purchase-confirmed, for identity; at most 20 per partition. */
  readonly recentKeys: Observed<readonly string[]>;
}

/** Every record of [from, to): unread ones, or where nothing usable is committed the newest of the log. */
export interface RecordsWaiting {
  readonly from: bigint;
  readonly to: bigint;
  readonly records: readonly RecordSeen[];
}

export interface DeadLetter {
  readonly offset: bigint;
  readonly partition: number;
  readonly atMs: number;
  readonly key: string | null;
  readonly originalTopic: string;
  readonly originalPartition: number;
  readonly originalOffset: bigint;
  /** Masked and cut to 300 characters. */
  readonly failureReason: string;
  readonly attempts: number | null;
  readonly correlationId: string | null;
  readonly eventId: string | null;
}

export interface DeadLetterTail {
  readonly topicExists: boolean;
  readonly letters: readonly DeadLetter[];
  /** Whether every letter in the log was read. */
  readonly complete: boolean;
}

// --- Postgres

export interface DatabaseFacts {
  readonly systemId: string | null;
  readonly oid: number;
  readonly name: string;
  readonly user: string;
  readonly serverVersion: string;
  readonly inRecovery: boolean;
  /** Replay lag on a replica, null on a primary. */
  readonly replayLagMs: number | null;
  /** Our login could write the platform's tables. */
  readonly canWrite: boolean;
  readonly serverTimeMs: number;
}

export interface SchemaFacts {
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
  }[];
  readonly guards: readonly GuardIndex[];
}

export interface GuardIndex {
  readonly name: string;
  readonly table: string;
  readonly state: 'valid' | 'absent' | 'invalid' | 'different';
  readonly definition: string | null;
  /** Groups of rows that break it; null: not counted (the guard is valid, or no time). */
  readonly duplicates: number | null;
}

export interface PaymentsOfWindow {
  readonly windowStartMs: number;
  /** Succeeded payments confirmed in the window. */
  readonly succeeded: number;
  /** Of these, with sessions at the end of their chain by the bulk rule. */
  readonly arrived: number;
  readonly lastArrivedAtMs: number | null;
  /** Succeeded, before the window, and not arrived: counted, never dropped in silence. Null: not counted for want of time. */
  readonly olderMissing: number | null;
  /** Newest first. Cut at a limit: `unfinishedTotal` says how many there are. */
  readonly unfinished: readonly PaymentRow[];
  readonly unfinishedTotal: number;
  /** Payments asked for by name (trace), whether or not they are finished. */
  readonly asked: readonly PaymentRow[];
  /** Of the payments that waiting records name, those that are neither unfinished nor asked for. Present: all of them were looked for. */
  readonly beside?: readonly PaymentRow[];
  /** Oldest part of the window that was really read; equals windowStartMs when all was. */
  readonly coveredFromMs: number;
}

export interface PaymentRow {
  readonly paymentId: PaymentId;
  readonly studentId: StudentId;
  readonly status: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly confirmedAtMs: number | null;
  readonly createdAtMs: number;
  /** Null: metadata names no course (JSON strings are parsed). */
  readonly courseId: CourseId | null;
  readonly sessionCount: number | null;
  readonly purchaseTier: number | null;
  readonly startDate: string | null;
  /** The metadata as JSON text, an object: what an event is rebuilt from. */
  readonly metadata?: string;
  /** An earlier succeeded payment of the same pair that is itself unfinished, or null. */
  readonly earlierUnfinishedOfPair: PaymentId | null;
}

export interface PurchaseRow {
  readonly purchaseId: PurchaseId;
  readonly studentId: StudentId;
  readonly courseId: CourseId;
  readonly isActive: boolean;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  /** metadata.paymentId or payment_id, where it is there (A8). */
  readonly paymentId: PaymentId | null;
}

export interface AllocationRow {
  readonly allocationId: AllocationId;
  readonly studentId: StudentId;
  readonly courseId: CourseId | null;
  readonly trainerId: string | null;
  readonly status: string;
  readonly requestedAtMs: number | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface SessionCount {
  readonly allocationId: AllocationId;
  readonly total: number;
  readonly future: number;
  readonly firstCreatedAtMs: number | null;
  /** Whether the newest row names a course: the newest generation leaves it null. Null without rows. */
  readonly courseIdSet: boolean | null;
}

export interface MarkRow {
  readonly eventId: string;
  readonly eventType: string;
  readonly correlationId: string;
  readonly source: string;
  readonly processedAtMs: number;
}

export interface DatabaseAnomalies {
  /** Allocations of the window that are approved or active and have no session at all. */
  readonly liveAllocationsWithoutSessions: readonly AllocationRow[];
  readonly pairsWithTwoLiveAllocations: number;
  readonly pairsWithTwoPendingAllocations: number;
  readonly pendingWithoutTrainer: readonly AllocationRow[];
}

// --- admin-service, clocks

export interface AdminProbe {
  /** Masked base address as it was tried. */
  readonly address: string;
  readonly status: number;
  readonly tookMs: number;
}

export interface ClockSamples {
  /** Database clock minus host clock, corrected by half the round trip; null: no database. */
  readonly databaseAheadMs: number | null;
  /** How far the newest record seen is ahead of the host's clock; 0 or less: not ahead. Null: no record seen. */
  readonly newestRecordAheadMs: number | null;
}

// --- runs of kc-doctor (design.md 5)

export interface RunSeen {
  readonly run: string;
  readonly operator: string;
  /** "start-worker@purchase for 3 payments", of its first plan. */
  readonly title: string;
  /** Times by the clock of the operator's machine. */
  readonly startedAtMs: number;
  readonly lastAtMs: number;
  /** Null: it is still going on, or its process died. */
  readonly end: { readonly kind: RunEnd; readonly atMs: number } | null;
  readonly stopped: readonly StoppedContainer[];
  readonly lock: (typeof RUN_LOCKS)[number];
}

/** Of the repair lock: held by this run, by somebody else, by nobody; or it could not be seen. */
export const RUN_LOCKS = ['held', 'held-by-other', 'free', 'unseen'] as const;

/** A container that ran before a run, which stopped it and did not start it again. */
export interface StoppedContainer {
  readonly containerId: string;
  readonly name: string;
  readonly service: string;
  readonly atMs: number;
  /** False: the stop was sent, or about to be, and what came of it is not in the journal. */
  readonly isCertain: boolean;
}
