import { durationText } from '../../platform/duration.ts';
import { stageDefinition } from '../../platform/pipeline.ts';
import { serviceContainer, workerLog } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { isUp, workerFinding } from './per-worker.ts';

export const cacheReachesRedis: Check = {
  id: 'containers/cache-reaches-redis',
  title: 'cache-worker reaches Redis',
  required: false,
  after: ['containers/workers-running'],
  needs: ['settings', 'containers', 'logs'],
  explain:
    'cache-worker deletes the cached pages of a student when something new is there. If Redis refuses, it logs a failure and goes on, so students see old pages and nothing is retried. Correct REDIS_URL, then delete the pages with kc-doctor fix invalidate-student-cache.',
  examine(state) {
    const definition = stageDefinition('cache');
    const found = serviceContainer(state, definition.worker);
    if (found.kind === 'unseen') return { status: 'unknown', gap: found.gap };
    if (found.kind === 'absent') return { status: 'skipped', reason: 'the platform has no cache-worker' };
    const worker = { definition, container: found.container };
    if (!isUp(worker)) return { status: 'skipped', reason: 'cache-worker is not up' };
    const log = workerLog(state, definition.worker);
    if (log.kind === 'unseen') return { status: 'unknown', gap: log.gap };
    const { lines } = log.value;
    const failures = lines.filter(({ kind }) => kind === 'redis-failed');
    const last = failures.at(-1);
    // It logs no line of its own for a success: an event that came later, had its time and did not fail.
    const hasWorkedSince = lines.some(
      ({ kind, atMs }) =>
        kind === 'received' &&
        last !== undefined &&
        atMs > last.atMs &&
        state.takenAtMs - atMs > state.settings.thresholds.cacheGraceMs,
    );
    if (last === undefined || hasWorkedSince) {
      return { status: 'pass', summary: 'no Redis failure since its last event' };
    }
    const age = durationText(state.takenAtMs - last.atMs);
    const { finding } = workerFinding(worker, {
      severity: 'warn',
      observed: `${failures.length} Redis failures, the last ${age} ago: students see old pages`,
      expected: 'cached pages deleted after every event',
      hint: 'check REDIS_URL, then kc-doctor fix invalidate-student-cache',
    });
    return outcomeOf({ pass: '', findings: [finding], gaps: [] });
  },
};
