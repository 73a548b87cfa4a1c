import { markWithoutRow } from '../../platform/contradictions.ts';
import { type Cases, type PaymentCase, ROW_STAGES, type RowStage } from '../../platform/effects.ts';
import { isOwnersMark, marksOf } from '../../platform/witnesses.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, saidOf } from '../payments.ts';

export const marksMatchRows: Check = {
  id: 'events/marks-match-rows',
  title: 'A finished mark has its row',
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
    'sessions',
    'marks',
    'clocks',
  ],
  explain:
    'A worker marks an event when it has finished with it, and skips it from then on. A mark of the owner, or its skip line, beside a row that is missing past its grace means that the work was skipped or marked too early, and no retry will ever come. A mark by somebody else is judged by events/marks-by-owner.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every finished mark has its row',
      examine: (cases, one) =>
        ROW_STAGES.filter((stage) => !isSomebodyElses(cases, one, stage)).flatMap((stage) =>
          saidOf(markWithoutRow(cases, one, stage), (text) =>
            paymentFinding(one, {
              severity: 'fail',
              stage,
              observed: text,
              expected: 'the row that the mark stands for',
              hint: `kc-doctor trace ${one.payment.paymentId}`,
            }),
          ),
        ),
    }),
};

/** session-worker obeys anybody's mark, so its missing rows beside cache-worker's mark are no case of a false finish. */
function isSomebodyElses(cases: Cases, one: PaymentCase, stage: RowStage): boolean {
  if (stage !== 'sessions') return false;
  const marks = marksOf(cases, one, stage);
  return marks !== null && marks.length > 0 && !marks.some((mark) => isOwnersMark(mark, stage));
}
