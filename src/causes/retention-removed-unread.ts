import { recordsOf } from '../platform/payment.ts';
import { type EventType, stageDefinition } from '../platform/pipeline.ts';
import type { Cause, Question } from './cause.ts';
import { eventTopic, mostOf, opposes, stageOf, supports } from './readings.ts';

function scanReading(
  question: Question,
  judge: (scan: { readonly found: boolean; readonly reachesBack: boolean }) => boolean,
  text: string,
) {
  const topic = eventTopic(stageDefinition(stageOf(question)).inputEvent as EventType);
  return mostOf(question, `records ${topic}`, (trace) => {
    const found = recordsOf(question.state, trace.payment, topic);
    if ('gap' in found) return 'unseen';
    return {
      holds: judge({ found: found.scan.hits.length > 0, reachesBack: found.scan.logReachesBack }),
      text: `${topic}: ${text}`,
    };
  });
}

export const retentionRemovedUnread: Cause = {
  id: 'retention-removed-unread',
  title: 'Its record was deleted before it was read',
  explains: [{ stages: ['purchase', 'allocation', 'sessions'], roles: ['in', 'read'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'log-starts-later',
      'records',
      'strong',
      (question) =>
        scanReading(
          question,
          ({ found, reachesBack }) => !found && !reachesBack,
          'the log starts later than the payment',
        ),
      { discriminates: true },
    ),
    opposes('found', 'records', 'decisive', (question) =>
      scanReading(question, ({ found }) => found, 'the record is there'),
    ),
    opposes('reaches-back', 'records', 'decisive', (question) =>
      scanReading(question, ({ reachesBack }) => reachesBack, 'the log is older than the payment'),
    ),
  ],
  rival: 'mark-without-record',
  probe: "compare the log start with the payment's time",
  hurts: 'named',
  repairs: ['replay-payment'],
  explain:
    'The topic no longer holds the time at which the record was sent: retention removed it before a worker came. The payment can be announced again.',
};
