/**
 * The one executor of all repairs. A run is made of phases: the steps of a plan, then a look at what came of them, then the plan
 * for what is still missing. Everything is journalled before it is done and read back after it was.
 */
import { DoctorError, RefusedError, StaleError } from '../errors.ts';
import type { PaymentId } from '../platform/ids.ts';
import { containerOf, type Hands, isStopped, settle } from './act.ts';
import type { Grant } from './consent.ts';
import { phasePlace } from './fail-point.ts';
import { openJournal, sharedJournal } from './journal.ts';
import { refuseOtherPlatform, takeLock } from './lock.ts';
import {
  isHalfMadeTopic,
  type PhaseEnd,
  record,
  refusesReadingNow,
  rememberRestarts,
  runSteps,
  settleBegun,
  startAgain,
} from './perform.ts';
import type { Plan, Step } from './plan.ts';
import { driftBeforeRun, type WantsRecord } from './precondition.ts';
import type { PhaseRecord, RunRecord } from './runs.ts';
import {
  commandsLeft,
  type NextPhase,
  openPhase,
  type Phase,
  type RepairWorld,
  reopened,
  type Session,
  stoppedSteps,
} from './session.ts';
import { hasMoved, undoing } from './undo.ts';
import { type Examined, stillStuck } from './verify.ts';
import { verify } from './watch.ts';

export const RUN_OUTCOMES = ['fixed', 'remaining', 'undone', 'needs-person', 'stale', 'interrupted'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

export interface RunResult {
  readonly run: string;
  readonly outcome: RunOutcome;
  readonly phases: readonly PhaseRecord[];
  /** What is still wrong, or what a person must do; empty where it is fixed. */
  readonly reasons: readonly string[];
  /** What was not taken back and does no harm. */
  readonly stays: readonly string[];
  /** The last look. Null: the platform was not observed again. */
  readonly examined: Examined | null;
}

/** Bounds the composition of catalogue.md 4.1: ground and flow, then replay stage by stage. */
const MAX_PHASES = 5;

/** Applies a plan. Throws StaleError, RefusedError or DependencyError only where nothing was changed. */
export async function execute(
  run: string,
  first: { readonly plan: Plan; readonly grant: Grant },
  world: RepairWorld,
): Promise<RunResult> {
  return inSession({ run, ...first, lastSequence: 0, phases: [] }, world, async (session, examined) => {
    let look = examined;
    // A quick look cannot tell what moves from what stands.
    const refusal = async (judge: (seen: Examined) => string | null): Promise<string | null> => {
      if (judge(look) === null) return null;
      if (look === examined) look = await world.observe(first.plan.payments, 'whole');
      return judge(look);
    };
    const refuses: WantsRecord = (step) => refusal((seen) => world.refusesRecord(seen, step));
    const stale =
      (await driftBeforeRun(first.plan, session.hands, refuses)) ??
      (await refusal((seen) => world.refusesReading(seen, first.plan)));
    if (stale !== null) throw staleError(stale);
    await world.failPoint(phasePlace({ phase: 1, isUndo: false }, 'before-opening'));
    const phase = await openPhase(session, { phase: 1, isUndo: false, plan: first.plan, grant: first.grant });
    return runPhases(session, phase);
  });
}

/** Goes on with a run whose process died: what was begun is settled by reading, the rest is done. */
export async function resume(record: RunRecord, grant: Grant, world: RepairWorld): Promise<RunResult> {
  const phases = record.phases.map(reopened);
  const phase = phases.at(-1) ?? reopened(record.phases[0]);
  const { run, lastSequence } = record;
  const opening = { run, plan: phase.plan, grant, lastSequence, phases };
  return inSession(opening, world, async (session) => {
    rememberRestarts(session, phase);
    if (!phase.isUndo) await recordStarts(session, phase);
    return phase.isUndo
      ? finishUndo(session, phase, phase.plan.warnings, ['an earlier step failed'])
      : runPhases(session, phase);
  });
}

/** Takes back what can be taken back of a run, its latest phase first. */
export async function undoRun(record: RunRecord, grant: Grant, world: RepairWorld): Promise<RunResult> {
  const phases = record.phases.map(reopened);
  const { run, lastSequence } = record;
  const opening = { run, plan: record.phases[0].plan, grant, lastSequence, phases };
  return inSession(opening, world, async (session) => {
    const leftovers: string[] = [];
    const stays: string[] = [];
    for (const phase of phases.filter(({ isUndo }) => !isUndo).toReversed()) {
      if (isUndone(phase, phases)) continue;
      await settleBegun(session, phase);
      const undone = await undo(session, phase);
      leftovers.push(...undone.leftovers);
      stays.push(...undone.stays);
      if (undone.failure !== null) return needsPerson(session, [undone.failure, ...leftovers], null, stays);
    }
    if (leftovers.length > 0) return needsPerson(session, leftovers, null, stays);
    return end(session, 'undone', 'run-undone', [], null, stays);
  });
}

function isUndone(phase: PhaseRecord, phases: readonly PhaseRecord[]): boolean {
  return phases.some(
    (one) =>
      one.isUndo &&
      one.phase === phase.phase &&
      one.plan.steps.every(({ number }) => one.steps.get(number)?.status === 'done'),
  );
}

interface Opening {
  readonly run: string;
  readonly plan: Plan;
  readonly grant: Grant;
  readonly lastSequence: number;
  readonly phases: readonly Phase[];
}

async function inSession(
  { run, plan, grant, lastSequence, phases }: Opening,
  world: RepairWorld,
  work: (session: Session, examined: Examined) => Promise<RunResult>,
): Promise<RunResult> {
  const { operator, host, clock } = world;
  await using operators = await world.open(grant);
  await using lock = await takeLock(operators.ledger, plan, { run, operator, host }, world.leaving);
  const shared = await sharedJournal(operators.ledger, world.leaving);
  const journal = openJournal({ shared, file: operators.file }, { run, operator, lastSequence }, clock);
  const hands: Hands = {
    runtime: operators.runtime,
    kafka: operators.kafka,
    clock,
    run,
    waiting: AbortSignal.any([world.interrupted, world.leaving]),
    leaving: world.leaving,
    restarts: new Map(),
    produced: new Map(),
    waitingFor: (what) => world.progress({ kind: 'step-waits', what }),
  };
  const session: Session = {
    world,
    hands,
    lock,
    journal,
    grant,
    phases: [...phases],
  };
  const examined = await lookAtPlatform(plan, world);
  try {
    return await work(session, examined);
  } catch (error) {
    if (world.leaving.aborted || !hasBegun(session)) throw error;
    return await broken(session, error);
  }
}

/** A quick look is enough where it shows that this is the platform; a slow server gets the time of a whole one. */
async function lookAtPlatform(plan: Plan, world: RepairWorld): Promise<Examined> {
  const quick = await world.observe(plan.payments, 'quick');
  try {
    refuseOtherPlatform(plan, quick.state);
    return quick;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const whole = await world.observe(plan.payments, 'whole');
    refuseOtherPlatform(plan, whole.state);
    return whole;
  }
}

function hasBegun({ phases }: Session): boolean {
  return phases.some(({ steps }) => steps.size > 0);
}

/**
 * Something failed that no step answers for: the journal, the lock, or a defect of ours. Nothing more is done but to start what was
 * stopped, and not even that once the lock is gone, for then somebody else may be at work.
 */
async function broken(session: Session, error: unknown): Promise<RunResult> {
  const { world, journal, phases } = session;
  const reasons = [error instanceof DoctorError ? error.message : `a defect of kc-doctor: ${String(error)}`];
  const phase = phases.at(-1);
  try {
    await session.lock.prove(world.leaving);
    for (const stop of phase === undefined ? [] : stoppedSteps(phase)) {
      if (stop.action.kind === 'stop-container' && (phase === undefined || !isHalfMadeTopic(phase)))
        await startAgain(session.hands, stop.action);
    }
    await journal.append('run-failed', null, { text: reasons.join('; ') }, world.leaving);
  } catch (second) {
    reasons.push(second instanceof Error ? second.message : String(second));
  }
  return {
    run: journal.run,
    outcome: 'needs-person',
    phases,
    reasons: [...reasons, ...commandsLeft(session)],
    stays: [],
    examined: null,
  };
}

function staleError(text: string): StaleError {
  return new StaleError(
    'KC_STALE_PLAN',
    `the plan no longer holds: ${text}`,
    'nothing was changed; look again: kc-doctor fix',
  );
}

async function runPhases(session: Session, first: Phase): Promise<RunResult> {
  let phase = first;
  for (;;) {
    const ended = await runSteps(session, phase);
    if (ended.kind === 'interrupted') return interrupted(session, phase);
    if (ended.kind === 'failed') return failed(session, phase, ended);

    await session.world.failPoint(phasePlace(phase, 'before-verifying'));
    const verified = await verify(session, phase);
    if (verified.kind === 'interrupted') return interrupted(session, phase);
    if (verified.kind === 'failed') return undoAndEnd(session, phase, verified.reasons, verified.examined);
    await session.world.failPoint(phasePlace(phase, 'after-verifying'));
    const { examined } = verified;
    if (verified.unmoved.length > 0) return needsPerson(session, verified.unmoved, examined);
    if (verified.isComplete) return end(session, 'fixed', 'run-verified', [], examined);

    const payments = [...new Set(session.phases.flatMap(({ plan }) => plan.payments))];
    const missing = stillStuck(examined.traces, payments);
    if (phase.phase >= MAX_PHASES) return end(session, 'remaining', 'run-verified', missing, examined);
    const next = await nextPhase(session, examined, payments);
    if (next === 'interrupted') return interrupted(session, phase);
    if (next.kind === 'nothing')
      return end(session, 'remaining', 'run-verified', [...missing, ...next.reasons], examined);
    const name = { phase: phase.phase + 1, isUndo: false };
    await session.world.failPoint(phasePlace(name, 'before-opening'));
    phase = await openPhase(session, { ...name, plan: next.plan, grant: next.grant });
  }
}

/** Whoever is asked about it may leave the question with Ctrl-C. */
async function nextPhase(
  { world }: Session,
  examined: Examined,
  payments: readonly PaymentId[],
): Promise<NextPhase | 'interrupted'> {
  try {
    return await world.next(examined, payments);
  } catch (error) {
    if (world.leaving.aborted || !world.interrupted.aborted) throw error;
    return 'interrupted';
  }
}

async function end(
  session: Session,
  outcome: RunOutcome,
  kind: 'run-verified' | 'run-failed' | 'run-undone' | 'run-interrupted',
  reasons: readonly string[],
  examined: Examined | null,
  stays: readonly string[] = [],
): Promise<RunResult> {
  const { journal, world, phases } = session;
  await journal.append(kind, null, { text: [...reasons, ...stays].join('; ') }, world.leaving);
  world.leavesBehind([]);
  return { run: journal.run, outcome, phases, reasons, stays, examined };
}

function needsPerson(
  session: Session,
  reasons: readonly string[],
  examined: Examined | null,
  stays: readonly string[] = [],
): Promise<RunResult> {
  return end(session, 'needs-person', 'run-failed', reasons, examined, stays);
}

async function failed(
  session: Session,
  phase: Phase,
  { step, text, isStale }: Extract<PhaseEnd, { readonly kind: 'failed' }>,
): Promise<RunResult> {
  const reason = `step ${step.number} (${step.title}): ${text}`;
  const isUntouched = session.phases.every(({ steps }) =>
    [...steps.values()].every(({ status }) => status === 'not-done'),
  );
  if (isStale && isUntouched) return end(session, 'stale', 'run-failed', [reason], null);
  return undoAndEnd(session, phase, [reason], null);
}

/** Verified phases stay; what this one did is taken back as far as it can be. */
async function undoAndEnd(
  session: Session,
  phase: Phase,
  reasons: readonly string[],
  examined: Examined | null,
): Promise<RunResult> {
  await settleBegun(session, phase);
  const { failure, leftovers, stays } = await undo(session, phase);
  if (failure !== null || leftovers.length > 0) {
    const rest = failure === null ? leftovers : [failure, ...leftovers];
    return needsPerson(session, [...reasons, ...rest], examined, stays);
  }
  return end(session, 'undone', 'run-undone', reasons, examined, stays);
}

interface Undone {
  readonly failure: string | null;
  readonly leftovers: readonly string[];
  readonly stays: readonly string[];
}

async function undo(session: Session, phase: Phase): Promise<Undone> {
  const { steps, leftovers, stays } = undoing(phase, await refusesUndoing(session, phase));
  if (steps.length === 0) return { failure: null, leftovers, stays };
  const plan: Plan = {
    ...phase.plan,
    steps,
    payments: [],
    previews: [],
    refusals: [],
    warnings: leftovers,
    confirm: null,
  };
  const undoPhase = await openPhase(session, {
    phase: phase.phase,
    isUndo: true,
    plan,
    grant: session.grant,
  });
  return { failure: await undoFailure(session, undoPhase), leftovers, stays };
}

/** Why a worker must not be started again where its group was moved: a payment was refunded since. Null: it may. */
async function refusesUndoing({ world }: Session, phase: Phase): Promise<string | null> {
  const starts = undoing(phase, null).steps.filter(
    ({ action, stage }) => action.kind === 'start-container' && hasMoved(phase, stage),
  );
  if (starts.length === 0 || phase.plan.payments.length === 0) return null;
  return refusesReadingNow(world, { ...phase.plan, steps: starts });
}

async function undoFailure(session: Session, phase: Phase): Promise<string | null> {
  // The first Ctrl-C does not end what takes a run back.
  const hands = { ...session.hands, waiting: session.world.leaving };
  const ended = await runSteps({ ...session, hands }, phase);
  if (ended.kind !== 'failed') return null;
  const left = phase.plan.steps.flatMap(({ action, number }) =>
    action.kind === 'start-container' && phase.steps.get(number)?.status !== 'done'
      ? [`docker start ${action.name}`]
      : [],
  );
  return [`taking back failed at "${ended.step.title}": ${ended.text}`, ...left].join('; ');
}

async function finishUndo(
  session: Session,
  phase: Phase,
  leftovers: readonly string[],
  reasons: readonly string[],
): Promise<RunResult> {
  const failure = await undoFailure(session, phase);
  if (failure === null && leftovers.length === 0) return end(session, 'undone', 'run-undone', reasons, null);
  return needsPerson(session, [...(failure === null ? [] : [failure]), ...leftovers], null);
}

/** Ctrl-C: what the run had stopped runs again; all else stays as the journal says, for --resume or undo. */
async function interrupted(session: Session, phase: Phase): Promise<RunResult> {
  const { world } = session;
  const hands = { ...session.hands, waiting: world.leaving };
  const calm: Session = { ...session, hands };
  const troubles: string[] = [];
  for (const stop of stoppedSteps(phase)) {
    const { action } = stop;
    if (action.kind !== 'stop-container') continue;
    const { name } = action;
    await session.lock.prove(world.leaving);
    // A stop that is under way ends before anything can be started.
    if (phase.steps.get(stop.number)?.status !== 'done') {
      const begun = phase.steps.get(stop.number);
      await settle(action, hands, { claim: 'unknown', beganMs: begun?.atMs ?? world.clock.nowMs() });
    }
    const settled = await startAgain(hands, action);
    if (settled.outcome === 'done') await recordStart(calm, phase, stop);
    else troubles.push(`${name} could not be started again: docker start ${name}`);
  }
  return end(session, 'interrupted', 'run-interrupted', troubles, null);
}

/** What was stopped and runs again all the same: whoever left with a second Ctrl-C was told to start it. */
async function recordStarts(session: Session, phase: Phase): Promise<void> {
  for (const stop of stoppedSteps(phase)) {
    const { action } = stop;
    if (action.kind !== 'stop-container' || phase.steps.get(stop.number)?.status !== 'done') continue;
    const found = await containerOf(session.hands, action.containerId);
    if (found !== undefined && !isStopped(found)) await recordStart(session, phase, stop);
  }
}

/** With its offsets moved, starting a container is the plan's own next step; without, its stop is what did not happen. */
async function recordStart(session: Session, phase: Phase, stop: Step): Promise<void> {
  const { action } = stop;
  if (action.kind !== 'stop-container') return;
  const { containerId, name } = action;
  const found = await containerOf(session.hands, containerId);
  const text = `${name} was started again`;
  const planned = phase.plan.steps.find(
    (step) => step.action.kind === 'start-container' && step.action.containerId === containerId,
  );
  if (planned !== undefined && isMoved(phase, containerId)) {
    const data = found === undefined ? { text } : { text, restartCount: found.restartCount };
    await record(session, phase, planned, { outcome: 'done', data });
    return;
  }
  const startedAtMs = found?.startedAtMs;
  const data = { text, ...(startedAtMs == null ? {} : { startedAtMs }) };
  await record(session, phase, stop, { outcome: 'not-done', data });
}

/** Whether all offsets are moved for whose sake a container was stopped. */
function isMoved({ plan, steps }: Phase, containerId: string): boolean {
  const commits = plan.steps.filter(
    ({ precondition }) =>
      precondition.kind === 'group-empty' && precondition.containers.includes(containerId),
  );
  return commits.length > 0 && commits.every(({ number }) => steps.get(number)?.status === 'done');
}
