import { SERVICES } from '../platform/pipeline.ts';
import { serviceLines } from '../platform/worker-lines.ts';
import type { Cause } from './cause.ts';
import {
  contradictionReading,
  hopStatus,
  markReading,
  mostOf,
  opposes,
  reading,
  supports,
  unseenReading,
} from './readings.ts';

export const markWithoutRecord: Cause = {
  id: 'mark-without-record',
  title: 'Recorded in the database, never sent to Kafka',
  explains: [{ stages: ['purchase'], roles: ['in'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  // Write-ups: listed, no figure.
  prior: 0.3,
  evidence: [
    supports(
      'marked-not-sent',
      'records',
      'decisive',
      (question) =>
        contradictionReading(question, 'marked-not-sent', {
          found: 'processed_events says announced, and no partition of purchase-confirmed holds the record',
          missing: 'the mark and the topic agree',
        }),
      { discriminates: true },
    ),
    supports('send-error', 'logs', 'strong', ({ state, cohort }) => {
      const { lines, gap } = serviceLines(state, SERVICES.payment);
      const since = cohort.oldestAtMs - 60_000;
      const line = lines.find(({ kind, atMs }) => kind === 'send-failed' && atMs >= since);
      if (line !== undefined)
        return reading(true, `payment-service: ${line.message}`, 'logs payment-service');
      // Its log is not kept as strictly as the workers', so that a missing line proves nothing.
      return gap === null ? unseenReading('logs payment-service') : unseenReading('logs payment-service');
    }),
    opposes('record-there', 'records', 'decisive', (question) =>
      mostOf(question, 'records purchase-confirmed', (trace) => {
        const status = hopStatus(trace, 'confirmed-record');
        return status === 'unknown' ? 'unseen' : { holds: status === 'done', text: 'its record is in Kafka' };
      }),
    ),
    opposes('no-mark', 'database', 'decisive', (question) =>
      markReading(question, 'PURCHASE_CONFIRMED', (marks) => ({
        holds: marks.length === 0,
        text: 'processed_events has no PURCHASE_CONFIRMED for it',
      })),
    ),
  ],
  rival: 'retention-removed-unread',
  probe: "compare the log start of purchase-confirmed with the payment's time",
  hurts: 'named',
  repairs: ['replay-payment'],
  explain:
    'payment-service writes its processed_events row before it sends. When the send fails the row stays, and every later try is skipped as "already emitted": a row proves intent, only the topic proves delivery. Replay the payment; leave the mark.',
};
