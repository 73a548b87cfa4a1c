import { PIPELINE } from '../platform/pipeline.ts';
import type { Cause } from './cause.ts';
import { inputTopicOf, lineReading, ofKinds, opposes, reading, supports, unseenReading } from './readings.ts';

export const topicMissing: Cause = {
  id: 'topic-missing',
  title: 'Its topic does not exist',
  explains: [{ stages: 'any', roles: ['in', 'read'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: 80 %.
  prior: 0.8,
  evidence: [
    supports(
      'absent',
      'records',
      'decisive',
      (question) => {
        const topic = inputTopicOf(question);
        const state = question.state.topics[topic];
        if (state?.kind !== 'seen') return unseenReading(`topics ${topic}`);
        const isAbsent = state.value.kind === 'absent';
        return reading(
          isAbsent,
          isAbsent ? `${topic} does not exist: the broker was asked by name` : `${topic} exists`,
          `topics ${topic}`,
        );
      },
      { discriminates: true },
    ),
    supports('not-hosted', 'logs', 'strong', (question) =>
      lineReading(question, ofKinds('topic-not-hosted'), {
        found: () => 'it says that the server does not host the topic-partition',
        missing: '',
      }),
    ),
    opposes('exists', 'records', 'decisive', (question) => {
      const topic = inputTopicOf(question);
      const state = question.state.topics[topic];
      if (state?.kind !== 'seen') return unseenReading(`topics ${topic}`);
      return reading(state.value.kind === 'present', `${topic} exists`, `topics ${topic}`);
    }),
  ],
  rival: 'kafka-down',
  probe: 'does any other topic answer?',
  hurts: 'stage',
  repairs: ['create-topics', 'replay-payment'],
  explain:
    'The topic that this step reads does not exist. Its readers die at their start, and whoever writes to it fails. Deleting a topic deleted the committed offsets of its groups too: making it again is no repair by itself, because the writer sends within a second and the readers come back half a minute later at its end. Commit offset 0 for the groups before their workers start.',
  latent: (state) =>
    PIPELINE.filter(({ topics: [topic] }) => state.settings.expectedTopics.includes(topic)).flatMap(
      ({ stage, topics: [topic] }) => {
        const observed = state.topics[topic];
        return observed?.kind === 'seen' && observed.value.kind === 'absent'
          ? [{ stage, text: `${topic} does not exist` }]
          : [];
      },
    ),
};
