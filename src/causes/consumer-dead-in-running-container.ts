import { PIPELINE } from '../platform/pipeline.ts';
import { crashForGoodAtMs, isWorkerRunning } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  clockTime,
  definitionOf,
  memberReading,
  noMemberReading,
  opposes,
  reading,
  supports,
  unseenReading,
} from './readings.ts';

export const consumerDead: Cause = {
  id: 'consumer-dead-in-running-container',
  title: 'Its consumer died, its container lives',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('crash-for-good', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      const atMs = crashForGoodAtMs(question.state, worker);
      if (atMs === null) return unseenReading(`logs ${worker}`);
      return atMs === false
        ? reading(false, 'its consumer did not crash, or is back since', `logs ${worker}`)
        : reading(
            true,
            `its consumer crashed at ${clockTime(atMs, question.state)} and kafkajs did not restart it`,
            `logs ${worker}`,
          );
    }),
    supports('no-member', 'groups', 'moderate', noMemberReading),
    supports('unreadable-record', 'records', 'moderate', (question) => {
      const { group } = definitionOf(question);
      const heads = Object.entries(question.state.records.heads).filter(([key]) =>
        key.startsWith(`${group} `),
      );
      for (const [key, head] of heads) {
        if (head.kind !== 'seen' || head.value === null || head.value.isJson) continue;
        const { topic, partition, offset } = head.value;
        return reading(true, `the record at ${topic}[${partition}] ${offset} is not JSON`, `records ${key}`);
      }
      return unseenReading(`records ${group}`);
    }),
    opposes('back-again', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      const atMs = crashForGoodAtMs(question.state, worker);
      return atMs === null
        ? unseenReading(`logs ${worker}`)
        : reading(atMs === false, 'its consumer did not crash, or is back since', `logs ${worker}`);
    }),
    opposes('member', 'groups', 'decisive', memberReading),
  ],
  rival: 'hung-worker',
  probe: 'read the last kafkajs lines on stderr: a crash, "Stopped" and no restart after them',
  hurts: 'stage',
  repairs: ['quarantine-record', 'manual-instructions'],
  explain:
    'kafkajs does not restart its consumer after a TypeError, SyntaxError, RangeError or ReferenceError: a record that is not JSON, or a date that cannot be parsed, stops every partition of the worker while its container stays Up. A restart dies on the same record within milliseconds; that one record has to be passed first.',
  latent: (state) =>
    PIPELINE.flatMap(({ stage, worker }) => {
      const atMs = isWorkerRunning(state, worker) === true ? crashForGoodAtMs(state, worker) : null;
      return atMs === null || atMs === false
        ? []
        : [{ stage, text: `${worker} crashed for good at ${clockTime(atMs, state)}` }];
    }),
};
