import type { Cause } from './cause.ts';
import {
  contradictionReading,
  lineOfPaymentReading,
  markReading,
  opposes,
  reading,
  supports,
  unseenReading,
} from './readings.ts';
import { scriptMarkReading } from './scripts.ts';

export const retryQueuePurchase: Cause = {
  id: 'retry-queue-purchase',
  title: "payment-service's fallback made the purchase, without an event",
  explains: [{ stages: ['purchase'], roles: ['out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('row-without-event', 'records', 'strong', (question) => {
      const without = contradictionReading(question, 'row-without-event', {
        found: 'the purchase exists and was never announced',
        missing: 'the purchase was announced',
      });
      if (without.holds !== true) return without;
      const marked = markReading(question, 'PURCHASE_CREATED', (marks) => ({
        holds: marks.length > 0,
        text: '',
      }));
      return marked.holds === true
        ? reading(false, 'PURCHASE_CREATED is marked', without.observation)
        : without;
    }),
    supports('row-before-read', 'database', 'strong', (question) =>
      contradictionReading(question, 'row-before-read', {
        found: 'the purchase exists although purchase-worker has not read the event',
        missing: 'purchase-worker read the event first',
      }),
    ),
    supports('no-worker-line', 'logs', 'moderate', (question) => {
      const line = lineOfPaymentReading(question, 'purchase-worker', (each) => each.kind !== 'other', {
        found: 'purchase-worker handled it',
        missing: 'purchase-worker has no line about it',
      });
      return line.holds === 'unseen' ? unseenReading(line.observation) : { ...line, holds: !line.holds };
    }),
    opposes('worker-finished', 'logs', 'decisive', (question) =>
      lineOfPaymentReading(question, 'purchase-worker', (each) => each.kind === 'purchase-created', {
        found: 'purchase-worker made it',
        missing: '',
      }),
    ),
    opposes('script', 'database', 'decisive', scriptMarkReading),
  ],
  rival: 'emission-lost-after-row',
  probe: 'who made the row: purchase-worker, or course-service?',
  hurts: 'named',
  repairs: ['replay-payment'],
  explain:
    'When sending PURCHASE_CONFIRMED fails, payment-service creates the purchase over HTTP at course-service. Nobody then announces PURCHASE_CREATED, so no trainer is ever allocated. Replay the payment at the allocation stage.',
};
