import type { Cases, PaymentCase } from '../../platform/effects.ts';
import { assignmentOf, isOwnersMark, marksOf } from '../../platform/witnesses.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, type Said } from '../payments.ts';

export const callsLeaveRows: Check = {
  id: 'allocation/calls-leave-rows',
  title: 'An accepted call leaves a row',
  required: true,
  after: ['schema/tables-present'],
  needs: [
    'settings',
    'containers',
    'logs',
    'topics',
    'groups',
    'records',
    'deadLetters',
    'database',
    'payments',
    'purchases',
    'allocations',
    'marks',
    'clocks',
  ],
  explain:
    'An assignment that was accepted, or that allocation-worker marked as done, must be in trainer_allocations. Older workers mark right after the answer, without looking: marked, no row, never tried again. kc-doctor fix trigger-allocation asks once more.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every accepted assignment is in trainer_allocations',
      examine: (cases, one) => {
        const row = one.effect('allocation-row');
        if (row.status !== 'missing' && row.status !== 'unknown') return [];
        const sign = acceptance(cases, one);
        if (sign === null) return unseenSigns(cases);
        if (row.gap !== null) return [row.gap];
        return [
          paymentFinding(one, {
            severity: 'fail',
            stage: 'allocation',
            observed: `${sign}, ${row.detail}`,
            expected: 'a row in trainer_allocations',
            hint: `kc-doctor fix trigger-allocation ${one.payment.paymentId}`,
          }),
        ];
      },
    }),
};

/** Marks and logs that were not seen may have held a sign. */
function unseenSigns(cases: Cases): readonly Said[] {
  const { marks } = cases.index.state;
  if (marks.kind === 'unseen') return [marks.gap];
  const { gap } = cases.linesOf('allocation-worker');
  return gap === null ? [] : [gap];
}

function acceptance(cases: Cases, one: PaymentCase): string | null {
  if (marksOf(cases, one, 'allocation')?.some((mark) => isOwnersMark(mark, 'allocation')) === true) {
    return 'marked by allocation-worker';
  }
  return assignmentOf(cases, one)?.answer === 'accepted' ? 'accepted' : null;
}
