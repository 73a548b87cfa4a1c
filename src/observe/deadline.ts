import { DependencyError } from '../errors.ts';
import { type Gap, type Observed, type SystemId, seen, unseen } from '../platform/observed.ts';
import type { Clock } from '../ports/clock.ts';
import type { Observer } from '../ports/progress.ts';

/** Budgets of design.md 2, for a total of 15 s; all in milliseconds. A smaller total shrinks them in proportion. */
export interface Budget {
  readonly totalMs: number;
  /** Survey of one system, connecting included. */
  readonly surveyMs: number;
  readonly followUpMs: number;
  /** Log of one container. */
  readonly logMs: number;
  /** Polls of offsets are made only while this much is left. */
  readonly pollsNeedMs: number;
}

export function budget(totalMs: number): Budget {
  const share = Math.min(1, totalMs / 15_000);
  return {
    totalMs,
    surveyMs: 5_000 * share,
    followUpMs: 3_000 * share,
    logMs: 3_000 * share,
    pollsNeedMs: 7_000 * share,
  };
}

class DeadlinePassed extends Error {}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** What one system is asked under: a signal that ends with the caller's, and the system's own deadline. */
export interface Desk {
  readonly clock: Clock;
  readonly observer: Observer;
  /** Aborted by Ctrl-C; never by a deadline of one system. */
  readonly signal: AbortSignal;
  /** On the monotonic clock; no question outlives it. */
  readonly endsAtMs: number;
}

/**
 * Asks one question under a deadline and turns failure into a gap. Only the caller's own abort is thrown on: a system that hangs,
 * refuses or answers nonsense costs that part alone. The work is left behind if it does not heed its signal, so a client that
 * ignores aborts cannot hold the run.
 */
export async function look<T>(
  desk: Desk,
  question: { readonly system: SystemId; readonly operation: string; readonly withinMs: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Observed<T>> {
  const { system, operation } = question;
  const withinMs = Math.max(0, Math.min(question.withinMs, desk.endsAtMs - desk.clock.monotonicMs()));
  desk.signal.throwIfAborted();
  desk.observer({ kind: 'part-started', system, what: operation });
  const deadline = new AbortController();
  const signal = AbortSignal.any([desk.signal, deadline.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const value = await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(reasonOf(signal)), { once: true });
      timer = setTimeout(() => deadline.abort(new DeadlinePassed()), withinMs);
      work(signal).then(resolve, reject);
    });
    desk.observer({ kind: 'part-seen', system, what: operation });
    return seen(value, desk.clock.nowMs());
  } catch (error) {
    if (desk.signal.aborted) throw desk.signal.reason;
    const gap = deadline.signal.aborted ? lateGap({ system, operation, withinMs }) : gapOf(error, question);
    desk.observer({ kind: 'part-unseen', system, what: operation, reason: gap.reason });
    return unseen(gap);
  } finally {
    clearTimeout(timer);
  }
}

const CALLED: Readonly<Record<SystemId, string>> = {
  docker: 'Docker',
  compose: 'the compose files',
  kafka: 'Kafka',
  postgres: 'Postgres',
  'admin-service': 'admin-service',
  redis: 'Redis',
  journal: 'the journal',
};

function lateGap(question: {
  readonly system: SystemId;
  readonly operation: string;
  readonly withinMs: number;
}): Gap {
  return {
    system: question.system,
    operation: question.operation,
    code: 'timeout',
    reason: `no answer from ${CALLED[question.system]} within ${(question.withinMs / 1000).toFixed(1)} s`,
    hint: 'see that it runs and that nothing between here and it drops packets; raise --timeout if it is only slow',
  };
}

/** Errors of adapters carry their own words; anything else is a defect of ours and still only costs this part. */
function gapOf(error: unknown, question: { readonly system: SystemId; readonly operation: string }): Gap {
  if (error instanceof DependencyError) {
    return {
      system: error.system,
      operation: question.operation,
      code: error.gapCode,
      reason: error.message.replace(/\.$/, ''),
      hint: error.hint,
    };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    system: question.system,
    operation: question.operation,
    code: 'other',
    reason: `unexpected ${text}`,
    hint: 'please report this as a defect of kc-doctor, with --verbose output',
  };
}
