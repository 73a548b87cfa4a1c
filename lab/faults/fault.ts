import type { InjectedFault, Lab } from '../contract.ts';
import type { Generation } from '../platform.ts';

export type { InjectedFault, Lab } from '../contract.ts';

export interface FaultExpectation {
  /** Cause id with its stage, as the catalogue writes it: `worker-stopped@allocation`. null: no payment may be called harmed. */
  readonly topCause: string | null;
  /** Of a pair: what else must be named, beside it or of a cohort of its own. */
  readonly alsoCause?: string;
  readonly exitCode: 0 | 1 | 2 | 3;
}

export interface LabFault {
  readonly id: string;
  readonly title: string;
  /** The platform generation it needs. Absent: newest. The lab switches its services over and back. */
  readonly generation?: Generation;
  /**
   * The platform it starts from. Absent: `warm`, where each partition has a commit. `young` has none: no payment
   * has flowed, and a worker that is stopped there comes back at the end of its partitions.
   */
  readonly startsFrom?: 'warm' | 'young';
  readonly expects: FaultExpectation;
  /** Injects, and returns only once the user-visible effect was seen; rejects when it was not. */
  inject(lab: Lab): Promise<InjectedFault>;
  /** Takes the fault away and leaves nothing that was paid for undelivered. */
  heal(lab: Lab, injected: InjectedFault): Promise<void>;
}
