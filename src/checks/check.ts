import type { PaymentId } from '../platform/ids.ts';
import type { Gap } from '../platform/observed.ts';
import type { Stage } from '../platform/pipeline.ts';
import type { PlatformState } from '../platform/state.ts';

export type NonEmpty<T> = readonly [T, ...T[]];

export const CHECK_GROUPS = ['containers', 'topics', 'offsets', 'events', 'allocation', 'schema'] as const;
export type CheckGroup = (typeof CHECK_GROUPS)[number];
export type CheckId = `${CheckGroup}/${string}`;

export type Subject =
  | { readonly kind: 'system'; readonly name: string }
  | { readonly kind: 'container'; readonly name: string; readonly service: string }
  | { readonly kind: 'topic'; readonly topic: string }
  | {
      readonly kind: 'partition';
      readonly topic: string;
      readonly partition: number;
      readonly group: string | null;
    }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'index'; readonly name: string }
  | { readonly kind: 'payment'; readonly payment: PaymentId }
  | { readonly kind: 'allocation'; readonly allocation: string };

/** States what is wrong, never why: that belongs to causes. Without payments it is latent. */
export interface Finding {
  readonly severity: 'warn' | 'fail';
  readonly subject: Subject;
  readonly stage: Stage | null;
  readonly observed: string;
  readonly expected: string;
  /** "subject: text", one line, no full stop. */
  readonly summary: string;
  /** Names a command or a setting. */
  readonly hint: string;
  readonly payments: readonly PaymentId[];
}

export type CheckOutcome =
  | { readonly status: 'pass'; readonly summary: string }
  | { readonly status: 'warn' | 'fail'; readonly summary: string; readonly findings: NonEmpty<Finding> }
  | { readonly status: 'skipped'; readonly reason: string }
  | { readonly status: 'unknown'; readonly gap: Gap };

export type StatePart = Exclude<keyof PlatformState, 'takenAtMs' | 'durationMs' | 'lookups'>;

export interface Check {
  /** Equals the file's path below src/checks. */
  readonly id: CheckId;
  /** The healthy condition in the present tense. */
  readonly title: string;
  /** A verdict of health rests on it: could not look makes exit code 3. */
  readonly required: boolean;
  /** Checks that go first: after a failed one this one is skipped, after an unknown one unknown. */
  readonly after: readonly CheckId[];
  /** Parts of the state that examine touches. */
  readonly needs: readonly StatePart[];
  /** What it looks at, why that matters, what to do: one paragraph for `kc-doctor explain` and docs/. */
  readonly explain: string;
  readonly examine: (state: PlatformState) => CheckOutcome;
}

export interface CheckResult {
  readonly id: CheckId;
  readonly title: string;
  readonly required: boolean;
  readonly outcome: CheckOutcome;
}
