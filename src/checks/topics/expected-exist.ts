import { NEWER_TOPICS } from '../../platform/pipeline.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { knownTopics, readersOf, stageOfTopic } from './known-topics.ts';

export const expectedExist: Check = {
  id: 'topics/expected-exist',
  title: 'Every expected topic exists',
  required: true,
  after: ['topics/broker-answers'],
  needs: ['settings', 'topics'],
  explain:
    'A worker whose topic is missing dies 0.4 s after its start, and its last line names no topic; cache-worker reads three and dies for any of them. A topic is called absent only if the broker says so to a request that names it: not authorized is unknown. Deleting a topic deletes the committed offsets of its groups, so create it with kc-doctor fix create-topics, which sets them before the readers start. Topics that only newer platforms have may be missing.',
  examine(state) {
    const { expectedTopics } = state.settings;
    const { absent, gaps } = knownTopics(state);
    const findings = absent
      .filter((topic) => expectedTopics.includes(topic))
      .map((topic): Finding => {
        const readers = readersOf(topic);
        const observed = `does not exist${readers.length === 0 ? '' : `; ${readers.join(', ')} die at start`}`;
        return {
          severity: 'fail',
          subject: { kind: 'topic', topic },
          stage: stageOfTopic(topic),
          observed,
          expected: 'a topic',
          summary: `${topic}: ${observed}`,
          hint: 'kc-doctor fix create-topics',
          payments: [],
        };
      });
    const older = NEWER_TOPICS.filter((topic) => absent.includes(topic) && !expectedTopics.includes(topic));
    const note = older.length === 0 ? '' : `; older platform, without ${older.join(', ')}`;
    const pass = `${expectedTopics.length} of ${expectedTopics.length} exist${note}`;
    return outcomeOf({ pass, findings, gaps });
  },
};
