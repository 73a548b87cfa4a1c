import type { Cases, PaymentCase } from '../../platform/effects.ts';
import type { AllocationRow } from '../../platform/state.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, type Said } from '../payments.ts';

export const trainersAssigned: Check = {
  id: 'allocation/trainers-assigned',
  title: 'Allocations have a trainer',
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
    'anomalies',
    'clocks',
  ],
  explain:
    'A pending allocation without trainer means that nobody was free: a result, and a person assigns one. After a day it is a warning here. In the newest generation it is poison as well: allocation-worker fails on it, its partition blocks, and every attempt inserts another pending row; that fails.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'nobody waits long for a trainer',
      examine: poisoned,
      beside: waiting,
    }),
};

const lacksTrainer = (row: AllocationRow): boolean => row.status === 'pending' && row.trainerId === null;

function poisoned(_: Cases, one: PaymentCase): readonly Said[] {
  if (one.payment.status !== 'succeeded') return [];
  const rows = one.identity().allocations.filter(lacksTrainer);
  if (rows.length === 0) return [];
  const read = one.effect('allocation-read');
  if (read.status === 'unknown' && read.gap !== null) return [read.gap];
  if (read.status !== 'blocked') return [];
  return [
    paymentFinding(one, {
      severity: 'fail',
      stage: 'allocation',
      observed: `no trainer, ${rows.length} pending rows, and its record blocks the partition`,
      expected: 'one row, and the record passed',
      hint: 'assign a trainer by hand; kc-doctor fix quarantine-record lets the others through',
    }),
  ];
}

function waiting(cases: Cases): readonly Said[] {
  const { anomalies, settings, takenAtMs } = cases.index.state;
  const { allocations } = cases.index.state;
  if (allocations.kind === 'unseen') return [allocations.gap];
  if (anomalies.kind === 'unseen') return [anomalies.gap];
  const overMs = settings.thresholds.pendingAllocationWarnMs;
  const old = anomalies.value.pendingWithoutTrainer.filter((row) => takenAtMs - row.createdAtMs > overMs);
  const [first] = old.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
  if (first === undefined) return [];
  const students = new Set(old.map(({ studentId }) => studentId)).size;
  const hours = Math.floor((takenAtMs - first.createdAtMs) / 3_600_000);
  const observed = `${students} ${students === 1 ? 'student waits' : 'students wait'} for a trainer, the longest for ${hours} h`;
  return [
    {
      severity: 'warn',
      subject: { kind: 'allocation', allocation: first.allocationId },
      stage: 'allocation',
      observed,
      expected: 'a trainer',
      summary: `trainer_allocations: ${observed}`,
      hint: 'a person assigns one; read the "Auto Assignment:" lines for the reason',
      payments: cases.all
        .filter((one) =>
          old.some((row) => row.studentId === one.payment.studentId && row.courseId === one.payment.courseId),
        )
        .map((one) => one.payment.paymentId),
    },
  ];
}
