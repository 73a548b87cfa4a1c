import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { knownTopics, stageOfTopic } from './known-topics.ts';

export const partitionCount: Check = {
  id: 'topics/partition-count',
  title: 'Topics have the expected partition count',
  required: false,
  after: ['topics/expected-exist'],
  needs: ['settings', 'topics'],
  explain:
    'All events of one payment lie in one partition, of the same number in each topic, because all topics have the same partition count. A topic that a client created by accident has the default count of the broker, often 1; partitions that were added later are read only from the next join on, and what came before is skipped. The expected count is the setting partitionCount.',
  examine(state) {
    const expected = state.settings.partitionCount;
    const { present, gaps } = knownTopics(state);
    const findings = present
      .filter(({ partitions }) => partitions.length !== expected)
      .map(({ topic, partitions }): Finding => {
        const guess = partitions.length < expected ? '; perhaps created by accident' : '; added later';
        const observed = `${partitions.length} partitions, ${expected} expected${guess}`;
        return {
          severity: 'warn',
          subject: { kind: 'topic', topic },
          stage: stageOfTopic(topic),
          observed,
          expected: `${expected} partitions`,
          summary: `${topic}: ${observed}`,
          hint: `kafka-topics --describe --topic ${topic}; if this is meant, set partitionCount`,
          payments: [],
        };
      });
    return outcomeOf({ pass: `${expected} partitions in each of ${present.length} topics`, findings, gaps });
  },
};
