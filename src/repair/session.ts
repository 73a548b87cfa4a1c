/** What one run works with from its lock to its end, and what the command must bring for it. */
import type { PaymentId } from '../platform/ids.ts';
import type { StepStatus } from '../platform/runs.ts';
import type { Clock } from '../ports/clock.ts';
import type { ContainerRuntimeOperator } from '../ports/container-runtime.ts';
import type { KafkaClusterOperator } from '../ports/kafka-cluster.ts';
import type { Lock, RunJournal, RunLedgerOperator } from '../ports/run-ledger.ts';
import type { Hands } from './act.ts';
import type { Grant } from './consent.ts';
import { type PhaseName, phasePlace } from './fail-point.ts';
import type { Journal } from './journal.ts';
import type { Plan, Step } from './plan.ts';
import type { OpenedData, PhaseRecord, StepRecord } from './runs.ts';
import type { Examined } from './verify.ts';

/** Everything that can write. Opened with a grant alone. */
export interface Operators extends AsyncDisposable {
  readonly runtime: ContainerRuntimeOperator;
  readonly kafka: KafkaClusterOperator;
  readonly ledger: RunLedgerOperator;
  readonly file: RunJournal;
}

export type RunEvent =
  | { readonly kind: 'phase-started'; readonly plan: Plan; readonly isUndo: boolean }
  | { readonly kind: 'step-started'; readonly step: Step }
  | { readonly kind: 'step-waits'; readonly what: string }
  | { readonly kind: 'step-settled'; readonly step: Step; readonly status: StepStatus; readonly text: string }
  | { readonly kind: 'verifying'; readonly waitsFor: readonly string[] };

/** A plan that somebody agreed to, or why the run ends here. */
export type NextPhase =
  | { readonly kind: 'planned'; readonly plan: Plan; readonly grant: Grant }
  | { readonly kind: 'nothing'; readonly reasons: readonly string[] };

/** A place where a test may end the process (fail-point.ts): comes back unless this is the one. */
export type FailPoint = (place: string) => Promise<void>;

/** What the command brings: repair itself neither observes, nor asks, nor opens anything. */
export interface RepairWorld {
  readonly open: (grant: Grant) => Promise<Operators>;
  /** Observes and examines; `quick` leaves out what takes seconds (the repeated polls). */
  readonly observe: (asked: readonly PaymentId[], how: 'whole' | 'quick') => Promise<Examined>;
  /** Why the record of this step must not be sent now; null: it may. */
  readonly refusesRecord: (examined: Examined, step: Step) => string | null;
  /** Why a worker that the plan starts must not read what waits for it now; null: it may. */
  readonly refusesReading: (examined: Examined, plan: Plan) => string | null;
  /** Why the rest of a plan does not hold any more after a worker was killed in the middle of a handler; null: it does. */
  readonly refusesRest: (examined: Examined, plan: Plan) => string | null;
  /** The plan for what is still missing of the run's payments, agreed to. */
  readonly next: (examined: Examined, payments: readonly PaymentId[]) => Promise<NextPhase>;
  readonly clock: Clock;
  /** First Ctrl-C: end the step, start what was stopped. */
  readonly interrupted: AbortSignal;
  /** Second Ctrl-C: leave at once. */
  readonly leaving: AbortSignal;
  readonly failPoint: FailPoint;
  readonly progress: (event: RunEvent) => void;
  /** Commands that somebody must type if this process leaves now. */
  readonly leavesBehind: (commands: readonly string[]) => void;
  readonly operator: string;
  readonly host: string;
}

/** A phase that is under way. */
export type Phase = PhaseRecord & { readonly steps: Map<number, StepRecord> };

export interface Session {
  readonly world: RepairWorld;
  readonly hands: Hands;
  readonly lock: Lock;
  readonly journal: Journal;
  readonly grant: Grant;
  readonly phases: Phase[];
}

export async function openPhase(
  session: Session,
  opened: PhaseName & { readonly plan: Plan; readonly grant: Grant },
): Promise<Phase> {
  const { phase: number, isUndo, plan, grant } = opened;
  const data: OpenedData = { phase: number, isUndo, plan, by: grant.by, reason: grant.reason };
  const openedAtMs = session.world.clock.nowMs();
  const phase: Phase = { ...data, openedAtMs, steps: new Map() };
  await session.lock.prove(session.world.leaving);
  await session.journal.append('run-opened', null, data, session.world.leaving);
  session.phases.push(phase);
  session.world.leavesBehind(commandsLeft(session));
  session.world.progress({ kind: 'phase-started', plan, isUndo });
  await session.world.failPoint(phasePlace(phase, 'after-opening'));
  return phase;
}

export function reopened(phase: PhaseRecord): Phase {
  return { ...phase, steps: new Map(phase.steps) };
}

/** Stops that happened or may have, of containers that were not started again. */
export function stoppedSteps({ plan, steps }: Phase): readonly Step[] {
  const statusOf = ({ number }: Step) => steps.get(number)?.status;
  const started = plan.steps.flatMap((step) =>
    step.action.kind === 'start-container' && statusOf(step) === 'done' ? [step.action.containerId] : [],
  );
  return plan.steps.filter((step) => {
    const status = statusOf(step);
    if (step.action.kind !== 'stop-container' || status === undefined || status === 'not-done') return false;
    return !started.includes(step.action.containerId);
  });
}

/** What somebody must type if the process leaves now. */
export function commandsLeft({ phases, journal }: Session): readonly string[] {
  const phase = phases.at(-1);
  if (phase === undefined) return [];
  const starts = stoppedSteps(phase).flatMap(({ action }) =>
    action.kind === 'stop-container' ? [`docker start ${action.name}`] : [],
  );
  return [...starts, `kc-doctor fix --resume ${journal.run}`];
}
