import { durationText } from '../../platform/duration.ts';
import { paymentsWaitingFor } from '../../platform/waiting.ts';
import { crashForGoodAtMs, isLivingByGroup, workerLog } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { perWorker, workerFinding } from './per-worker.ts';

export const consumersAlive: Check = {
  id: 'containers/consumers-alive',
  title: 'No consumer is dead in a running container',
  required: true,
  after: ['containers/workers-running'],
  needs: ['settings', 'containers', 'logs', 'groups', 'topics', 'records'],
  explain:
    'After certain errors, such as a record that is not JSON or a start date that cannot be read, the Kafka client stops for good while the container stays up: nothing is read from any partition, and the restart count does not move. The sign is a final crash and "Stopped" in the log with no restart or join after it. A restart dies on the same record at once: pass that record first with kc-doctor fix quarantine-record.',
  examine: (state) =>
    perWorker(
      state,
      (count) => `${count} workers, no dead consumer`,
      (worker) => {
        const { definition, container } = worker;
        if (container.status !== 'running') return null;
        const crashedAtMs = crashForGoodAtMs(state, definition.worker);
        if (typeof crashedAtMs === 'number') {
          return workerFinding(worker, {
            severity: 'fail',
            observed: `container up, consumer dead for ${durationText(state.takenAtMs - crashedAtMs)}: no partition is read`,
            expected: 'a consumer that restarts after a crash',
            hint: 'kc-doctor fix quarantine-record; a restart alone dies on the same record',
            payments: paymentsWaitingFor(state, definition),
          });
        }
        if (crashedAtMs === false || isLivingByGroup(state, definition)) return null;
        const log = workerLog(state, definition.worker);
        return {
          gap:
            log.kind === 'unseen'
              ? log.gap
              : {
                  system: 'docker',
                  operation: `log of ${container.name}`,
                  code: 'incomplete',
                  reason: 'what was read of the log does not reach back to the start of the container',
                  hint: `docker logs ${container.name} 2>&1 | grep -F '[Consumer]'`,
                },
        };
      },
    ),
};
