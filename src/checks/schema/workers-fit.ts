import { durationText } from '../../platform/duration.ts';
import type { PlatformState } from '../../platform/state.ts';
import { isFinishLine, linesSinceStart, logReachesStart, workerLog } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import {
  type DeployedWorker,
  isUp,
  type Judged,
  perWorker,
  workerFinding,
} from '../containers/per-worker.ts';

export const workersFit: Check = {
  id: 'schema/workers-fit',
  title: 'Worker images match the schema',
  required: false,
  after: ['containers/workers-deployed'],
  needs: ['logs', 'containers', 'settings'],
  explain:
    'A worker image older than the schema asks for a column or table that is gone, such as start_date of student_course_purchases (SQLSTATE 42703 or 42P01), and fails every record with it. Lines before the present start do not count: they may be of an image that has been replaced. Deploy the present image; the records come back by themselves.',
  examine: (state) =>
    perWorker(
      state,
      (count) => `${count} workers, none asks for what the schema lacks`,
      (worker) => (isUp(worker) ? judge(worker, state) : null),
    ),
};

function judge(worker: DeployedWorker, state: PlatformState): Judged {
  const service = worker.definition.worker;
  const lines = linesSinceStart(state, service);
  const line = lines?.findLast(({ kind }) => kind === 'undefined-column');
  if (line !== undefined) {
    return workerFinding(worker, {
      severity: 'fail',
      observed: `${line.message}, ${durationText(state.takenAtMs - line.atMs)} ago`,
      expected: 'an image as new as the schema',
      hint: `deploy the present image: docker compose pull ${service}, then docker compose up -d ${service}`,
    });
  }
  // Every record would have failed: one that was finished shows that it fits.
  if (lines?.some(isFinishLine) || logReachesStart(state, service)) return null;
  const log = workerLog(state, service);
  if (log.kind === 'unseen') return { gap: log.gap };
  return {
    gap: {
      system: 'docker',
      operation: `log of ${worker.container.name}`,
      code: 'incomplete',
      reason: 'what was read of it does not reach back to its start',
      hint: `docker logs ${worker.container.name}`,
    },
  };
}
