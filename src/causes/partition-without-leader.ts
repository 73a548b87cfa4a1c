import type { Cause } from './cause.ts';
import { inputTopicOf, opposes, reading, supports, unseenReading } from './readings.ts';

export const partitionWithoutLeader: Cause = {
  id: 'partition-without-leader',
  title: 'A partition without leader stops its topic',
  explains: [{ stages: 'any', roles: ['in', 'read'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'no-leader',
      'records',
      'decisive',
      (question) => {
        const topic = inputTopicOf(question);
        const state = question.state.topics[topic];
        if (state?.kind !== 'seen' || state.value.kind === 'absent') return unseenReading(`topics ${topic}`);
        const leaderless = state.value.partitions.filter(({ leader }) => leader === null);
        return reading(
          leaderless.length > 0,
          leaderless.length > 0
            ? `${topic}[${leaderless.map(({ partition }) => partition).join(', ')}] has no leader`
            : `every partition of ${topic} has a leader`,
          `topics ${topic}`,
        );
      },
      { discriminates: true },
    ),
    opposes('all-led', 'records', 'decisive', (question) => {
      const topic = inputTopicOf(question);
      const state = question.state.topics[topic];
      if (state?.kind !== 'seen' || state.value.kind === 'absent') return unseenReading(`topics ${topic}`);
      const isLed = state.value.partitions.every(({ leader }) => leader !== null);
      return reading(isLed, `every partition of ${topic} has a leader`, `topics ${topic}`);
    }),
  ],
  rival: 'topic-missing',
  probe: 'does the topic exist?',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'One partition of the topic has no leader: its broker is gone. Sends to every partition of the topic fail and joined consumers crash. Start the broker that holds the data and keep its volume.',
};
