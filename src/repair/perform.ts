/** The steps of a phase, one after the other: precondition, lock, intent, act, reading, outcome. */
import { DependencyError, RefusedError } from '../errors.ts';
import { ROW_STAGES } from '../platform/effects.ts';
import type { WriteOutcome } from '../ports/kafka-cluster.ts';
import { act, containerOf, type Hands, isWait, pollOf, type Settled, settle } from './act.ts';
import { stepPlace } from './fail-point.ts';
import type { Action, Plan, Step } from './plan.ts';
import { drift, type WantsRecord } from './precondition.ts';
import type { StepData, StepRecord } from './runs.ts';
import { commandsLeft, type Phase, type RepairWorld, type Session } from './session.ts';
import type { Examined } from './verify.ts';
import { untilRows } from './watch.ts';

/** Records sent before a fresh look at the payments: one, ten, then every fifty (catalogue.md, replay-payment). */
const LOOK_AFTER: readonly number[] = [0, 1, 11];
const LOOK_EVERY_RECORDS = 50;
/** 20 records a second at most. */
const PRODUCE_EVERY_MS = 50;
/** A move and the start that follows it rest on one look; a run that is gone on with, or a second worker, looks again. */
const JUDGED_FOR_MS = 2_000;
/** SIGKILL: the grace ran out in the middle of a handler. */
const KILLED = 137;

export type PhaseEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly step: Step; readonly text: string; readonly isStale: boolean };

export async function runSteps(session: Session, phase: Phase): Promise<PhaseEnd> {
  const { world } = session;
  let sent = 0;
  let look: Examined | null = null;
  // Looked at anew for each batch; within one, 20 records go out in a second.
  const refuses: WantsRecord = async (step) => {
    if (look === null || LOOK_AFTER.includes(sent) || sent % LOOK_EVERY_RECORDS === 0)
      look = await world.observe(phase.plan.payments, 'quick');
    if (world.refusesRecord(look, step) === null) return null;
    // A quick look cannot tell what moves from what stands.
    look = await world.observe(phase.plan.payments, 'whole');
    return world.refusesRecord(look, step);
  };
  for (const step of phase.plan.steps) {
    if (phase.steps.get(step.number)?.status === 'done' && !isToRepeat(phase, step)) {
      if (step.action.kind === 'produce-record') sent += 1;
      continue;
    }
    const mustFinish = !phase.isUndo && isHalfMadeTopic(phase);
    if (world.interrupted.aborted && !phase.isUndo) {
      if (!mustFinish) return { kind: 'interrupted' };
      if (isWait(step.action)) continue;
    }
    try {
      if (step.action.kind === 'produce-record' && sent > 0)
        await world.clock.sleep(PRODUCE_EVERY_MS, session.hands.waiting);
      const settled = await perform(session, phase, step, refuses);
      if (step.action.kind === 'produce-record') sent += 1;
      if (settled.outcome !== 'done')
        return { kind: 'failed', step, text: settled.data.text, isStale: settled.isStale === true };
    } catch (error) {
      if (world.leaving.aborted || !world.interrupted.aborted || phase.isUndo) throw error;
      if (!isHalfMadeTopic(phase)) return { kind: 'interrupted' };
    }
  }
  return world.interrupted.aborted && !phase.isUndo ? { kind: 'interrupted' } : { kind: 'completed' };
}

/** A wait that an earlier process saw through is done again, unless what it waited for has been used. */
function isToRepeat({ plan, steps }: Phase, { action, number }: Step): boolean {
  return isWait(action) && !plan.steps.some((later) => later.number > number && isBegun(later, steps));
}

function isBegun({ action, number }: Step, steps: Phase['steps']): boolean {
  return !isWait(action) && steps.has(number);
}

/**
 * A topic that was made and whose readers have no offset on it yet: whoever starts them now makes them skip what is sent
 * meanwhile. The short rest of the phase is done, Ctrl-C or not.
 */
export function isHalfMadeTopic({ plan, steps }: Phase): boolean {
  const isDone = ({ number }: Step) => steps.get(number)?.status === 'done';
  const isMade = plan.steps.some((step) => step.action.kind === 'create-topic' && steps.has(step.number));
  return isMade && plan.steps.some((step) => step.action.kind === 'commit-offsets' && !isDone(step));
}

/** One step: precondition, lock, intent, act, reading, outcome. */
async function perform(session: Session, phase: Phase, step: Step, refuses: WantsRecord): Promise<Settled> {
  const { world, hands, lock, journal } = session;
  const at = (boundary: Parameters<typeof stepPlace>[2]) =>
    world.failPoint(stepPlace(phase, step.number, boundary));
  world.progress({ kind: 'step-started', step });
  await at('before-intent');
  const begun = phase.steps.get(step.number);
  if (begun !== undefined && !isWait(step.action)) {
    const settled = await settleOne(session, step, begun);
    // Known not to be done: it is done now, like a step that was never begun.
    if (settled.outcome !== 'not-done') return record(session, phase, step, settled);
  }
  const drifted =
    (await drift(asLeft(step, begun), hands, refuses, 'before-the-step')) ??
    (await overwritten(session, phase, step, 'before-the-start')) ??
    (await refusesReading(session, phase, step));
  if (drifted !== null) return record(session, phase, step, staleOutcome(drifted));
  if (!isWait(step.action)) {
    await lock.prove(world.leaving);
    await journal.append('step-intended', step.number, { text: step.title }, world.leaving);
    phase.steps.set(step.number, intended(session, step));
    world.leavesBehind(commandsLeft(session));
    await at('after-intent');
    if (step.action.kind === 'stop-container' && hands.waiting.aborted && !hands.leaving.aborted) {
      // Nothing was sent, so nobody need wait a grace for its end.
      await record(session, phase, step, {
        outcome: 'not-done',
        data: { text: 'interrupted before it was sent' },
      });
      hands.waiting.throwIfAborted();
    }
  }
  const beganMs = world.clock.nowMs();
  const claim = await claimed(step, hands);
  if (typeof claim !== 'string') return record(session, phase, step, claim);
  if (!isWait(step.action)) await at('after-act');
  const read = await settle(step.action, hands, { claim, beganMs });
  const settled = read.outcome === 'done' ? await batchEnd(session, phase, step, read) : read;
  await record(session, phase, step, settled);
  await at('after-outcome');
  if (step.action.kind === 'start-container' && settled.outcome === 'done') {
    const text = await overwritten(session, phase, step, 'after-the-start');
    if (text !== null) return staleOutcome(text);
  }
  if (step.action.kind === 'stop-container' && settled.outcome === 'done') {
    const unclean = await afterKill(session, phase, step.action.containerId);
    if (unclean !== null) return staleOutcome(unclean);
  }
  return settled;
}

/**
 * Whether the offsets that were committed for the sake of a worker still stand right before its start, and right after it: a worker
 * reads them only when it joins, seconds later, and from then on moves them itself.
 */
async function overwritten(
  { hands }: Session,
  { plan, steps, isUndo }: Phase,
  step: Step,
  when: 'before-the-start' | 'after-the-start',
): Promise<string | null> {
  if (isUndo || step.action.kind !== 'start-container') return null;
  for (const { action, stage, number } of plan.steps) {
    if (action.kind !== 'commit-offsets' || stage !== step.stage || steps.get(number)?.status !== 'done')
      continue;
    const { outcome, data } = await settle(action, hands, { claim: 'not-done', beganMs: 0 });
    if (outcome === 'done') continue;
    const { members } = await pollOf(hands, action.group, []);
    if (when === 'before-the-start' || members.length === 0) return `${data.text}: not as it was committed`;
  }
  return null;
}

/**
 * Minutes may lie between the look that a phase was planned from and the step that lets a worker at its records: a payment that was
 * refunded meanwhile must not be read. A start right after a move was judged with the move. Null: nothing stands against it.
 */
async function refusesReading(
  { world }: Session,
  { plan, steps, isUndo }: Phase,
  step: Step,
): Promise<string | null> {
  const isMoving = ({ action, repair }: Step) =>
    action.kind === 'commit-offsets' && repair === 'move-offsets';
  const isMove = isMoving(step);
  const judgedAtMs = plan.steps.flatMap((other) => {
    const moved = isMoving(other) && other.stage === step.stage ? steps.get(other.number) : undefined;
    return moved === undefined ? [] : [moved.atMs];
  });
  const isStart =
    step.action.kind === 'start-container' &&
    !judgedAtMs.some((atMs) => world.clock.nowMs() - atMs < JUDGED_FOR_MS);
  if (isUndo || plan.payments.length === 0 || !(isMove || isStart)) return null;
  const rest: Plan = {
    ...plan,
    steps: plan.steps.filter(({ number }) => steps.get(number)?.status !== 'done'),
  };
  return refusesReadingNow(world, rest);
}

/** Looks at the payments of a plan once more. A quick look cannot tell what moves from what stands, so it never refuses alone. */
export async function refusesReadingNow(world: RepairWorld, plan: Plan): Promise<string | null> {
  const judge = async (how: 'quick' | 'whole') =>
    world.refusesReading(await world.observe(plan.payments, how), plan);
  return (await judge('quick')) === null ? null : judge('whole');
}

/** Between two batches of records: the next one goes out only when something came of the last. */
async function batchEnd(session: Session, { plan }: Phase, step: Step, read: Settled): Promise<Settled> {
  const { action, stage, number } = step;
  const row = ROW_STAGES.find((one) => one === stage);
  if (action.kind !== 'wait-drain' || row === undefined) return read;
  const isProduce = (other: Step) => other.action.kind === 'produce-record';
  const isBetween =
    plan.steps.some((other) => isProduce(other) && other.number < number) &&
    plan.steps.some((other) => isProduce(other) && other.number > number);
  return isBetween ? untilRows(session, action.payments, row, action.withinMs) : read;
}

/** After an interruption we started the container ourselves: that start is the one to be found. */
function asLeft(step: Step, begun: StepRecord | undefined): Step {
  const startedAtMs = begun?.data.startedAtMs;
  if (startedAtMs === undefined || step.precondition.kind !== 'container') return step;
  return { ...step, precondition: { ...step.precondition, startedAtMs } };
}

/** What the act says of itself, or that it was refused and changed nothing. */
async function claimed(step: Step, hands: Hands): Promise<WriteOutcome | Settled> {
  try {
    return await act(step.action, hands);
  } catch (error) {
    if (!(error instanceof DependencyError || error instanceof RefusedError) || hands.leaving.aborted)
      throw error;
    return { outcome: 'not-done', data: { text: error.message }, isStale: error instanceof RefusedError };
  }
}

function intended(session: Session, step: Step): StepRecord {
  return { status: 'intended', atMs: session.world.clock.nowMs(), data: { text: step.title } };
}

function staleOutcome(text: string): Settled {
  return { outcome: 'not-done', data: { text }, isStale: true };
}

export async function record(session: Session, phase: Phase, step: Step, settled: Settled): Promise<Settled> {
  const { world, journal } = session;
  const { outcome: status, data } = settled;
  await journal.append(`step-${status}`, step.number, data, world.leaving);
  phase.steps.set(step.number, { status, atMs: world.clock.nowMs(), data });
  remember(session, step, data);
  world.leavesBehind(commandsLeft(session));
  world.progress({ kind: 'step-settled', step, status, text: data.text });
  return settled;
}

function remember(session: Session, { action }: Step, { offset, restartCount }: StepData): void {
  if (action.kind === 'produce-record' && offset !== undefined) {
    const key = `${action.record.topic} ${action.record.partition}`;
    const known = session.hands.produced.get(key);
    if (known === undefined || offset > known) session.hands.produced.set(key, offset);
  }
  if (action.kind === 'start-container' && restartCount !== undefined)
    session.hands.restarts.set(action.containerId, restartCount);
  if (action.kind === 'stop-container') session.hands.restarts.delete(action.containerId);
}

export function rememberRestarts(session: Session, phase: Phase): void {
  for (const step of phase.plan.steps) {
    const known = phase.steps.get(step.number);
    if (known?.status === 'done') remember(session, step, known.data);
  }
}

/** A step that was begun by a process that died. Starting and stopping may simply be done again; the rest is told by reading. */
async function settleOne(session: Session, step: Step, begun: StepRecord): Promise<Settled> {
  const isRepeatable = step.action.kind === 'stop-container' || step.action.kind === 'start-container';
  const beganMs = isRepeatable ? Number.NEGATIVE_INFINITY : begun.atMs;
  return settle(step.action, session.hands, { claim: 'unknown', beganMs });
}

export async function settleBegun(session: Session, phase: Phase): Promise<void> {
  for (const step of phase.plan.steps) {
    const begun = phase.steps.get(step.number);
    if (begun === undefined || isWait(step.action) || begun.status === 'done' || begun.status === 'not-done')
      continue;
    const settled = await settleOne(session, step, begun);
    const isRepeatable = step.action.kind === 'stop-container' || step.action.kind === 'start-container';
    // A stop or start that was sent and shows no effect may still come: it stays open, and undoing asks for its end first.
    if (isRepeatable && settled.outcome === 'not-done') continue;
    await record(session, phase, step, settled);
  }
}

/** After exit 137 the payments in flight are observed again: between row and emission an event was lost. */
async function afterKill(session: Session, phase: Phase, containerId: string): Promise<string | null> {
  const { world, hands } = session;
  const found = await containerOf(hands, containerId);
  if (found?.exitCode !== KILLED || phase.isUndo) return null;
  return world.refusesRest(await world.observe(phase.plan.payments, 'whole'), phase.plan);
}

export async function startAgain(
  hands: Hands,
  { containerId, name, service }: Extract<Action, { readonly kind: 'stop-container' }>,
): Promise<Settled> {
  const start = { kind: 'start-container', containerId, name, service } as const;
  const beganMs = hands.clock.nowMs();
  return settle(start, hands, { claim: await act(start, hands), beganMs });
}
