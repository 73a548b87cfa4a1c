import { type Cases, EFFECTS_OF_STAGE, type PaymentCase, type RowStage } from '../../platform/effects.ts';
import { CACHE_WORKER, isOwnersMark, marksOf, skipLine } from '../../platform/witnesses.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, type Said } from '../payments.ts';

export const marksByOwner: Check = {
  id: 'events/marks-by-owner',
  title: 'No shared mark hides missing work',
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
    'cache-worker marks PURCHASE_CREATED and TRAINER_ALLOCATED as well, in the same single slot, and often comes first: that alone is normal. session-worker, and an allocation-worker that asks the mark first, skip an event that anybody marked. Marked by cache-worker with the row missing past its grace is the fault. kc-doctor fix create-sessions makes the sessions; a restart of session-worker tops them up.',
  examine: (state) =>
    examinePayments(state, {
      pass: "no work is missing behind cache-worker's marks",
      examine: (cases, one) => [...hidden(cases, one, 'allocation'), ...hidden(cases, one, 'sessions')],
    }),
};

function hidden(cases: Cases, one: PaymentCase, stage: RowStage): readonly Said[] {
  const row = one.effect(EFFECTS_OF_STAGE[stage].row);
  if (row.status !== 'missing' && row.status !== 'unknown') return [];
  const { marks: seenMarks } = cases.index.state;
  const marks = marksOf(cases, one, stage);
  if (marks === null) return seenMarks.kind === 'unseen' ? [seenMarks.gap] : [];
  const isHidden =
    marks.some(({ source }) => source === CACHE_WORKER) && !marks.some((mark) => isOwnersMark(mark, stage));
  if (!isHidden) return [];
  // A row-first allocation-worker looks for the row and is not misled; the skip line tells which one it is (A12).
  if (stage === 'allocation' && skipLine(cases, one, stage) === null) return [];
  if (row.gap !== null) return [row.gap];
  return [
    paymentFinding(one, {
      severity: 'fail',
      stage,
      observed: `${CACHE_WORKER} marked first, ${row.detail}`,
      expected: 'the row, whoever marked',
      hint:
        stage === 'sessions'
          ? `kc-doctor fix create-sessions ${one.identity().allocationIds[0] ?? ''}`.trimEnd()
          : `kc-doctor fix trigger-allocation ${one.payment.paymentId}`,
    }),
  ];
}
