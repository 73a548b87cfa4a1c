import {
  allocationResult,
  EFFECTS,
  type EffectId,
  type HopStatus,
  type PaymentCase,
} from '../platform/effects.ts';
import type { PlatformState } from '../platform/state.ts';
import type { FirstMissing } from './trace.ts';

const COMPLETE: FirstMissing = { state: 'complete', hop: null, untilHop: null, gap: null };

/** What a later effect must be for an unseen one before it to be lost as well. */
const DECIDED: readonly HopStatus[] = ['missing', 'blocked', 'skipped'];

/**
 * The next effect after the last one that is there (catalogue.md 2). Those before it that are not there were bypassed: the work came
 * another way. Where the next one was not seen, a later one that is decidedly missing gives a range.
 */
export function firstMissing(one: PaymentCase): FirstMissing {
  const last = EFFECTS.findLastIndex((id) => one.effect(id).status === 'done');
  const rest = EFFECTS.slice(last + 1).filter((id) => one.effect(id).status !== 'not-applicable');
  const [next, ...later] = rest;
  if (next === undefined) return COMPLETE;
  const { status, gap } = one.effect(next);
  switch (status) {
    case 'waiting': {
      // What was not seen further on may be there, and then this payment stopped behind it.
      const unseen = later.find((id) => one.effect(id).status === 'unknown');
      return unseen === undefined
        ? { state: 'in-progress', hop: next, untilHop: null, gap: null }
        : { state: 'undetermined', hop: next, untilHop: null, gap: one.effect(unseen).gap };
    }
    case 'missing':
    case 'blocked':
    case 'skipped':
      return { state: 'stuck', hop: next, untilHop: null, gap: null };
    case 'unknown': {
      const decided = later.find((id) => DECIDED.includes(one.effect(id).status));
      return decided === undefined
        ? { state: 'undetermined', hop: next, untilHop: null, gap }
        : { state: 'stuck', hop: next, untilHop: decided, gap };
    }
    case 'done':
    case 'not-applicable':
      throw new Error(`${next} is ${status} and cannot be missing`);
  }
}

/**
 * The row that will not come by itself, where a person must act: no course is named, the course is owned already, or the assignment
 * ended without a live allocation. An allocation that was closed after its sessions were made is over, not waiting.
 */
export function waitsForPerson(state: PlatformState, one: PaymentCase): EffectId | null {
  const kind = one.identity().class;
  if (kind === 'no-course' || kind === 'repeat') return 'purchase-row';
  if (kind === 'not-succeeded' || kind === 'ended') return null;
  const result = allocationResult(one);
  if (result === null) return null;
  if (result.status === 'pending' || state.sessions.kind === 'unseen') return 'allocation-row';
  const had = state.sessions.value.some((row) => row.allocationId === result.allocationId && row.total > 0);
  return had ? null : 'allocation-row';
}

/** Time of the last effect that is there and has a time. */
export function stoppedAfterMs(one: PaymentCase): number | null {
  const last = EFFECTS.findLast((id) => one.effect(id).status === 'done' && one.effect(id).atMs !== null);
  return last === undefined ? null : one.effect(last).atMs;
}
