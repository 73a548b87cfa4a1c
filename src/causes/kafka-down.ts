import { PIPELINE, SERVICES } from '../platform/pipeline.ts';
import { connectivityProblem } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import { containerReading, opposes, reading, supports, unseenReading } from './readings.ts';

export const kafkaDown: Cause = {
  id: 'kafka-down',
  title: 'The broker is down',
  explains: [{ stages: 'any', roles: ['in', 'read', 'out'] }],
  scope: 'platform',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: listed, no figure.
  prior: 0.3,
  evidence: [
    supports(
      'refused-everywhere',
      'records',
      'decisive',
      ({ state }) => {
        if (state.cluster.kind === 'seen') return reading(false, 'the broker answers', 'brokers');
        const alsoWorkers = PIPELINE.some(({ worker }) => {
          const problem = connectivityProblem(state, worker);
          return problem !== null && problem !== 'unseen' && !problem.joinedSince;
        });
        return alsoWorkers
          ? reading(
              true,
              `the broker does not answer here (${state.cluster.gap.reason}), nor to the workers`,
              'brokers',
            )
          : unseenReading('brokers');
      },
      { discriminates: true },
    ),
    supports('container-down', 'containers', 'strong', ({ state }) => {
      if (state.settings.managedKafka) return unseenReading('containers kafka');
      return containerReading(
        state,
        SERVICES.kafka,
        ({ name, status }) => ({ holds: status !== 'running', text: `${name} is ${status}` }),
        { holds: false, text: '' },
      );
    }),
    opposes('answers', 'records', 'decisive', ({ state }) =>
      state.cluster.kind === 'seen'
        ? reading(true, 'the broker answers', 'brokers')
        : unseenReading('brokers'),
    ),
  ],
  rival: 'worker-cannot-reach-kafka',
  probe: 'does one worker fail, or all of them?',
  hurts: 'all',
  repairs: ['manual-instructions'],
  explain:
    'No part of the platform reaches the broker. Start the broker that holds the data and keep its volume; workers that had joined come back by themselves about half a minute later.',
};
