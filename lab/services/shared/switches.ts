import { readFileSync } from 'node:fs';

/** The switches of the lab's faults, per service. All are off when absent. */
export interface Switches {
  /** payment-service: the mark is made, then the send goes to a port where no broker listens. */
  readonly failSend?: boolean;
  /** payment-service: whether a failed send is put on the retry queue. Default: true. */
  readonly fallback?: boolean;
  /** payment-service: whether PURCHASE_CONFIRMED is emitted at all. Default: true. */
  readonly emit?: boolean;
  /** purchase-worker: payments whose handler always throws. */
  readonly failPaymentIds?: readonly string[];
  /** purchase-worker: insert into the column that the present schema no longer has. */
  readonly writeStartDate?: boolean;
  /** purchase-worker, older allocation-worker: skip what anybody marked, emitter and cache-worker included. */
  readonly guardFirst?: boolean;
  /** admin-service: what auto-assign does instead of its work; `hang` does it after a minute. */
  readonly autoAssign?: '500' | '400' | '202' | 'no-row' | 'hang';
  /** allocation-worker, newest: no trainer is ever free. */
  readonly noTrainer?: boolean;
  /** allocation-worker, newest: the process ends between the allocation's row and its event. */
  readonly dieBeforeEmission?: boolean;
  /** allocation-worker, older: mark as soon as admin-service has answered, look at no table. */
  readonly earlyMark?: boolean;
  /** Every worker: the first attempt of each delivery fails. */
  readonly failFirstAttempt?: boolean;
  /** cache-worker: do not let the owner of a shared mark go first. */
  readonly markFirst?: boolean;
  /** Every worker: wait before each handler. */
  readonly delayMs?: number;
}

/** Read before each event and request, so that a fault needs no restart. */
export function readSwitches(path: string | undefined): Switches {
  if (path === undefined) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Switches;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
