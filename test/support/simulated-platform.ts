import { randomUUID } from 'node:crypto';
import { rankCohorts } from '../../src/causes/rank.ts';
import { budget } from '../../src/observe/deadline.ts';
import { observe } from '../../src/observe/observe.ts';
import { partitionOf } from '../../src/platform/events.ts';
import type { PaymentId } from '../../src/platform/ids.ts';
import { PIPELINE, type StageDefinition, stageDefinition } from '../../src/platform/pipeline.ts';
import { DEFAULT_THRESHOLDS, type Settings } from '../../src/platform/settings.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import type { RunJournal } from '../../src/ports/run-ledger.ts';
import type { Examined } from '../../src/repair/verify.ts';
import { cohorts } from '../../src/trace/cohorts.ts';
import { tracePayment } from '../../src/trace/trace-payment.ts';
import {
  allocationRecord,
  type PaymentRecord,
  paymentRecord,
  purchaseRecord,
  sessionRecords,
} from './platform-rows.ts';
import { ScriptedClock } from './scripted-clock.ts';
import { SimulatedAdminService } from './simulated-admin-service.ts';
import { SimulatedContainerRuntime } from './simulated-container-runtime.ts';
import { SimulatedKafkaCluster } from './simulated-kafka-cluster.ts';
import { SimulatedPurchaseDatabase } from './simulated-purchase-database.ts';
import { SimulatedLedgerDatabase } from './simulated-run-ledger.ts';
import { SETTINGS } from './states.ts';

/** From a start to "Consumer has joined the group" (platform.md [M]). */
const JOIN_MS = 3_400;
const TICK_MS = 100;
/** A worker whose topic is missing dies 0.4 s after its start, and Docker starts it again. */
const DEATH_MS = 400;
const RESTART_MS = 2_000;
const BROKER = '10.0.0.9:9092';

const TOPICS = [
  'purchase-confirmed',
  'purchase-created',
  'trainer-allocated',
  'sessions-generated',
  'course-access-granted',
  'notification-requested',
  'dead-letter-queue',
];

/** All graces divided by ten, as in the lab. */
const THRESHOLDS = {
  ...DEFAULT_THRESHOLDS,
  recordSentGraceMs: 1_500,
  recordReadGraceMs: 4_500,
  purchaseRowGraceMs: 6_000,
  allocationRowGraceMs: 12_000,
  sessionsGraceMs: 6_000,
  cacheGraceMs: 6_000,
  logSilenceMs: 12_000,
  restartLoopWindowMs: 60_000,
};

const SIMULATED_SETTINGS: Settings = { ...SETTINGS, thresholds: THRESHOLDS };

interface Worker {
  readonly definition: StageDefinition;
  readonly container: string;
  readonly id: string;
  /** Positions by `topic partition`; null while it has not joined. */
  positions: Map<string, bigint> | null;
  /** Grows with each start, so that what an earlier life planned does nothing. */
  life: number;
  /** Dies at each start from now on. */
  diesAtStart: boolean;
}

type Value = Readonly<Record<string, unknown>>;

/**
 * The platform in memory: the simulated runtime, cluster, database and ledger, and workers that join, read, make rows and announce
 * as platform.md says. Time is scripted: it passes only where somebody sleeps.
 */
export class SimulatedPlatform {
  readonly clock = new ScriptedClock();
  readonly kafka = new SimulatedKafkaCluster(this.clock);
  readonly runtime = new SimulatedContainerRuntime(this.clock);
  readonly ledger = new SimulatedLedgerDatabase({ clock: this.clock });
  readonly database = new SimulatedPurchaseDatabase({
    nowMs: () => this.clock.nowMs(),
    ledger: this.ledger,
  });
  readonly fileEntries = new SimulatedLedgerDatabase({ clock: this.clock });
  readonly #workers = new Map<string, Worker>();
  readonly #swallowed = new Set<string>();

  private constructor() {
    for (const topic of TOPICS) this.kafka.createTopic(topic);
    for (const definition of PIPELINE) {
      this.#workers.set(definition.worker, this.#deploy(definition));
    }
    for (const service of ['kafka', 'payment-service', 'admin-service', 'course-service', 'api-gateway']) {
      this.runtime.startContainer(this.runtime.add(this.#container(service)));
    }
  }

  /** Warm: every partition of every group has a commit, and one payment has arrived. */
  static async open({ warm = true } = {}): Promise<SimulatedPlatform> {
    const platform = new SimulatedPlatform();
    if (warm) {
      for (const { group, topics } of PIPELINE) {
        for (const topic of topics) platform.kafka.commit(group, topic, { 0: 0n, 1: 0n, 2: 0n });
      }
    }
    for (const worker of platform.#workers.keys()) platform.start(worker);
    platform.pass(5_000);
    for (const partition of [0, 1, 2]) platform.pay({ partition });
    platform.pass(20_000);
    return platform;
  }

  // --- what happens to it

  pass(ms: number): void {
    this.clock.advance(ms);
  }

  /** A payment that succeeded; payment-service marks it, then announces it. */
  pay(options: { readonly partition?: number; readonly isSent?: boolean } = {}): PaymentRecord {
    const { partition, isSent = true } = options;
    const payment = paymentRecord(this.clock.nowMs(), {
      id: idIn(partition),
      metadata: { courseId: randomUUID(), sessionCount: 10, startDate: '2026-02-02', timeSlot: '4:00 PM' },
    });
    this.#rows({ payments: [payment] });
    const eventId = randomUUID();
    this.#mark(eventId, 'PURCHASE_CONFIRMED', payment.id, 'payment-service');
    const metadata = payment.metadata as Value;
    const payload = {
      paymentId: payment.id,
      studentId: payment.studentId,
      courseId: metadata['courseId'],
      amountCents: payment.amountCents,
      metadata,
    };
    if (isSent) this.#send('purchase-confirmed', 'PURCHASE_CONFIRMED', payment.id, eventId, payload);
    return payment;
  }

  start(worker: string): void {
    this.runtime.startContainer(this.#worker(worker).container);
  }

  stop(worker: string): void {
    this.runtime.stopContainer(this.#worker(worker).container);
  }

  /** It exits again right after each start. */
  breakWorker(worker: string): void {
    this.#worker(worker).diesAtStart = true;
  }

  /** Nothing in the containers says any more which Kafka and which database they use. */
  hideLinks(): void {
    for (const { container } of this.#workers.values())
      this.runtime.change(container, { brokerList: null, database: null });
  }

  /** Its handler ends without an error and without an effect. */
  swallow(payment: string): void {
    this.#swallowed.add(payment);
  }

  /** As the retry queue does over HTTP: a purchase, and no event. */
  makePurchase(payment: PaymentRecord): void {
    const courseId = String((payment.metadata as Value)['courseId']);
    this.#rows({
      purchases: [purchaseRecord({ studentId: payment.studentId, courseId }, this.clock.nowMs())],
    });
  }

  containerId(worker: string): string {
    return this.#worker(worker).id;
  }

  containerName(worker: string): string {
    return this.#worker(worker).container;
  }

  deleteTopic(topic: string): void {
    this.kafka.deleteTopic(topic);
  }

  // --- what it came to

  /** Purchases, live allocations and sessions of a payment's pair. */
  delivered(payment: PaymentRecord): readonly [number, number, number] {
    const { purchases, allocations, sessions } = this.database.rows;
    const course = (payment.metadata as Value)['courseId'];
    const ofPair = (row: { readonly studentId: string; readonly courseId: string | null }) =>
      row.studentId === payment.studentId && row.courseId === course;
    const live = allocations.filter((row) => ofPair(row) && row.status === 'approved');
    return [
      purchases.filter(ofPair).length,
      live.length,
      sessions.filter((row) => live.some(({ id }) => id === row.allocationId)).length,
    ];
  }

  /** Everything that repairing one payment must leave as it is. */
  rowsWithout(payment: PaymentRecord): unknown {
    const { purchases, allocations, marks } = this.database.rows;
    const isOther = (row: { readonly studentId: string }) => row.studentId !== payment.studentId;
    return {
      purchases: purchases.filter(isOther),
      allocations: allocations.filter(isOther),
      marks: marks.filter(({ correlationId }) => correlationId !== payment.id).length,
    };
  }

  /** What the servers count: logs, groups, commits, rows, journal. Containers restart by themselves. */
  counters(): unknown {
    return [this.kafka.fingerprint(), this.database.rows, this.ledger.entries(), this.fileEntries.entries()];
  }

  /** Workers whose container is up, or comes up again by itself. */
  running(): readonly string[] {
    return [...this.#workers.values()]
      .filter(({ container }) => ['running', 'restarting'].includes(this.runtime.state(container).status))
      .map(({ definition }) => definition.worker);
  }

  // --- looking at it

  async observe(asked: readonly PaymentId[], how: 'whole' | 'quick' = 'whole'): Promise<Examined> {
    const state = await this.look(asked, how);
    const known = state.payments.kind === 'seen' ? state.payments.value : { asked: [], unfinished: [] };
    const ids = [...new Set([...known.asked, ...known.unfinished].map(({ paymentId }) => paymentId))];
    const traces = ids.map((id) => tracePayment(state, id));
    return { state, traces, ...rankCohorts(state, cohorts(state, traces)) };
  }

  async look(asked: readonly PaymentId[], how: 'whole' | 'quick' = 'whole'): Promise<PlatformState> {
    const limits = budget(how === 'quick' ? 6_000 : 15_000);
    return observe(
      {
        clock: this.clock,
        observer: () => undefined,
        signal: new AbortController().signal,
        endsAtMs: this.clock.monotonicMs() + limits.totalMs,
      },
      {
        runtime: this.runtime.runtime(),
        wantedProject: null,
        connect: async () => ({
          settings: SIMULATED_SETTINGS,
          kafka: { ...this.kafka.reader(), address: BROKER },
          database: this.database,
          admin: new SimulatedAdminService(),
        }),
        asked,
        budget: limits,
      },
    );
  }

  journalFile(): RunJournal {
    return this.fileEntries.open();
  }

  // --- workers

  #deploy(definition: StageDefinition): Worker {
    const container = `kodingcaravan-${definition.worker}`;
    const worker: Worker = {
      definition,
      container,
      id: this.runtime.add({
        ...this.#container(definition.worker),
        onStart: () => this.#live(worker),
        onStop: () => this.#leave(worker),
      }),
      positions: null,
      life: 0,
      diesAtStart: false,
    };
    return worker;
  }

  #container(service: string) {
    return {
      name: `kodingcaravan-${service}`,
      service,
      project: 'kodingcaravan',
      brokerList: service === 'kafka' ? null : BROKER,
      database: { host: 'db.example', port: 5432, name: 'kc' },
      composeFile: '/srv/kodingcaravan/docker-compose.yml',
    };
  }

  #worker(name: string): Worker {
    const found = this.#workers.get(name);
    if (found === undefined) throw new Error(`no worker ${name}`);
    return found;
  }

  #log(worker: Worker, message: string, fields: Value = {}): void {
    this.runtime.log(
      worker.container,
      JSON.stringify({ level: 'info', message, service: worker.definition.worker, ...fields }),
    );
  }

  #live(worker: Worker): void {
    worker.life += 1;
    const { life } = worker;
    const inThisLife = (ms: number, apply: () => void) =>
      this.clock.in(ms, () => {
        if (worker.life === life && this.runtime.state(worker.container).status === 'running') apply();
      });
    this.#log(worker, `Starting ${worker.definition.worker.replace('-', ' ')}`);
    const isMissing = worker.definition.topics.some((topic) => !this.kafka.hasTopic(topic));
    if (worker.diesAtStart || isMissing) {
      inThisLife(DEATH_MS, () => {
        this.#log(worker, 'Fatal error: This server does not host this topic-partition');
        this.runtime.exit(worker.container, 1);
        this.runtime.change(worker.container, { status: 'restarting' });
        this.clock.in(RESTART_MS, () => {
          // A container that somebody stopped meanwhile is not restarted (unless-stopped).
          if (worker.life === life && this.runtime.state(worker.container).status === 'restarting')
            this.runtime.restartByPolicy(worker.container);
        });
      });
      return;
    }
    const tick = () => {
      this.#read(worker);
      inThisLife(TICK_MS, tick);
    };
    inThisLife(JOIN_MS, () => {
      this.#join(worker);
      tick();
    });
  }

  #join(worker: Worker): void {
    const { group, topics, worker: clientId } = worker.definition;
    const assignment = topics.flatMap((topic) => [0, 1, 2].map((partition) => ({ topic, partition })));
    this.kafka.join(group, { memberId: worker.id, clientId, clientHost: '/172.18.0.5', assignment });
    worker.positions = new Map(
      assignment.map(({ topic, partition }) => {
        const stored = this.kafka.committedOf(group, topic, partition);
        // fromBeginning false: without a usable commit it starts at the end.
        const at = stored === null || stored < 0n ? this.kafka.endOf(topic, partition) : stored;
        return [`${topic} ${partition}`, at];
      }),
    );
    this.runtime.log(
      worker.container,
      JSON.stringify({
        level: 'INFO',
        logger: 'kafkajs',
        message: '[ConsumerGroup] Consumer has joined the group',
        groupId: group,
      }),
    );
  }

  #leave(worker: Worker): void {
    worker.life += 1;
    worker.positions = null;
    this.kafka.leave(worker.definition.group, worker.id);
  }

  #read(worker: Worker): void {
    for (const [place, position] of worker.positions ?? []) {
      const [topic = '', number] = place.split(' ');
      const partition = Number(number);
      if (!this.kafka.hasTopic(topic)) continue;
      const found = this.kafka.recordsOf(topic, partition).find(({ offset }) => offset >= position);
      if (found === undefined) continue;
      const event = JSON.parse(found.value ?? 'null') as Value & { readonly _metadata: Value };
      const type = found.headers['eventType'] ?? '';
      const correlationId = found.headers['correlationId'] ?? '';
      this.#log(worker, `Received ${type} event from Kafka`, {
        correlationId,
        eventId: found.headers['eventId'],
        topic,
        partition,
        offset: String(found.offset),
      });
      if (!this.#handle(worker, type, correlationId, event)) continue;
      worker.positions?.set(place, found.offset + 1n);
      this.kafka.commit(worker.definition.group, topic, { [partition]: found.offset + 1n });
    }
  }

  /** False: it failed and is delivered again. */
  #handle(worker: Worker, type: string, correlationId: string, event: Value): boolean {
    if (this.#swallowed.has(correlationId)) return true;
    switch (worker.definition.stage) {
      case 'purchase':
        return this.#makePurchase(worker, correlationId, event);
      case 'allocation':
        return this.#makeAllocation(worker, correlationId, event);
      case 'sessions':
        return this.#makeSessions(worker, type, correlationId, event);
      case 'cache':
      case 'notification':
        return true;
      default:
        return worker.definition.stage satisfies never;
    }
  }

  #makePurchase(worker: Worker, correlationId: string, event: Value): boolean {
    const pair = pairOf(event);
    const existing = this.database.rows.purchases.find((row) => isOf(row, pair) && row.isActive);
    const purchase = existing ?? purchaseRecord(pair, this.clock.nowMs(), { metadata: event['metadata'] });
    if (existing === undefined) {
      this.#log(worker, 'RECOVERY: Event marked as processed but purchase missing', { correlationId });
      this.#rows({ purchases: [purchase] });
      this.#log(worker, 'Purchase created successfully', { correlationId });
    }
    // Found again at the next delivery, and announced then.
    if (!this.kafka.hasTopic('purchase-created')) return false;
    const payload = { purchaseId: purchase.id, purchaseTier: 10, ...pair, metadata: event['metadata'] };
    this.#send('purchase-created', 'PURCHASE_CREATED', correlationId, purchase.id, payload);
    this.#log(worker, 'PURCHASE_CREATED event emitted', { correlationId });
    return true;
  }

  #makeAllocation(worker: Worker, correlationId: string, event: Value): boolean {
    const pair = pairOf(event);
    const existing = this.database.rows.allocations.find(
      (row) => isOf(row, pair) && row.status === 'approved',
    );
    if (existing === undefined) {
      if (!this.kafka.hasTopic('trainer-allocated')) return false;
      const allocation = allocationRecord(pair, this.clock.nowMs());
      this.#rows({ allocations: [allocation] });
      this.#log(worker, 'Auto Assignment: created', { correlationId });
      this.#log(worker, 'Allocation verified in database', { correlationId });
      const payload = {
        ...pair,
        allocationId: allocation.id,
        trainerId: allocation.trainerId,
        sessionCount: 10,
        startDate: '2026-02-02',
        endDate: '2026-05-02',
      };
      this.#send('trainer-allocated', 'TRAINER_ALLOCATED', correlationId, allocation.id, payload);
      this.#log(worker, 'TRAINER_ALLOCATED event emitted', { correlationId });
    }
    this.#mark(
      String((event['_metadata'] as Value)['eventId']),
      'PURCHASE_CREATED',
      correlationId,
      'allocation-worker',
    );
    return true;
  }

  #makeSessions(worker: Worker, type: string, correlationId: string, event: Value): boolean {
    const { rows } = this.database;
    if (rows.marks.some((mark) => mark.correlationId === correlationId && mark.eventType === type)) {
      this.#log(worker, 'Event already processed, skipping', { correlationId });
      return true;
    }
    const allocationId = String(event['allocationId']);
    this.#rows({ sessions: sessionRecords(allocationId, this.clock.nowMs(), [1, 2, 3, 4, 5, 6, 7]) });
    this.#log(worker, 'Sessions created successfully', { correlationId });
    this.#mark(allocationId, type, correlationId, 'session-worker');
    const eventId = `sessions-generated-${allocationId}-${this.clock.nowMs()}`;
    this.#send('sessions-generated', 'SESSIONS_GENERATED', correlationId, eventId, { allocationId });
    return true;
  }

  // --- rows and records

  #rows(added: Partial<SimulatedPurchaseDatabase['rows']>): void {
    const { rows } = this.database;
    this.database.rows = {
      payments: [...rows.payments, ...(added.payments ?? [])],
      purchases: [...rows.purchases, ...(added.purchases ?? [])],
      allocations: [...rows.allocations, ...(added.allocations ?? [])],
      sessions: [...rows.sessions, ...(added.sessions ?? [])],
      marks: [...rows.marks, ...(added.marks ?? [])],
    };
  }

  #mark(eventId: string, eventType: string, correlationId: string, source: string): void {
    const isThere = this.database.rows.marks.some(
      (mark) => mark.correlationId === correlationId && mark.eventType === eventType,
    );
    if (isThere) return;
    this.#rows({
      marks: [{ eventId, eventType, correlationId, source, processedAtMs: this.clock.nowMs() }],
    });
  }

  #send(topic: string, eventType: string, key: string, eventId: string, payload: Value): void {
    const source = stageDefinition('purchase').worker;
    const metadata = { eventId, correlationId: key, timestamp: this.clock.nowMs(), source, version: '1.0' };
    this.kafka.append(topic, {
      key,
      value: JSON.stringify({ ...payload, timestamp: this.clock.nowMs(), _metadata: metadata }),
      headers: { eventId, correlationId: key, eventType, source, version: '1.0' },
    });
  }
}

interface PairOfRow {
  readonly studentId: string;
  readonly courseId: string;
}

function pairOf(event: Value): PairOfRow {
  return { studentId: String(event['studentId']), courseId: String(event['courseId']) };
}

function isOf(
  row: { readonly studentId: string; readonly courseId: string | null },
  pair: PairOfRow,
): boolean {
  return row.studentId === pair.studentId && row.courseId === pair.courseId;
}

function idIn(partition: number | undefined): string {
  for (;;) {
    const id = randomUUID();
    if (partition === undefined || partitionOf(id, 3) === partition) return id;
  }
}
