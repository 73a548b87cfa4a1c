import { durationText } from '../../platform/duration.ts';
import type { Gap, GapCode } from '../../platform/observed.ts';
import type { PlatformState } from '../../platform/state.ts';
import { expectedStages, isFinishLine, workerLog } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

/** Codes that a database gives which serves nobody; a missing setting or a lacking right is our own. */
const DOWN_CODES: readonly GapCode[] = ['refused', 'timeout', 'unauthenticated', 'protocol'];

export const databaseAnswers: Check = {
  id: 'schema/database-answers',
  title: 'Postgres answers',
  required: true,
  after: [],
  needs: ['database', 'logs', 'containers', 'settings'],
  explain:
    'Payments, purchases, allocations and sessions are rows in one managed database. If it does not answer from here, that is a fault of the platform only if a worker is refused too; else check our own POSTGRES_URL, its TLS mode (sslmode=require) and the allowed addresses.',
  examine(state) {
    const { database } = state;
    if (database.kind === 'seen') {
      const { name, serverVersion, inRecovery, replayLagMs } = database.value;
      if (replayLagMs !== null && replayLagMs > state.settings.thresholds.skewFailMs) {
        return { status: 'unknown', gap: oldReplica(replayLagMs) };
      }
      const role = inRecovery ? 'a replica' : 'primary';
      return { status: 'pass', summary: `${name}, Postgres ${serverVersion}, ${role}` };
    }
    const worker = DOWN_CODES.includes(database.gap.code) ? refusedWorker(state) : null;
    if (worker === null) return { status: 'unknown', gap: database.gap };
    const observed = `${database.gap.reason}; ${worker} is refused too`;
    return outcomeOf({
      pass: '',
      gaps: [],
      findings: [
        {
          severity: 'fail',
          subject: { kind: 'system', name: 'postgres' },
          stage: null,
          observed,
          expected: 'an answer',
          summary: `postgres: ${observed}`,
          hint: 'check POSTGRES_URL, TLS and the state of the managed database',
          payments: [],
        },
      ],
    });
  },
};

/** What it shows is past: a payment of the last minutes is not on it, whatever became of it. */
function oldReplica(lagMs: number): Gap {
  return {
    system: 'postgres',
    operation: 'the present rows',
    code: 'incomplete',
    reason: `the database is a replica that is ${durationText(lagMs)} behind`,
    hint: 'give the address of the primary in POSTGRES_URL, or repair the replication',
  };
}

function refusedWorker(state: PlatformState): string | null {
  const refused = expectedStages(state).find(({ worker }) => {
    const log = workerLog(state, worker);
    if (log.kind === 'unseen') return false;
    const { lines } = log.value;
    const error = lines.findLastIndex(({ kind }) => kind === 'database-connection');
    return error !== -1 && !lines.slice(error + 1).some(isFinishLine);
  });
  return refused?.worker ?? null;
}
