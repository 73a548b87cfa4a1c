/** One action each: doing it, and reading whether it was done. A claim is never believed without the reading. */
import { DependencyError, RefusedError } from '../errors.ts';
import type { ContainerState, GroupPoll } from '../platform/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { ContainerRuntimeOperator } from '../ports/container-runtime.ts';
import type { KafkaClusterOperator, RecordToProduce, WriteOutcome } from '../ports/kafka-cluster.ts';
import type { Action, OffsetMove, PlannedRecord } from './plan.ts';
import type { StepData } from './runs.ts';
import { deathOf } from './verify.ts';

/** What an action works with. */
export interface Hands {
  readonly runtime: ContainerRuntimeOperator;
  readonly kafka: KafkaClusterOperator;
  readonly clock: Clock;
  readonly run: string;
  /** Ends a wait: the first Ctrl-C and the second. */
  readonly waiting: AbortSignal;
  /** Ends a read or a write that was begun: the second Ctrl-C alone. */
  readonly leaving: AbortSignal;
  /** Restart counts of the containers that this run started, by id. */
  readonly restarts: Map<string, number>;
  /** Offsets of the newest records that this run sent, by `topic partition`. */
  readonly produced: Map<string, bigint>;
  readonly waitingFor: (what: string) => void;
}

export interface Settled {
  readonly outcome: WriteOutcome;
  readonly data: StepData;
  /** It was refused because something is not as planned, and nothing was changed by it. */
  readonly isStale?: boolean;
}

const POLL_EVERY_MS = 500;
const CALL_WITHIN_MS = 10_000;
const START_WITHIN_MS = 30_000;
/** Beside the grace, for the daemon to answer. */
const STOP_SLACK_MS = 15_000;
/** A request whose answer was lost may still be carried out: reading decides only when a broker had time for what it received. */
const SETTLE_WITHIN_MS = 10_000;

/** Reads that wait; they change nothing and are simply done again after an interruption. */
export function isWait(action: Action): boolean {
  return action.kind.startsWith('wait-') || action.kind === 'instruct';
}

/**
 * Does it once. Throws only where nothing was changed; `unknown` where that cannot be told. What it says is a claim: `settle`
 * reads what is true.
 */
export async function act(action: Action, hands: Hands): Promise<WriteOutcome> {
  switch (action.kind) {
    case 'stop-container': {
      const withinMs = action.graceSeconds * 1000 + STOP_SLACK_MS;
      const signal = AbortSignal.any([hands.waiting, AbortSignal.timeout(withinMs)]);
      return claimOf(() => hands.runtime.stop(action.containerId, action.graceSeconds, signal));
    }
    case 'start-container':
      return claimOf(() => hands.runtime.start(action.containerId, within(hands, START_WITHIN_MS)));
    case 'create-topic': {
      const { topic: name, partitions, replicationFactor } = action;
      return hands.kafka.createTopic({ name, partitions, replicationFactor }, within(hands, START_WITHIN_MS));
    }
    case 'commit-offsets': {
      const commits = action.moves.map(({ topic, partition, to }) => ({ topic, partition, offset: to }));
      return hands.kafka.commitOffsets(action.group, commits, within(hands, CALL_WITHIN_MS));
    }
    case 'produce-record': {
      const record = await toProduce(action.record, hands);
      const { outcome } = await hands.kafka.produce(record, within(hands, CALL_WITHIN_MS));
      return outcome;
    }
    case 'wait-group-empty':
    case 'wait-member':
    case 'wait-drain':
    case 'instruct':
      return 'done';
    default:
      return action satisfies never;
  }
}

/** A daemon's failure says nothing about what it did: both verbs are idempotent, and reading tells. */
async function claimOf(work: () => Promise<void>): Promise<WriteOutcome> {
  try {
    await work();
    return 'done';
  } catch (error) {
    if (error instanceof DependencyError || isAbort(error)) return 'unknown';
    throw error;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

/**
 * Reads whether it was done. `beganMs`: when it was sent. Where the answer is known, the reading must agree at once; where it was
 * lost, an effect that is not there is looked for until a broker or daemon has had its time.
 */
export async function settle(
  action: Action,
  hands: Hands,
  question: { readonly claim: WriteOutcome; readonly beganMs: number },
): Promise<Settled> {
  const { claim } = question;
  const deadlineMs = question.beganMs + settleWithinMs(action);
  for (;;) {
    const read = believed(await tried(() => readBack(action, hands, claim)), claim);
    const isFinal = read.outcome === 'done' || claim === 'not-done';
    if (isFinal || hands.clock.nowMs() >= deadlineMs) return read;
    await hands.clock.sleep(POLL_EVERY_MS, hands.leaving);
  }
}

/**
 * What was sent and is not there as it was sent is no refusal that changed nothing: it may have been done and undone again by
 * somebody else.
 */
function believed(read: Settled, claim: WriteOutcome): Settled {
  if (claim === 'not-done' || read.isStale !== true) return read;
  return { outcome: 'unknown', data: read.data };
}

function settleWithinMs(action: Action): number {
  return action.kind === 'stop-container' ? action.graceSeconds * 1000 + STOP_SLACK_MS : SETTLE_WITHIN_MS;
}

/** What cannot be read stays unknown. */
async function tried(read: () => Promise<Settled>): Promise<Settled> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DependencyError)
      return { outcome: 'unknown', data: { text: `could not be read back: ${error.message}` } };
    throw error;
  }
}

async function readBack(action: Action, hands: Hands, claim: WriteOutcome): Promise<Settled> {
  switch (action.kind) {
    case 'stop-container': {
      const found = await containerOf(hands, action.containerId);
      if (found === undefined) return notDone(`${action.name} is gone`);
      const { status, exitCode } = found;
      return isStopped(found)
        ? done(`${action.name} is ${status}${exitCode === null ? '' : ` (exit code ${exitCode})`}`)
        : notDone(`${action.name} is ${status}`);
    }
    case 'start-container': {
      const found = await containerOf(hands, action.containerId);
      if (found === undefined) return notDone(`${action.name} is gone`);
      if (found.status !== 'running' && found.status !== 'restarting')
        return notDone(`${action.name} is ${found.status}`);
      hands.restarts.set(action.containerId, found.restartCount);
      return {
        outcome: 'done',
        data: { text: `${action.name} is ${found.status}`, restartCount: found.restartCount },
      };
    }
    case 'create-topic':
      return readTopic(action, hands, claim);
    case 'commit-offsets':
      return readCommits(action.group, action.moves, hands);
    case 'produce-record':
      return readRecord(action.record, hands);
    case 'wait-group-empty':
      return waitFor(hands, action.withinMs, `${action.group} to be without members`, async () => {
        const { state, members } = await pollOf(hands, action.group, []);
        const isEmpty = (state === 'Empty' || state === 'Dead') && members.length === 0;
        return { isThere: isEmpty, text: `${action.group} is ${state}, members: ${members.length}` };
      });
    case 'wait-member':
      return waitFor(hands, action.withinMs, `a member of ${action.group}`, async () => {
        const { state, members } = await pollOf(hands, action.group, []);
        return {
          isThere: state === 'Stable' && members.length > 0,
          text: `${action.group} is ${state}, members: ${members.length}`,
        };
      });
    case 'wait-drain': {
      const topics = [...new Set(action.positions.map(({ topic }) => topic))];
      const look = async () => {
        const poll = await pollOf(hands, action.group, action.positions);
        const behind = action.positions
          .map((position) => ({ ...position, offset: reached(position, hands) }))
          .filter(({ topic, partition, offset }) => {
            const committed = committedIn(poll, topic, partition);
            return committed === null || committed <= offset;
          });
        const [first] = behind;
        return {
          isThere: first === undefined,
          text:
            first === undefined
              ? `${action.group} has read what waited`
              : `${action.group} has not read ${first.topic}[${first.partition}] ${first.offset}`,
        };
      };
      return waitFor(hands, action.withinMs, `${action.group} to read on`, look, topics);
    }
    case 'instruct':
      return done(action.text);
    default:
      return action satisfies never;
  }
}

/**
 * Polls until it is there; ends early when a container that this run started has died or a topic that it rests on was deleted, for
 * then it will not come.
 */
async function waitFor(
  hands: Hands,
  withinMs: number,
  what: string,
  look: () => Promise<{ readonly isThere: boolean; readonly text: string }>,
  topics: readonly string[] = [],
): Promise<Settled> {
  hands.waitingFor(what);
  const endsAtMs = hands.clock.monotonicMs() + withinMs;
  for (;;) {
    const { isThere, text } = await look();
    if (isThere) return done(text);
    const dead = (await firstDeath(hands)) ?? (await firstGone(hands, topics));
    if (dead !== null) return notDone(`${text}: ${dead}`);
    if (hands.clock.monotonicMs() >= endsAtMs)
      return notDone(`${text} after ${Math.round(withinMs / 1000)} s`);
    await hands.clock.sleep(POLL_EVERY_MS, hands.waiting);
  }
}

async function firstGone({ kafka, ...hands }: Hands, topics: readonly string[]): Promise<string | null> {
  for (const topic of topics) {
    const found = await kafka.topic(topic, within(hands, CALL_WITHIN_MS));
    if (found.kind === 'absent') return `topic ${topic} is gone`;
  }
  return null;
}

async function firstDeath(hands: Hands): Promise<string | null> {
  if (hands.restarts.size === 0) return null;
  const containers = await hands.runtime.containers(within(hands, CALL_WITHIN_MS));
  for (const [id, restartCount] of hands.restarts) {
    const text = deathOf(
      containers.find((one) => one.id === id),
      restartCount,
    );
    if (text !== null) return text;
  }
  return null;
}

async function readTopic(
  action: Extract<Action, { readonly kind: 'create-topic' }>,
  hands: Hands,
  claim: WriteOutcome,
): Promise<Settled> {
  const found = await hands.kafka.topic(action.topic, within(hands, CALL_WITHIN_MS));
  if (found.kind === 'absent') return notDone(`${action.topic} does not exist`);
  // It was there when the broker was asked: somebody else made it meanwhile.
  if (claim === 'not-done') return stale(`${action.topic} exists already`);
  if (found.partitions.length !== action.partitions) {
    return stale(
      `${action.topic} has ${found.partitions.length} partitions, ${action.partitions} were planned`,
    );
  }
  const leaderless = found.partitions.filter(({ leader }) => leader === null);
  return leaderless.length === 0
    ? done(`${action.topic} has ${action.partitions} partitions, all led`)
    : notDone(`${action.topic}[${leaderless.map(({ partition }) => partition).join(', ')}] has no leader`);
}

async function readCommits(group: string, moves: readonly OffsetMove[], hands: Hands): Promise<Settled> {
  const poll = await pollOf(hands, group, moves);
  const readings = moves.map((move) => ({ ...move, now: committedIn(poll, move.topic, move.partition) }));
  const text = readings
    .map(({ topic, partition, now }) => `${topic}[${partition}] ${now ?? 'none'}`)
    .join(', ');
  if (readings.every(({ now, to }) => now === to)) return done(`${group}: ${text}`);
  if (readings.every(({ now, from }) => now === from)) return notDone(`${group}: ${text}`);
  return stale(`${group} was committed to by somebody else: ${text}`);
}

async function readRecord(record: PlannedRecord, hands: Hands): Promise<Settled> {
  const { topic, partition, key, notBefore } = record;
  const signal = within(hands, CALL_WITHIN_MS);
  const found = await hands.kafka.topic(topic, signal);
  if (found.kind === 'absent') return stale(`topic ${topic} is gone`);
  const { end } = await hands.kafka.bounds(topic, partition, signal);
  for (let offset = notBefore; offset < end; ) {
    const seen = await hands.kafka.recordAt(topic, partition, offset, signal);
    if (seen === null) break;
    if (seen.doctorRun === hands.run && seen.key === keyText(key))
      return {
        outcome: 'done',
        data: { text: `found at ${topic}[${partition}] ${seen.offset}`, offset: seen.offset },
      };
    offset = seen.offset + 1n;
  }
  return notDone(`not found in ${topic}[${partition}] from ${notBefore} to ${end}`);
}

/** What this run sent lies at the planned position or beyond it. */
function reached(
  {
    topic,
    partition,
    offset,
  }: { readonly topic: string; readonly partition: number; readonly offset: bigint },
  { produced }: Hands,
): bigint {
  const own = produced.get(`${topic} ${partition}`) ?? offset;
  return own > offset ? own : offset;
}

const RUN_HEADER = 'kc-doctor-run';

/** The original's bytes, read now, or the rebuilt event as it was planned; with the header that names the run. */
async function toProduce(planned: PlannedRecord, hands: Hands): Promise<RecordToProduce> {
  const { topic, partition } = planned;
  const found = planned.copyOf === null ? rebuilt(planned) : await original(planned, planned.copyOf, hands);
  const run = { name: RUN_HEADER, value: new TextEncoder().encode(hands.run) };
  const headers = [...found.headers.filter(({ name }) => name !== RUN_HEADER), run];
  return { topic, partition, key: fromBase64(planned.key), value: found.value, headers };
}

type Content = Pick<RecordToProduce, 'value' | 'headers'>;

function rebuilt({ value, headers }: PlannedRecord): Content {
  return {
    value: fromBase64(value),
    headers: headers.map((one) => ({ name: one.name, value: fromBase64(one.value) ?? new Uint8Array() })),
  };
}

async function original(
  { eventId, eventType }: PlannedRecord,
  place: NonNullable<PlannedRecord['copyOf']>,
  hands: Hands,
): Promise<Content> {
  const { topic, partition, offset } = place;
  const where = `${topic}[${partition}] ${offset}`;
  const seen = await hands.kafka.recordAt(topic, partition, offset, within(hands, CALL_WITHIN_MS));
  const copy = await hands.kafka.copyOf(place, within(hands, CALL_WITHIN_MS));
  if (seen?.offset !== offset || copy === null) throw goneError(`the record at ${where} is no longer there`);
  if (seen.eventId !== eventId || seen.eventType !== eventType)
    throw goneError(`the record at ${where} is another event than planned`);
  return copy;
}

/** Nothing was sent: the executor turns it into a step that was not done. */
function goneError(text: string): RefusedError {
  return new RefusedError('KC_ORIGINAL_GONE', text, 'look again: kc-doctor fix');
}

function fromBase64(text: string | null): Uint8Array | null {
  return text === null ? null : Uint8Array.from(Buffer.from(text, 'base64'));
}

function keyText(base64: string | null): string | null {
  return base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8');
}

export async function containerOf(hands: Hands, id: string): Promise<ContainerState | undefined> {
  const containers = await hands.runtime.containers(within(hands, CALL_WITHIN_MS));
  return containers.find((one) => one.id === id);
}

export function isStopped({ status }: ContainerState): boolean {
  return status === 'exited' || status === 'created' || status === 'dead';
}

export async function pollOf(
  hands: Hands,
  group: string,
  places: readonly { readonly topic: string; readonly partition: number }[],
): Promise<GroupPoll> {
  const topics = [...new Set(places.map(({ topic }) => topic))].map((topic) => ({
    topic,
    partitions: places.filter((place) => place.topic === topic).map(({ partition }) => partition),
  }));
  return hands.kafka.pollGroup({ groupId: group, topics }, within(hands, CALL_WITHIN_MS));
}

export function committedIn(poll: GroupPoll, topic: string, partition: number): bigint | null {
  const found = poll.partitions.find((one) => one.topic === topic && one.partition === partition);
  if (found === undefined)
    throw new RefusedError('KC_UNREAD_OFFSET', `${topic}[${partition}] was not read`, 'run again');
  return found.committed;
}

export function within(hands: Pick<Hands, 'leaving'>, ms: number): AbortSignal {
  return AbortSignal.any([hands.leaving, AbortSignal.timeout(ms)]);
}

function done(text: string): Settled {
  return { outcome: 'done', data: { text } };
}

function notDone(text: string): Settled {
  return { outcome: 'not-done', data: { text } };
}

function stale(text: string): Settled {
  return { outcome: 'not-done', data: { text }, isStale: true };
}
