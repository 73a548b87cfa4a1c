import type { GapCode } from '../../platform/observed.ts';
import { SERVICES } from '../../platform/pipeline.ts';
import type { PlatformState } from '../../platform/state.ts';
import { connectivityProblem, expectedStages, serviceContainer } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

/** Codes that a broker which is down gives; a name that does not resolve or a login that fails is about our own route. */
const DOWN_CODES: readonly GapCode[] = ['refused', 'timeout'];

export const brokerAnswers: Check = {
  id: 'topics/broker-answers',
  title: 'Every broker answers',
  required: true,
  after: [],
  needs: ['cluster', 'containers', 'logs', 'settings'],
  explain:
    'The broker is asked from here. If it does not answer, that is a fault of the platform only if a worker cannot reach it either, or its container is down; else our own route is to blame. The broker advertises kafka:9092, which resolves inside the compose network alone: give an address map in kafka.addressMap.',
  examine(state) {
    const { cluster } = state;
    if (cluster.kind === 'seen') {
      return { status: 'pass', summary: answering(cluster.value.brokers.length) };
    }
    const proof = proofOf(state, cluster.gap.code);
    if (proof === null) return { status: 'unknown', gap: cluster.gap };
    const observed = `${cluster.gap.reason}; ${proof}`;
    return outcomeOf({
      pass: '',
      gaps: [],
      findings: [
        {
          severity: 'fail',
          subject: { kind: 'system', name: 'kafka' },
          stage: null,
          observed,
          expected: 'an answer',
          summary: `kafka: ${observed}`,
          hint: 'start the broker and keep its volume: docker compose up -d kafka',
          payments: [],
        },
      ],
    });
  },
};

function answering(brokers: number): string {
  return brokers === 1 ? '1 broker answers' : `${brokers} brokers answer`;
}

function proofOf(state: PlatformState, code: GapCode): string | null {
  const kafka = state.settings.managedKafka ? null : serviceContainer(state, SERVICES.kafka);
  if (kafka?.kind === 'seen' && kafka.container.status !== 'running') {
    return `${kafka.container.name} is ${kafka.container.status}`;
  }
  if (!DOWN_CODES.includes(code)) return null;
  const cut = expectedStages(state).find(({ worker }) => {
    const problem = connectivityProblem(state, worker);
    return problem !== null && problem !== 'unseen' && !problem.joinedSince;
  });
  return cut === undefined ? null : `${cut.worker} cannot reach it either`;
}
