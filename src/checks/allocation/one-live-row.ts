import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const oneLiveRow: Check = {
  id: 'allocation/one-live-row',
  title: 'One live allocation per student and course',
  required: true,
  after: ['schema/tables-present'],
  needs: ['anomalies'],
  explain:
    'Two approved or active allocations of one student and course are two trainers for one course: the guard unique_active_allocation is missing, or was when they were made. Several pending ones are left by attempts that failed. A person keeps one and closes the rest.',
  examine: ({ anomalies }) => {
    if (anomalies.kind === 'unseen') return { status: 'unknown', gap: anomalies.gap };
    const { pairsWithTwoLiveAllocations, pairsWithTwoPendingAllocations } = anomalies.value;
    return outcomeOf({
      pass: 'no student has two allocations for one course',
      findings: [
        ...several(pairsWithTwoLiveAllocations, 'fail', 'approved or active'),
        ...several(pairsWithTwoPendingAllocations, 'warn', 'pending'),
      ],
      gaps: [],
    });
  },
};

function several(pairs: number, severity: Finding['severity'], status: string): readonly Finding[] {
  if (pairs === 0) return [];
  const observed = `${pairs} ${pairs === 1 ? 'student has' : 'students have'} two or more ${status} allocations for one course`;
  return [
    {
      severity,
      subject: { kind: 'system', name: 'trainer_allocations' },
      stage: 'allocation',
      observed,
      expected: 'one',
      summary: `trainer_allocations: ${observed}`,
      hint: 'a person keeps one and closes the rest by hand; then kc-doctor fix create-missing-indexes',
      payments: [],
    },
  ];
}
