import { type Cases, type PaymentCase, SHORT_OF_SESSIONS } from '../../platform/effects.ts';
import type { PaymentId } from '../../platform/ids.ts';
import { isLive, skewMs } from '../../platform/payment.ts';
import type { AllocationRow } from '../../platform/state.ts';
import type { Check, Finding } from '../check.ts';
import { examinePayments, type Said } from '../payments.ts';

/** session-worker tops up every 6 hours, so a shorter want is not one (platform.md "Tables"). */
const TOP_UP_EVERY_MS = 6 * 3_600_000;

export const sessionsExist: Check = {
  id: 'events/sessions-exist',
  title: 'Live allocations have sessions',
  required: true,
  after: ['schema/tables-present'],
  needs: [
    'settings',
    'records',
    'database',
    'payments',
    'purchases',
    'allocations',
    'sessions',
    'marks',
    'anomalies',
    'clocks',
  ],
  explain:
    'An approved or active allocation gets its sessions within a minute: seven ahead, topped up every six hours. None past the grace means that the student has a trainer and no lesson. kc-doctor fix create-sessions makes them; a restart of session-worker does as well, without telling the pages.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every live allocation has sessions',
      examine: (cases, one) => shortOf(cases, one),
      beside: allocationsWithout,
    }),
};

function allocationsWithout(cases: Cases): readonly Said[] {
  const { state } = cases.index;
  const { anomalies, allocations, sessions } = state;
  const unseen = [anomalies, allocations, sessions].flatMap((part) =>
    part.kind === 'unseen' ? [part.gap] : [],
  );
  const counts = sessions.kind === 'seen' ? sessions.value : null;
  const ofPayments = cases.all
    .filter((one) => one.payment.status === 'succeeded')
    .flatMap((one) => one.identity().allocations.filter(isLive));
  const isWithout = (row: AllocationRow): boolean =>
    counts !== null && !counts.some((count) => count.allocationId === row.allocationId && count.total > 0);
  const rows = [
    ...(anomalies.kind === 'seen' ? anomalies.value.liveAllocationsWithoutSessions : []),
    ...ofPayments.filter(isWithout),
  ];
  const untilMs = state.settings.thresholds.sessionsGraceMs + skewMs(state);
  const late = new Map(
    rows
      .filter((row) => state.takenAtMs - Math.max(row.createdAtMs, row.updatedAtMs) > untilMs)
      .map((row) => [row.allocationId, row]),
  );
  return [
    ...[...late.values()].map((row) =>
      finding(
        row,
        'fail',
        'no sessions',
        ownersOf(cases, row),
        `kc-doctor fix create-sessions ${row.allocationId}`,
      ),
    ),
    ...unseen,
  ];
}

/** Fewer to come than a top-up would leave, for longer than top-ups are apart, although more were bought. */
function shortOf(cases: Cases, one: PaymentCase): readonly Said[] {
  const { state } = cases.index;
  if (state.sessions.kind === 'unseen' || one.payment.status !== 'succeeded') return [];
  const counts = state.sessions.value;
  const bought = one.payment.sessionCount ?? one.payment.purchaseTier ?? 0;
  return one
    .identity()
    .allocations.filter(isLive)
    .flatMap((row) => {
      const count = counts.find(({ allocationId }) => allocationId === row.allocationId);
      if (count === undefined || count.total === 0 || count.total >= bought) return [];
      const sinceMs = count.firstCreatedAtMs ?? row.createdAtMs;
      if (count.future >= SHORT_OF_SESSIONS || state.takenAtMs - sinceMs <= TOP_UP_EVERY_MS) return [];
      const text = `${count.future} sessions to come, ${bought - count.total} of ${bought} not made yet`;
      return [
        finding(
          row,
          'warn',
          text,
          [one.payment.paymentId],
          'read the "Topping up sessions" lines of session-worker',
        ),
      ];
    });
}

function ownersOf(cases: Cases, row: AllocationRow): readonly PaymentId[] {
  return cases.all
    .filter(
      (one) => one.payment.status === 'succeeded' && one.identity().allocationIds.includes(row.allocationId),
    )
    .map((one) => one.payment.paymentId);
}

function finding(
  row: AllocationRow,
  severity: Finding['severity'],
  observed: string,
  payments: readonly PaymentId[],
  hint: string,
): Finding {
  return {
    severity,
    subject: { kind: 'allocation', allocation: row.allocationId },
    stage: 'sessions',
    observed,
    expected: `at least ${SHORT_OF_SESSIONS} sessions to come`,
    summary: `allocation ${row.allocationId}: ${observed}`,
    hint,
    payments,
  };
}
