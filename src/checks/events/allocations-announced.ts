import { rowWithoutEvent } from '../../platform/contradictions.ts';
import { isAllocated } from '../../platform/payment.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, saidOf, unseenCluster } from '../payments.ts';

export const allocationsAnnounced: Check = {
  id: 'events/allocations-announced',
  title: 'Every assigned trainer was announced',
  required: true,
  after: ['schema/tables-present'],
  needs: [
    'settings',
    'containers',
    'logs',
    'cluster',
    'topics',
    'groups',
    'records',
    'deadLetters',
    'database',
    'payments',
    'purchases',
    'allocations',
    'sessions',
    'marks',
    'clocks',
  ],
  explain:
    'A live allocation is announced with TRAINER_ALLOCATED, under the payment id or its own. Without the record session-worker is not told: no sessions, until a top-up makes them. With sessions and no record the trainer was approved by hand: nothing is lost, the pages of the student are old.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every live allocation has its TRAINER_ALLOCATED record',
      examine: (_, one) => {
        if (one.payment.status !== 'succeeded' || !one.identity().allocations.some(isAllocated)) return [];
        const sessions = one.effect('sessions-rows');
        const record = one.effect('allocated-record');
        if (record.status === 'unknown' && sessions.status === 'done') return [];
        if (record.status === 'missing' && sessions.gap !== null) return [sessions.gap];
        const isServed = sessions.status === 'done';
        return saidOf(rowWithoutEvent(one, 'allocation'), (text) =>
          paymentFinding(one, {
            severity: isServed ? 'warn' : 'fail',
            stage: 'allocation',
            observed: isServed ? `sessions without event, so pages are old: ${text}` : `allocation ${text}`,
            expected: 'a TRAINER_ALLOCATED record',
            hint: isServed
              ? `kc-doctor fix invalidate-student-cache ${one.payment.studentId}`
              : `kc-doctor fix replay-payment ${one.payment.paymentId} at sessions`,
          }),
        );
      },
      beside: () => [
        ...(state.allocations.kind === 'unseen' ? [state.allocations.gap] : []),
        ...unseenCluster(state),
      ],
    }),
};
