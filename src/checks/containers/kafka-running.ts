import { SERVICES } from '../../platform/pipeline.ts';
import { serviceContainer } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { downText } from './down.ts';

export const kafkaRunning: Check = {
  id: 'containers/kafka-running',
  title: 'The broker runs',
  required: true,
  after: ['containers/runtime-answers'],
  needs: ['settings', 'containers'],
  explain:
    'Every event passes the broker. If its container is down, payment-service loses announcements and all workers wait. Start it before anything else and keep its volume: the workers come back by themselves about 34 s later. Where Kafka is managed, set managedKafka: true.',
  examine(state) {
    if (state.settings.managedKafka) {
      return { status: 'skipped', reason: 'configuration says that Kafka is managed' };
    }
    const found = serviceContainer(state, SERVICES.kafka);
    if (found.kind === 'unseen') return { status: 'unknown', gap: found.gap };
    if (found.kind === 'absent') {
      return { status: 'skipped', reason: 'the platform has no kafka container: its broker is elsewhere' };
    }
    const { container } = found;
    if (container.status === 'running') return { status: 'pass', summary: `${container.name} is running` };
    const observed = downText(container, state.takenAtMs);
    return outcomeOf({
      pass: '',
      gaps: [],
      findings: [
        {
          severity: 'fail',
          subject: { kind: 'container', name: container.name, service: SERVICES.kafka },
          stage: null,
          observed,
          expected: 'running',
          summary: `kafka: ${observed}`,
          hint: `start it first: docker start ${container.name}`,
          payments: [],
        },
      ],
    });
  },
};
