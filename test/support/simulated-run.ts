import { createHash } from 'node:crypto';
import { type Consent, consentByFlags, type Grant } from '../../src/repair/consent.ts';
import { execute, type RunResult, resume as resumeRun, undoRun } from '../../src/repair/execute.ts';
import { sealPlan } from '../../src/repair/fingerprint.ts';
import { findRun } from '../../src/repair/journal.ts';
import { EVERYTHING, makePlan, type Selection } from '../../src/repair/make-plan.ts';
import type { Plan } from '../../src/repair/plan.ts';
import { refusesReading, refusesRecord, refusesRest } from '../../src/repair/replan.ts';
import type { RunRecord } from '../../src/repair/runs.ts';
import type { RepairWorld, RunEvent } from '../../src/repair/session.ts';
import type { Examined } from '../../src/repair/verify.ts';
import type { SimulatedPlatform } from './simulated-platform.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function planFrom(
  platform: SimulatedPlatform,
  selection: Partial<Selection> = {},
): Promise<Plan> {
  return planOf(await platform.observe([]), selection);
}

function planOf(examined: Examined, selection: Partial<Selection> = {}): Plan {
  return sealPlan(makePlan(examined.state, examined, { ...EVERYTHING, ...selection }), sha256);
}

function grantFor(plan: Plan, operator = 'alice'): Grant {
  const consent: Consent = consentByFlags(
    plan,
    { yes: true, confirm: plan.confirm, isSavedPlan: false, isCi: false },
    { operator, reason: null },
  );
  if (consent.kind === 'withheld') throw new Error(consent.reason);
  return consent.grant;
}

/** One operator's process on a simulated platform: it can be interrupted, and it can be killed at a fail point. */
export class SimulatedOperator {
  readonly events: RunEvent[] = [];
  readonly places: string[] = [];
  left: readonly string[] = [];
  /** Calls of methods that write, in order. */
  readonly writes: string[] = [];
  /** Dies when it comes here. */
  diesAt: string | null = null;
  /** Called at every fail point, before it dies there. */
  at: (place: string) => void = () => undefined;
  /** Called when it is asked about the next phase. */
  asked: () => void = () => undefined;
  readonly #platform: SimulatedPlatform;
  readonly #name: string;
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  #die: () => void = () => undefined;
  readonly #death: Promise<'killed'>;

  constructor(platform: SimulatedPlatform, name = 'alice') {
    this.#platform = platform;
    this.#name = name;
    this.#death = new Promise((resolve) => {
      this.#die = () => resolve('killed');
    });
  }

  interrupt(): void {
    this.#first.abort(new Error('interrupted'));
  }

  leave(): void {
    this.#second.abort(new Error('left'));
  }

  /** Null: it was killed on the way. */
  async apply(plan: Plan, run = 'run1'): Promise<RunResult | null> {
    return this.#untilDeath(execute(run, { plan, grant: grantFor(plan, this.#name) }, this.world()));
  }

  async resume(run = 'run1'): Promise<RunResult | null> {
    const record = await this.record(run);
    const plan = record.phases.at(-1)?.plan ?? record.phases[0].plan;
    return this.#untilDeath(resumeRun(record, grantFor(plan, this.#name), this.world()));
  }

  async undo(run = 'run1'): Promise<RunResult | null> {
    const record = await this.record(run);
    return this.#untilDeath(undoRun(record, grantFor(record.phases[0].plan, this.#name), this.world()));
  }

  async record(run = 'run1'): Promise<RunRecord> {
    const places = [this.#platform.ledger.open(), this.#platform.journalFile()];
    const found = await findRun(places, run, new AbortController().signal);
    if (found === null) throw new Error(`no run ${run}`);
    return found;
  }

  world(): RepairWorld {
    const platform = this.#platform;
    const { clock } = platform;
    return {
      open: async () => ({
        runtime: this.#counted(platform.runtime.runtime(), ['start', 'stop']),
        kafka: this.#counted(platform.kafka.operator(), ['createTopic', 'commitOffsets', 'produce']),
        ledger: platform.ledger.open(),
        file: platform.journalFile(),
        [Symbol.asyncDispose]: async () => undefined,
      }),
      observe: (asked, how) => platform.observe(asked, how),
      refusesRecord,
      refusesReading,
      refusesRest,
      next: async (examined, payments) => {
        this.asked();
        const plan = planOf(examined, { payments });
        const hasSteps = plan.steps.some(({ action }) => action.kind !== 'instruct');
        return hasSteps
          ? { kind: 'planned', plan, grant: grantFor(plan, this.#name) }
          : { kind: 'nothing', reasons: plan.refusals.map(({ reason }) => reason) };
      },
      clock,
      interrupted: this.#first.signal,
      leaving: this.#second.signal,
      failPoint: async (place) => {
        this.places.push(place);
        this.at(place);
        if (place !== this.diesAt) return;
        platform.ledger.loseHolder();
        this.#die();
        await new Promise<never>(() => undefined);
      },
      progress: (event) => {
        this.events.push(event);
      },
      leavesBehind: (commands) => {
        this.left = commands;
      },
      operator: this.#name,
      host: 'here',
    };
  }

  #counted<T extends object>(port: T, methods: readonly (keyof T & string)[]): T {
    const counted = { ...port };
    for (const method of methods) {
      const original = port[method];
      if (typeof original !== 'function') throw new Error(`${method} is no method`);
      counted[method] = ((...args: readonly unknown[]) => {
        this.writes.push(method);
        return Reflect.apply(original, port, args);
      }) as T[typeof method];
    }
    return counted;
  }

  async #untilDeath(run: Promise<RunResult>): Promise<RunResult | null> {
    const ended = await Promise.race([run, this.#death]);
    return ended === 'killed' ? null : ended;
  }
}
