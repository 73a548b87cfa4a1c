import type { Cause, Question, Reading } from './cause.ts';
import { hopStatus, inputTopicOf, mostOf, opposes, reading, supports, unseenReading } from './readings.ts';

/** In a partition that the platform was not made with, or off the one that its key belongs to. */
function misroutedReading(question: Question): Reading {
  const { state } = question;
  const observation = 'records keys and partitions';
  const topic = state.topics[inputTopicOf(question)];
  const count =
    topic?.kind === 'seen' && topic.value.kind === 'present' ? topic.value.partitions.length : null;
  const expected = state.settings.partitionCount;
  return mostOf(question, observation, (trace) => {
    const { position } = trace;
    if (position !== null && position.partition >= expected) {
      const text = `its record lies in ${position.topic}[${position.partition}]: there are ${count ?? 'more'} partitions, ${expected} expected`;
      return { holds: true, text };
    }
    const stray = trace.contradictions.find(({ kind }) => kind === 'record-off-key');
    if (stray !== undefined) return { holds: true, text: stray.text };
    if (position === null && hopStatus(trace, 'confirmed-record') !== 'done') return 'unseen';
    return { holds: false, text: 'its record lies where its key belongs' };
  });
}

export const misroutedRecords: Cause = {
  id: 'misrouted-records',
  title: 'Its record lies in a partition where none was expected',
  explains: [{ stages: 'any', roles: ['in', 'read'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('off-its-partition', 'records', 'decisive', misroutedReading, { discriminates: true }),
    opposes('routes-home', 'records', 'decisive', (question) => {
      const misrouted = misroutedReading(question);
      return misrouted.holds === 'unseen'
        ? unseenReading(misrouted.observation)
        : reading(!misrouted.holds, misrouted.text, misrouted.observation);
    }),
  ],
  rival: 'mark-without-record',
  probe: 'scan all partitions of the topic for the key',
  hurts: 'named',
  repairs: ['move-offsets', 'replay-payment', 'manual-instructions'],
  explain:
    'The partition of a record follows from its key and the number of partitions. When partitions are added, or another producer writes, events land where no worker has a committed offset, and the worker starts behind them. Commit an offset for that partition or replay the payment, then correct the producer, or set partitionCount if the number was meant.',
};
