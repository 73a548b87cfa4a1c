import type { PartitionState } from '../../platform/state.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { knownTopics, stageOfTopic } from './known-topics.ts';

export const partitionsLed: Check = {
  id: 'topics/partitions-led',
  title: 'Every partition has a leader',
  required: true,
  after: ['topics/expected-exist'],
  needs: ['settings', 'topics'],
  explain:
    'A partition without a leader can be neither written nor read, and one of them stops its whole topic: producers fail to send to any of its partitions, and consumers that had joined crash. Bring back the broker that holds its data and keep the volume. Where a topic is replicated, a partition whose leader alone is in sync is one failure away from that.',
  examine(state) {
    const { present, gaps } = knownTopics(state);
    const findings = present.flatMap(({ topic, partitions }) =>
      partitions.flatMap((partition): readonly Finding[] => {
        const problem = problemOf(partition);
        if (problem === null) return [];
        return [
          {
            ...problem,
            subject: { kind: 'partition', topic, partition: partition.partition, group: null },
            stage: stageOfTopic(topic),
            expected: 'a leader, and followers in sync',
            summary: `${topic}[${partition.partition}]: ${problem.observed}`,
            hint: 'start the broker that holds it: docker compose up -d kafka',
            payments: [],
          },
        ];
      }),
    );
    const topics = present.length === 1 ? '1 topic exists' : `${present.length} topics exist`;
    return outcomeOf({ pass: `${topics}, every partition has a leader`, findings, gaps });
  },
};

function problemOf({
  leader,
  replicas,
  inSyncReplicas,
}: PartitionState): { readonly severity: 'warn' | 'fail'; readonly observed: string } | null {
  if (leader === null) return { severity: 'fail', observed: 'no leader' };
  return replicas > 1 && inSyncReplicas <= 1
    ? { severity: 'warn', observed: `1 of ${replicas} replicas in sync` }
    : null;
}
