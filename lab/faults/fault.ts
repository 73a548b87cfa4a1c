import type { Lab } from '../lab.ts';
import type { Generation } from '../platform.ts';

export interface FaultExpectation {
  /** Cause id with its stage, as the catalogue writes it: `worker-stopped@allocation`. */
  readonly topCause: string;
  readonly exitCode: 0 | 1 | 2 | 3;
}

export interface InjectedFault {
  /** The payments that the fault hurts. */
  readonly payments: readonly string[];
  /** What `heal` must know and may run in another process: offsets, switched ids. Plain JSON strings. */
  readonly notes?: Readonly<Record<string, string>>;
}

export interface LabFault {
  readonly id: string;
  readonly title: string;
  /** The platform generation it needs. Absent: newest. The lab switches its services over and back. */
  readonly generation?: Generation;
  readonly expects: FaultExpectation;
  /** Injects, and returns only once the user-visible effect was seen; rejects when it was not. */
  inject(lab: Lab): Promise<InjectedFault>;
  /** Takes the fault away and leaves nothing that was paid for undelivered. */
  heal(lab: Lab, injected: InjectedFault): Promise<void>;
}
