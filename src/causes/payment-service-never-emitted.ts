import { SERVICES } from '../platform/pipeline.ts';
import { serviceContainer } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import { hopStatus, markReading, mostOf, opposes, reading, supports, unseenReading } from './readings.ts';

export const paymentServiceNeverEmitted: Cause = {
  id: 'payment-service-never-emitted',
  title: 'payment-service never announced the payment',
  explains: [{ stages: ['purchase'], roles: ['in'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'no-mark',
      'database',
      'decisive',
      (question) => {
        const unmarked = markReading(question, 'PURCHASE_CONFIRMED', (marks) => ({
          holds: marks.length === 0,
          text:
            marks.length === 0
              ? 'processed_events has no PURCHASE_CONFIRMED, and the topic no record'
              : 'it is recorded as announced',
        }));
        const noRecord = mostOf(question, 'records purchase-confirmed', (trace) => {
          const status = hopStatus(trace, 'confirmed-record');
          return status === 'unknown' ? 'unseen' : { holds: status === 'missing', text: '' };
        });
        return noRecord.holds === true
          ? unmarked
          : unmarked.holds === false
            ? unmarked
            : unseenReading(unmarked.observation);
      },
      { discriminates: true },
    ),
    supports('service-down', 'containers', 'moderate', ({ state }) => {
      const found = serviceContainer(state, SERVICES.payment);
      if (found.kind !== 'seen') return unseenReading('containers payment-service');
      const { name, status } = found.container;
      return reading(status !== 'running', `${name} is ${status}`, 'containers payment-service');
    }),
    opposes('marked', 'database', 'decisive', (question) =>
      markReading(question, 'PURCHASE_CONFIRMED', (marks) => ({
        holds: marks.length > 0,
        text: `recorded as announced by ${marks[0]?.source ?? ''}`,
      })),
    ),
  ],
  rival: 'mark-without-record',
  probe: 'is there a PURCHASE_CONFIRMED row in processed_events?',
  hurts: 'named',
  repairs: ['replay-payment'],
  explain:
    'The payment succeeded and payment-service neither recorded nor sent its event. It can be announced again from its row.',
};
