/** After the steps: what was set going must run, and each payment must arrive or hold still. */
import { DoctorError } from '../errors.ts';
import type { RowStage } from '../platform/effects.ts';
import type { PaymentId } from '../platform/ids.ts';
import { stageDefinition } from '../platform/pipeline.ts';
import type { Settled } from './act.ts';
import type { Plan } from './plan.ts';
import type { Phase, RepairWorld, Session } from './session.ts';
import {
  type Examined,
  type Flow,
  flowOf,
  lackingRow,
  type Standing,
  standingOf,
  unmovedOf,
} from './verify.ts';

/** catalogue.md 4, "Resolved" of start-worker and move-offsets. */
const FLOW_WITHIN_MS = 180_000;
/** "Wait for the drain ... at most 10 min" (catalogue.md 4.1). */
const DRAIN_WITHIN_MS = 600_000;
const LOOK_EVERY_MS = 1_000;

export type Verified =
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly reasons: readonly string[]; readonly examined: Examined }
  | {
      readonly kind: 'verified';
      readonly isComplete: boolean;
      /** Payments that were given a record and have not moved. */
      readonly unmoved: readonly string[];
      readonly examined: Examined;
    };

/** What was set going must run; then each payment must arrive, or hold still long enough that it will not by itself. */
export async function verify(session: Session, phase: Phase): Promise<Verified> {
  const { world, hands } = session;
  const payments = [...new Set(session.phases.flatMap(({ plan }) => plan.payments))];
  const restarts = Object.fromEntries(hands.restarts);
  const startMs = world.clock.monotonicMs();
  let hasHeld = false;
  let stillSinceMs: number | null = null;
  let places = '';
  for (;;) {
    const examined = await lookAgain(world, payments);
    if (examined === 'interrupted') return { kind: 'interrupted' };
    const nowMs = world.clock.monotonicMs();
    const flow = flowOf(phase.plan, examined.state, restarts);
    hasHeld ||= flow.kind === 'holds';
    if (flow.kind === 'broken' || (!hasHeld && nowMs - startMs >= FLOW_WITHIN_MS))
      return { kind: 'failed', reasons: flow.kind === 'holds' ? [] : flow.reasons, examined };
    const standings = standingsOf(examined, payments);
    if (flow.kind === 'holds') {
      if (standings.every(({ standing }) => standing === 'arrived'))
        return { kind: 'verified', isComplete: true, unmoved: [], examined };
      const seen = examined.traces.map((one) => `${one.payment} ${one.kind} ${one.firstMissing.hop}`).join();
      if (seen !== places || stillSinceMs === null) stillSinceMs = nowMs;
      places = seen;
      const isMoving = standings.some(({ standing }) => standing === 'on-the-way' || standing === 'unclear');
      const isStill = !isMoving && nowMs - stillSinceMs >= graceMs(phase.plan, examined);
      if (isStill) return incomplete(phase, examined);
    }
    if (nowMs - startMs >= DRAIN_WITHIN_MS) return incomplete(phase, examined);
    world.progress({ kind: 'verifying', waitsFor: waitsFor(flow, standings) });
  }
}

function incomplete({ plan }: Phase, examined: Examined): Verified {
  return { kind: 'verified', isComplete: false, unmoved: unmovedOf(plan, examined.traces), examined };
}

/**
 * A record that was given back and read is no success yet: until the worker has made its row of each payment. A batch that comes
 * to nothing is the last one, so that a reason which was not seen costs one record and not five hundred.
 */
export async function untilRows(
  { world, hands }: Session,
  payments: readonly PaymentId[],
  stage: RowStage,
  withinMs: number,
): Promise<Settled> {
  const endsAtMs = world.clock.monotonicMs() + withinMs;
  const { worker } = stageDefinition(stage);
  hands.waitingFor(`what ${worker} makes of what it has read`);
  for (;;) {
    const found = await rowsNow();
    if (found.outcome === 'done' || world.clock.monotonicMs() >= endsAtMs) return found;
    await world.clock.sleep(LOOK_EVERY_MS, hands.waiting);
  }

  async function rowsNow(): Promise<Settled> {
    try {
      const { traces } = await world.observe(payments, 'quick');
      const [first] = lackingRow(traces, payments, stage);
      return first === undefined
        ? { outcome: 'done', data: { text: `read, and ${worker} has done its work` } }
        : {
            outcome: 'not-done',
            data: { text: `${worker} has read the record of payment ${first} and made nothing of it` },
          };
    } catch (error) {
      if (!(error instanceof DoctorError) || world.leaving.aborted || world.interrupted.aborted) throw error;
      return { outcome: 'unknown', data: { text: `could not be looked at: ${error.message}` } };
    }
  }
}

/** A look that fails as a whole is no verdict: it is tried again for as long as the flow may take to come up. */
async function lookAgain(
  world: RepairWorld,
  payments: readonly PaymentId[],
): Promise<Examined | 'interrupted'> {
  const endsAtMs = world.clock.monotonicMs() + FLOW_WITHIN_MS;
  const waiting = AbortSignal.any([world.interrupted, world.leaving]);
  for (;;) {
    try {
      await world.clock.sleep(LOOK_EVERY_MS, waiting);
      return await world.observe(payments, 'whole');
    } catch (error) {
      if (world.leaving.aborted) throw error;
      if (world.interrupted.aborted) return 'interrupted';
      if (!(error instanceof DoctorError) || world.clock.monotonicMs() >= endsAtMs) throw error;
    }
  }
}

interface PaymentStanding {
  readonly payment: PaymentId;
  readonly standing: Standing;
}

function standingsOf({ traces }: Examined, payments: readonly PaymentId[]): readonly PaymentStanding[] {
  return payments.map((payment) => {
    const trace = traces.find((one) => one.payment === payment);
    return { payment, standing: trace === undefined ? 'unclear' : standingOf(trace) };
  });
}

/** The longest grace of a row; twice that for a record that was given to a worker (catalogue.md, replay-payment). */
function graceMs(plan: Plan, { state }: Examined): number {
  const { purchaseRowGraceMs, allocationRowGraceMs, sessionsGraceMs } = state.settings.thresholds;
  const grace = Math.max(purchaseRowGraceMs, allocationRowGraceMs, sessionsGraceMs);
  return plan.steps.some(({ action }) => action.kind === 'produce-record') ? 2 * grace : grace;
}

function waitsFor(flow: Flow, standings: readonly PaymentStanding[]): readonly string[] {
  if (flow.kind !== 'holds') return flow.reasons;
  const waiting = standings.filter(({ standing }) => standing !== 'arrived');
  return waiting.length === 0 ? [] : [`payments not there yet: ${waiting.length} of ${standings.length}`];
}
