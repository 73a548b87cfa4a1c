import type { Generation } from './settings.ts';
import type { PlatformState } from './state.ts';
import { workerLog } from './workers.ts';

/**
 * Which allocation code the platform runs: the older one calls admin-service over HTTP, the newest assigns in its own process.
 * Null: no sign, or signs that conflict; then nothing may rest on it (catalogue.md 0).
 */
export function generationOf(state: PlatformState): Generation | null {
  if (state.settings.generation !== null) return state.settings.generation;
  const signs = new Set([signOfLog(state), signOfRecords(state), signOfSessions(state)]);
  signs.delete(null);
  const [only, other] = signs;
  return other === undefined ? (only ?? null) : null;
}

/** "Auto Assignment:" in allocation-worker's own log; the call line is printed by both generations. */
function signOfLog(state: PlatformState): Generation | null {
  const log = workerLog(state, 'allocation-worker');
  if (log.kind === 'unseen') return null;
  return log.value.lines.some(({ kind }) => kind.startsWith('auto-assignment')) ? 'newest' : null;
}

/** The newest code announces an allocation under its own id first; only a complete scan shows that nobody did. */
function signOfRecords(state: PlatformState): Generation | null {
  let sign: Generation | null = null;
  for (const scans of Object.values(state.records.byPayment)) {
    const scan = scans['trainer-allocated'];
    if (scan?.kind !== 'seen' || scan.value.hits.length === 0) continue;
    const { hits, allPartitions, key } = scan.value;
    if (hits.some((hit) => hit.key !== null && hit.key === hit.allocationId)) return 'newest';
    if (allPartitions && hits.every((hit) => hit.key === key)) sign = 'older';
  }
  return sign;
}

/** The newest session-worker leaves course_id null; the newest rows that were seen decide. */
function signOfSessions(state: PlatformState): Generation | null {
  if (state.sessions.kind === 'unseen') return null;
  const [newest] = state.sessions.value
    .filter(({ courseIdSet }) => courseIdSet !== null)
    .toSorted((a, b) => (b.firstCreatedAtMs ?? 0) - (a.firstCreatedAtMs ?? 0));
  if (newest === undefined) return null;
  return newest.courseIdSet === true ? 'older' : 'newest';
}
