import type { LatentCause, RankedCohort } from '../causes/cause.ts';
import { EFFECTS_OF_STAGE, type RowStage } from '../platform/effects.ts';
import type { PaymentId } from '../platform/ids.ts';
import { stageVerdicts } from '../platform/offset-verdict.ts';
import { type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import type { OffsetVerdict } from '../platform/verdict.ts';
import type { PaymentTrace } from '../trace/trace.ts';
import type { Plan } from './plan.ts';

/** A state with what the pure folders make of it: the command's function observes and examines in one go. */
export interface Examined {
  readonly state: PlatformState;
  /** Of the payments that were asked for, arrived ones included. */
  readonly traces: readonly PaymentTrace[];
  readonly cohorts: readonly RankedCohort[];
  readonly latent: readonly LatentCause[];
}

/** Whether what a phase set going runs: `not-yet` may still come true, `broken` will not. */
export type Flow =
  | { readonly kind: 'holds' }
  | { readonly kind: 'not-yet' | 'broken'; readonly reasons: readonly string[] };

/** catalogue.md 4, "Resolved" of start-worker and move-offsets. Idle partitions have nothing to read. */
const HEALTHY: readonly OffsetVerdict[] = ['caught-up', 'in-flight', 'catching-up', 'never-committed-idle'];
/** The consumer is dead in a running container: waiting does not bring it back. */
const HOPELESS: readonly OffsetVerdict[] = ['consumer-stopped'];

/**
 * `restarts`: the restart count of each container that the run started, read right after the start; a higher one means that it
 * died since, whatever Docker says of it now.
 */
export function flowOf(plan: Plan, state: PlatformState, restarts: Readonly<Record<string, number>>): Flow {
  const broken: string[] = [];
  const waiting: string[] = [];
  for (const [id, restartCount] of Object.entries(restarts)) {
    const trouble = containerTrouble(state, id, restartCount);
    if (trouble !== null) (trouble.isFinal ? broken : waiting).push(trouble.text);
  }
  const { expectedTopics } = state.settings;
  const verdicts = stagesOf(plan)
    .flatMap((stage) => stageVerdicts(state, stageDefinition(stage)))
    // A newer topic that an older platform does not have is read by nobody.
    .filter(({ topic, verdict }) => verdict !== 'topic-absent' || expectedTopics.includes(topic));
  for (const { group, topic, partition, verdict, because } of verdicts) {
    if (HEALTHY.includes(verdict)) continue;
    const text = `${group} on ${topic}[${partition}]: ${because}`;
    (HOPELESS.includes(verdict) ? broken : waiting).push(text);
  }
  if (broken.length > 0) return { kind: 'broken', reasons: [...broken, ...waiting] };
  return waiting.length > 0 ? { kind: 'not-yet', reasons: waiting } : { kind: 'holds' };
}

/** Null: it runs since it was started. */
export function deathOf(container: ContainerState | undefined, restartCount: number): string | null {
  if (container === undefined) return 'the container is gone';
  const { name, status, exitCode } = container;
  if (status !== 'running')
    return `${name} is ${status}${exitCode === null ? '' : ` (exit code ${exitCode})`}`;
  return container.restartCount > restartCount
    ? `${name} died and was restarted ${container.restartCount - restartCount} times since it was started`
    : null;
}

function containerTrouble(
  state: PlatformState,
  id: string,
  restartCount: number,
): { readonly text: string; readonly isFinal: boolean } | null {
  if (state.containers.kind === 'unseen') {
    return { text: `containers could not be looked at: ${state.containers.gap.reason}`, isFinal: false };
  }
  const found = state.containers.value.containers.find((one) => one.id === id);
  const text = deathOf(found, restartCount);
  return text === null ? null : { text, isFinal: true };
}

/** Stages whose workers the plan starts, or whom it gives a record. */
function stagesOf(plan: Plan): readonly Stage[] {
  const stages = plan.steps.flatMap(({ action, stage }) => {
    switch (action.kind) {
      case 'produce-record':
        return [action.stage];
      case 'start-container':
      case 'wait-member':
      case 'wait-drain':
        return stage === null ? [] : [stage];
      // Whose worker the plan does not start: it did not run before, and its offsets are committed for when it does.
      case 'commit-offsets':
      case 'stop-container':
      case 'wait-group-empty':
      case 'create-topic':
      case 'instruct':
        return [];
      default:
        return action satisfies never;
    }
  });
  return [...new Set(stages)];
}

/** Where a payment stands once the flow is there: arrived, on its way, stuck, or not to be followed. */
export type Standing = 'arrived' | 'on-the-way' | 'stuck' | 'unclear';

export function standingOf({ kind }: PaymentTrace): Standing {
  switch (kind) {
    case 'complete':
    case 'pages-old':
    case 'anomaly':
    // A result of the pipeline that a person must look at: the machine's part is done.
    case 'needs-decision':
      return 'arrived';
    case 'in-progress':
      return 'on-the-way';
    case 'undetermined':
      return 'unclear';
    case 'stuck':
      return 'stuck';
    default:
      return kind satisfies never;
  }
}

/** Those of the payments for which a stage has not made its row, nor said that a person must decide. */
export function lackingRow(
  traces: readonly PaymentTrace[],
  payments: readonly PaymentId[],
  stage: RowStage,
): readonly PaymentId[] {
  const { row } = EFFECTS_OF_STAGE[stage];
  return payments.filter((payment) => {
    const trace = traces.find((one) => one.payment === payment);
    if (trace === undefined) return true;
    const status = trace.hops.find(({ id }) => id === row)?.status;
    return status !== 'done' && status !== 'not-applicable' && standingOf(trace) !== 'arrived';
  });
}

/** Payments that were given a record and still lack what its stage makes of it. */
export function unmovedOf(plan: Plan, traces: readonly PaymentTrace[]): readonly string[] {
  return plan.steps.flatMap(({ action }) => {
    if (action.kind !== 'produce-record') return [];
    const { payment, stage } = action;
    const trace = traces.find((one) => one.payment === payment);
    const missing = trace?.hops.find(({ id }) => id === trace.firstMissing.hop);
    const isThere =
      trace !== undefined &&
      (standingOf(trace) === 'arrived' || (trace.kind === 'stuck' && missing?.stage !== stage));
    return isThere ? [] : [`payment ${payment} was given its record again and nothing came of it`];
  });
}

/** Payments that are still paid for and not delivered, in words for the report. */
export function stillStuck(
  traces: readonly PaymentTrace[],
  payments: readonly PaymentId[],
): readonly string[] {
  return traces
    .filter(
      ({ payment, kind }) => payments.includes(payment) && (kind === 'stuck' || kind === 'undetermined'),
    )
    .map(({ payment, kind, firstMissing }) =>
      kind === 'stuck'
        ? `payment ${payment} still stops at ${firstMissing.hop ?? 'an unknown hop'}`
        : `payment ${payment} could not be followed to the end`,
    );
}
