/**
 * From a diagnosis to a plan. A plan is the first phase only: what has to happen before anything else can be judged. The next phase is
 * made by planning again from what is then observed (catalogue.md 4.1).
 */
import type { LatentCause, RankedCause, RankedCohort } from '../causes/cause.ts';
import type { PaymentId } from '../platform/ids.ts';
import { STAGES, type Stage, stageDefinition } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';
import { repairOf } from './catalogue.ts';
import { paymentsMoved } from './drain.ts';
import { instructStep } from './manual-instructions.ts';
import {
  type Action,
  type DraftStep,
  type PaymentPreview,
  type PlanDraft,
  REPAIR_IDS,
  type Refusal,
  type RepairId,
} from './plan.ts';
import { NOTHING_TO_DO, type Planned, type RepairRequest } from './repair.ts';
import { isRefusal, type Obstacle, refusal } from './targets.ts';

export interface Selection {
  /** Null: what the evidence supports. */
  readonly repair: RepairId | null;
  readonly stage: Stage | null;
  /** Empty: all that are hurt. */
  readonly payments: readonly PaymentId[];
  readonly includeOlder: boolean;
}

export const EVERYTHING: Selection = { repair: null, stage: null, payments: [], includeOlder: false };

/** What the ranking came to. */
interface Diagnosed {
  readonly cohorts: readonly RankedCohort[];
  readonly latent: readonly LatentCause[];
}

export function makePlan(
  state: PlatformState,
  diagnosis: Diagnosed,
  selection: Selection = EVERYTHING,
): PlanDraft {
  const offers = offersOf(diagnosis, selection);
  const active = [
    ...new Set(diagnosis.cohorts.flatMap((ranked) => (isSettled(ranked) ? leadingCauses(ranked) : []))),
  ];
  const tasks =
    selection.repair === null ? tasksOf(offers) : namedTasks(state, offers, selection, selection.repair);
  const run = (task: Task): Outcome => {
    const request: RepairRequest = {
      stage: task.stage,
      payments: [...task.payments].toSorted(),
      cause: task.cause,
      active,
      includeOlder: selection.includeOlder,
    };
    return { task, planned: repairOf(task.repair).plan(state, request) };
  };
  return assemble(state, selection, offers, inPhases(tasks, run));
}

/** Why nothing may be changed here whatever the plan says (design.md 4.1); null: nothing stands against it. */
export function changeObstacle({ identity, database, containers, settings }: PlatformState): Obstacle | null {
  if (identity.belongsTogether.verdict !== 'proved') {
    return {
      reason: 'that Docker, Kafka and Postgres are parts of one platform is not proved',
      hint: 'kc-doctor config shows where each was found; --project-dir, --env and DOCKER_HOST choose',
    };
  }
  if (database.kind === 'unseen') {
    return { reason: `Postgres was not seen: ${database.gap.reason}`, hint: database.gap.hint };
  }
  if (containers.kind === 'unseen' && settings.runtime !== 'none') {
    return {
      reason: `the containers were not seen: ${containers.gap.reason}`,
      hint: 'run again when Docker answers; where no container runtime can be asked, the configuration says runtime: none',
    };
  }
  return database.value.inRecovery
    ? {
        reason: 'this database is a read replica, which may lag behind what was just paid',
        hint: 'point POSTGRES_URL at the primary',
      }
    : null;
}

// --- what the evidence supports

interface Offer {
  readonly cause: RankedCause;
  readonly payments: readonly PaymentId[];
  /** The ranking settled on it; else only words are offered. */
  readonly isSettled: boolean;
}

/** Not confirmed, as nothing is that was told from no rival. */
const LATENT_PROBABILITY = 0.85;

const HURT: readonly RankedCohort['cohort']['kind'][] = ['stuck', 'needs-decision', 'undetermined'];

function isSettled({ determined, causes }: RankedCohort): boolean {
  const level = causes[0]?.level;
  return determined && (level === 'confirmed' || level === 'likely');
}

function leadingCauses({ causes, together }: RankedCohort): readonly RankedCause[] {
  return [...causes.slice(0, 1), ...together];
}

/** Who is hurt comes first: what hurts nobody yet is offered once nothing else is. */
function offersOf({ cohorts, latent }: Diagnosed, selection: Selection): readonly Offer[] {
  const hurt = offersOfCohorts(cohorts, selection);
  return hurt.length > 0 || selection.payments.length > 0 ? hurt : offersOfLatent(latent, selection);
}

function offersOfLatent(latent: readonly LatentCause[], selection: Selection): readonly Offer[] {
  return latent
    .filter(({ stage }) => selection.stage === null || stage === selection.stage)
    .map(({ id, stage, title, text, repairs }) => ({
      // Its sign holds, and no payment tells it from its rivals.
      cause: {
        id,
        stage,
        title,
        probability: LATENT_PROBABILITY,
        level: 'likely',
        evidence: [{ for: true, text, observation: id }],
        probe: '',
        // There is no payment that could be given anything back.
        repairs: repairs.filter((repair) => repair !== 'replay-payment'),
      },
      payments: [],
      isSettled: true,
    }));
}

/** Best evidence first, as the cohorts are ranked; equal causes of several cohorts are one offer. */
function offersOfCohorts(cohorts: readonly RankedCohort[], selection: Selection): readonly Offer[] {
  const offers = new Map<string, Offer>();
  for (const ranked of cohorts.filter(({ cohort }) => HURT.includes(cohort.kind))) {
    const payments = ranked.cohort.traces
      .map(({ payment }) => payment)
      .filter((payment) => selection.payments.length === 0 || selection.payments.includes(payment));
    if (payments.length === 0) continue;
    for (const cause of leadingCauses(ranked)) {
      if (selection.stage !== null && (cause.stage ?? ranked.cohort.stage) !== selection.stage) continue;
      const key = `${cause.id} ${cause.stage}`;
      const known = offers.get(key);
      const settled = isSettled(ranked);
      offers.set(key, {
        cause: known?.isSettled === true ? known.cause : cause,
        payments: [...new Set([...(known?.payments ?? []), ...payments])].toSorted(),
        isSettled: settled || known?.isSettled === true,
      });
    }
  }
  return [...offers.values()];
}

interface Task {
  readonly repair: RepairId;
  readonly stage: Stage | null;
  readonly payments: readonly PaymentId[];
  readonly cause: RankedCause | null;
}

const isOffered = (id: string): id is RepairId => (REPAIR_IDS as readonly string[]).includes(id);

/** A cause that begins with a person is left to the person: what a machine can do comes after it, at the next run. */
const beginsByHand = ({ repairs }: RankedCause): boolean => repairs[0] === 'manual-instructions';

function tasksOf(offers: readonly Offer[]): readonly Task[] {
  return offers
    .filter(({ isSettled: settled, cause }) => settled && !beginsByHand(cause))
    .flatMap(({ cause, payments }) =>
      cause.repairs.filter(isOffered).flatMap((repair): readonly Task[] =>
        repair === 'manual-instructions'
          ? []
          : // Each payment has its own missing stage: which one is read from the payment, not from the cause.
            [{ repair, stage: repair === 'replay-payment' ? null : cause.stage, payments, cause }],
      ),
    );
}

/** Named by the operator: for the stages that were named, else those of the causes, else those that need it. */
function namedTasks(
  state: PlatformState,
  offers: readonly Offer[],
  selection: Selection,
  repair: RepairId,
): readonly Task[] {
  const fitting = offers.filter(({ cause }) => cause.repairs.includes(repair));
  const payments = (stage: Stage | null): readonly PaymentId[] =>
    selection.payments.length > 0
      ? selection.payments
      : fitting
          .filter(({ cause }) => stage === null || cause.stage === stage)
          .flatMap((offer) => offer.payments);
  const causeAt = (stage: Stage | null) =>
    fitting.find(({ cause }) => stage === null || cause.stage === stage)?.cause ?? null;
  if (repair === 'manual-instructions') {
    return offers.map(({ cause, payments: own }) => ({ repair, stage: cause.stage, payments: own, cause }));
  }
  if (repair === 'replay-payment' || repair === 'create-topics') {
    const { stage } = selection;
    return [{ repair, stage, payments: [...new Set(payments(stage))], cause: causeAt(stage) }];
  }
  const ofCauses = fitting.flatMap(({ cause }) => (cause.stage === null ? [] : [cause.stage]));
  const expected = STAGES.filter((stage) =>
    state.settings.expectedWorkers.includes(stageDefinition(stage).worker),
  );
  const stages = selection.stage !== null ? [selection.stage] : ofCauses.length > 0 ? ofCauses : expected;
  return [...new Set(stages)].map((stage) => ({
    repair,
    stage,
    payments: [...new Set(payments(stage))],
    cause: causeAt(stage),
  }));
}

// --- phases

interface Outcome {
  readonly task: Task;
  readonly planned: Planned | Refusal;
}

interface Phase {
  readonly outcomes: readonly Outcome[];
  /** What waits until this phase was done and looked at again. */
  readonly later: readonly Task[];
}

const byRepair = (tasks: readonly Task[], repair: RepairId): readonly Task[] => {
  const merged = new Map<string, Task>();
  for (const task of tasks.filter((one) => one.repair === repair)) {
    const key = `${task.stage}`;
    const known = merged.get(key);
    merged.set(key, {
      ...(known ?? task),
      payments: [...new Set([...(known?.payments ?? []), ...task.payments])],
    });
  }
  return [...merged.values()];
};

const hasSteps = ({ planned }: Outcome): boolean => !isRefusal(planned) && planned.steps.length > 0;

function inPhases(tasks: readonly Task[], run: (task: Task) => Outcome): Phase {
  const topics = byRepair(tasks, 'create-topics').map(run);
  const made = topics.filter(hasSteps);
  // All missing topics are made together, so one of several offers is enough.
  const ground = [...made.slice(0, 1), ...topics.filter((outcome) => !hasSteps(outcome))];
  const touched = new Set(
    made.flatMap(({ planned }) => (isRefusal(planned) ? [] : planned.steps)).map(({ stage }) => stage),
  );
  const isFree = ({ stage }: Task): boolean => stage === null || !touched.has(stage);

  const moves = byRepair(tasks, 'move-offsets').filter(isFree).map(run);
  const settled = new Set(
    moves.filter((outcome) => hasSteps(outcome) || isRefusal(outcome.planned)).map(({ task }) => task.stage),
  );
  const starts = byRepair(tasks, 'start-worker')
    .filter(isFree)
    .filter(({ stage }) => !settled.has(stage))
    .map(run);
  const flow = [...ground, ...moves, ...starts];
  const waiting = tasks.filter(
    (task) => !isFree(task) && (task.repair === 'move-offsets' || task.repair === 'start-worker'),
  );
  const replays = byRepair(tasks, 'replay-payment');
  if (flow.some(hasSteps)) return { outcomes: flow, later: [...waiting, ...replays] };
  return { outcomes: [...flow, ...replays.map(run)], later: waiting };
}

// --- the plan

function assemble(
  state: PlatformState,
  selection: Selection,
  offers: readonly Offer[],
  { outcomes, later }: Phase,
): PlanDraft {
  const planned = outcomes.map(({ planned: one }) => (isRefusal(one) ? NOTHING_TO_DO : one));
  const machine = inOrder(
    planned.flatMap(({ steps }) => steps).filter(({ action }) => action.kind !== 'instruct'),
  );
  const steps = [...instructions(selection, offers, outcomes, later), ...machine].map((step, index) => ({
    number: index + 1,
    ...step,
  }));
  const previews = unique(planned.flatMap((one) => one.previews));
  const refusals = [
    ...outcomes.flatMap(({ planned: one }) => (isRefusal(one) ? [one] : one.refusals)),
    ...emptySelection(selection, offers, outcomes),
  ];
  const moved = outcomes.filter(hasSteps).flatMap(({ task }) => task.payments);
  const refused = new Set(refusals.flatMap(({ payments }) => payments));
  const passed = new Set(previews.flatMap(({ payment, effect }) => (effect === 'skipped' ? [payment] : [])));
  const payments = [...new Set([...paymentsMoved(previews), ...moved])]
    .filter((payment) => !refused.has(payment) && !passed.has(payment))
    .toSorted();
  const { composeProject, dockerDaemonId, kafkaClusterId, databaseSystemId, databaseOid, databaseName } =
    state.identity;
  return {
    schemaVersion: 1,
    platform: state.settings.platform,
    identity: { composeProject, dockerDaemonId, kafkaClusterId, databaseSystemId, databaseOid, databaseName },
    steps,
    payments,
    previews,
    refusals,
    warnings: [...new Set([...planned.flatMap(({ warnings }) => warnings), ...laterWarnings(later)])],
    confirm: confirmText(state, machine, previews),
  };
}

/** A cause is put into words where it begins with a person, where no machine step came of it, or where it is not settled. */
function instructions(
  selection: Selection,
  offers: readonly Offer[],
  outcomes: readonly Outcome[],
  later: readonly Task[],
): readonly DraftStep[] {
  if (selection.repair !== null && selection.repair !== 'manual-instructions') return [];
  const isServed = ({ cause }: Offer): boolean =>
    outcomes.some(
      (outcome) =>
        hasSteps(outcome) && cause.repairs.includes(outcome.task.repair) && isAbout(outcome.task, cause),
    ) || later.some((task) => cause.repairs.includes(task.repair) && isAbout(task, cause));
  return offers
    .filter((offer) => !offer.isSettled || beginsByHand(offer.cause) || !isServed(offer))
    .filter((offer) => !isRefusedAlone(offer, outcomes))
    .map(({ cause, payments, isSettled: settled }) => {
      const missing = cause.repairs.filter((id) => !isOffered(id));
      const shown = settled || cause.level === 'unlikely' ? cause : { ...cause, level: 'possible' as const };
      return instructStep(shown, payments, missing);
    });
}

/** Missing topics are made together, whichever stage they were offered for. */
const isAbout = (task: Task, cause: RankedCause): boolean =>
  task.repair === 'create-topics' ||
  task.stage === null ||
  cause.stage === null ||
  task.stage === cause.stage;

/** Its only repairs were refused, each with its own hint: another instruction would say less. */
function isRefusedAlone({ cause, isSettled: settled }: Offer, outcomes: readonly Outcome[]): boolean {
  const known = cause.repairs.filter(isOffered);
  const isPlain = settled && known.length === cause.repairs.length && !known.includes('manual-instructions');
  return (
    isPlain && outcomes.some((outcome) => isRefusal(outcome.planned) && outcome.task.cause?.id === cause.id)
  );
}

/** Named by hand, and there is nothing that it could be about. */
function emptySelection(
  selection: Selection,
  offers: readonly Offer[],
  outcomes: readonly Outcome[],
): readonly Refusal[] {
  if (selection.repair === null || outcomes.length > 0 || offers.length > 0) return [];
  return [
    refusal(selection.repair, selection.stage, {
      reason: 'nothing was found that it could be about',
      hint: 'kc-doctor shows what is wrong; name a stage with --stage or a payment',
    }),
  ];
}

function laterWarnings(later: readonly Task[]): readonly string[] {
  const replays = new Set(
    later.filter(({ repair }) => repair === 'replay-payment').flatMap(({ payments }) => payments),
  );
  const others = later.filter(({ repair }) => repair !== 'replay-payment');
  return [
    ...others.map(
      ({ repair, stage }) =>
        `${repair}${stage === null ? '' : ` --stage ${stage}`} is looked at again once this is done`,
    ),
    ...(replays.size > 0
      ? ['payments that are still missing once this is done and looked at again are then replayed by name']
      : []),
  ];
}

/** Workers are stopped before anything is moved, and started from the last stage back to the first (catalogue.md 4.1). */
function inOrder(steps: readonly DraftStep[]): readonly DraftStep[] {
  if (steps.some(({ action }) => action.kind === 'produce-record')) return steps;
  return steps.toSorted((a, b) => phaseOf(a.action) - phaseOf(b.action) || stageOrder(a) - stageOrder(b));
}

function phaseOf({ kind }: Action): number {
  switch (kind) {
    case 'instruct':
      return 0;
    case 'stop-container':
    case 'wait-group-empty':
      return 1;
    case 'create-topic':
      return 2;
    case 'commit-offsets':
      return 3;
    case 'start-container':
    case 'wait-member':
      return 4;
    case 'produce-record':
    case 'wait-drain':
      return 5;
  }
}

function stageOrder({ stage, action }: DraftStep): number {
  const at = stage === null ? STAGES.length : STAGES.indexOf(stage);
  return phaseOf(action) === 4 ? -at : at;
}

function unique(previews: readonly PaymentPreview[]): readonly PaymentPreview[] {
  const byKey = new Map(
    previews.map((preview) => [
      `${preview.topic} ${preview.partition} ${preview.offset} ${preview.payment} ${preview.effect}`,
      preview,
    ]),
  );
  return [...byKey.values()];
}

/** What cannot be taken back: records produced, the commits of a new topic, and records passed whose payment loses by it. */
function confirmText(
  state: PlatformState,
  steps: readonly DraftStep[],
  previews: readonly PaymentPreview[],
): string | null {
  const irreversible = steps.filter(({ reversibility }) => reversibility === 'irreversible').length;
  const passed = previews.filter(({ effect }) => effect === 'skipped').length;
  const count = irreversible + passed;
  return count === 0 ? null : `${state.settings.platform}:${count}`;
}
