import type { AdminProbe } from '../platform/state.ts';

/** Any HTTP answer of the base address is an answer; no answer throws DependencyError (system `admin-service`). */
export interface AdminServiceReader extends AsyncDisposable {
  probe(signal: AbortSignal): Promise<AdminProbe>;
}
