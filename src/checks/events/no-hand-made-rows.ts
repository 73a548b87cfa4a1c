import { type Cases, EFFECTS, type PaymentCase } from '../../platform/effects.ts';
import type { MarkRow } from '../../platform/state.ts';
import { FIX_SCRIPT, MANUAL_SCRIPT } from '../../platform/witnesses.ts';
import type { Check, Finding } from '../check.ts';
import { examinePayments, paymentFinding, type Said, unseenCluster } from '../payments.ts';

export const noHandMadeRows: Check = {
  id: 'events/no-hand-made-rows',
  title: 'Nobody inserted by hand',
  required: false,
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
    "A mark of fix-script means that a person's script inserted rows straight into the tables: nothing was published, the pages were not told, later stages never heard of it. manual-script emitted PURCHASE_CREATED under the purchase id. Where later rows are missing too, kc-doctor fix replay-payment tells them.",
  examine: (state) =>
    examinePayments(state, {
      pass: 'no mark or record of the window was made by a script',
      examine: (cases, one) => byScript(cases, one),
      beside: (cases) => [...strangers(cases), ...unseenCluster(state)],
    }),
};

const isScript = (source: string | null): boolean => source === FIX_SCRIPT || source === MANUAL_SCRIPT;

function scriptMarks(cases: Cases): readonly MarkRow[] {
  const { marks } = cases.index.state;
  return marks.kind === 'seen' ? marks.value.filter(({ source }) => isScript(source)) : [];
}

const isOf = (one: PaymentCase, mark: MarkRow): boolean =>
  one
    .identity()
    .ids.some((id) => id === mark.correlationId.toLowerCase() || mark.eventId.toLowerCase().includes(id));

function byScript(cases: Cases, one: PaymentCase): readonly Said[] {
  if (one.payment.status !== 'succeeded') return [];
  const mark = scriptMarks(cases).find((each) => isOf(one, each));
  const record = one.effect('created-record').records.find(({ source }) => isScript(source));
  const source = mark?.source ?? record?.source ?? null;
  if (source === null) return [];
  const missing = EFFECTS.find((id) => one.effect(id).status === 'missing');
  const isHarmed = missing !== undefined && EFFECTS.indexOf(missing) > EFFECTS.indexOf('purchase-row');
  return [
    paymentFinding(one, {
      severity: isHarmed ? 'fail' : 'warn',
      stage: 'purchase',
      observed: isHarmed ? `made by ${source}, later stages were never told` : `made by ${source}`,
      expected: 'rows and events made by the services',
      hint: isHarmed
        ? `kc-doctor fix replay-payment ${one.payment.paymentId}`
        : `kc-doctor fix invalidate-student-cache ${one.payment.studentId}`,
    }),
  ];
}

/** Marks by scripts for payments that arrived, counted together. */
function strangers(cases: Cases): readonly Said[] {
  const { marks } = cases.index.state;
  if (marks.kind === 'unseen') return [marks.gap];
  const others = scriptMarks(cases).filter((mark) => !cases.all.some((one) => isOf(one, mark)));
  const [first] = others;
  if (first === undefined) return [];
  const observed = `${others.length} marks by ${[...new Set(others.map(({ source }) => source))].toSorted().join(', ')}`;
  const finding: Finding = {
    severity: 'warn',
    subject: { kind: 'system', name: 'processed_events' },
    stage: null,
    observed,
    expected: 'marks by services alone',
    summary: `processed_events: ${observed} in the window, first ${first.correlationId}`,
    hint: `kc-doctor trace --purchase ${first.correlationId}`,
    payments: [],
  };
  return [finding];
}
