import { pastWithoutRow } from '../../platform/contradictions.ts';
import { ROW_STAGES } from '../../platform/effects.ts';
import type { Check } from '../check.ts';
import { examinePayments, paymentFinding, saidOf } from '../payments.ts';

export const readsLeaveEffects: Check = {
  id: 'events/reads-leave-effects',
  title: 'What was read left a row',
  required: true,
  after: ['offsets/committed-inside-log'],
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
    'A group that is past a record, with no row, no mark of the owner and no dead letter for it, dropped it in silence: the offset jumped over it, or the handler swallowed an error. Lag reads 0 and the group looks healthy, so nothing else shows it. kc-doctor fix replay-payment gives the event back.',
  examine: (state) =>
    examinePayments(state, {
      pass: 'every record that was read left its row, a mark or a dead letter',
      examine: (cases, one) =>
        ROW_STAGES.flatMap((stage) =>
          saidOf(pastWithoutRow(cases, one, stage), (text) =>
            paymentFinding(one, {
              severity: 'fail',
              stage,
              observed: text,
              expected: `the row that the ${stage} stage makes`,
              hint: `kc-doctor fix replay-payment ${one.payment.paymentId}`,
            }),
          ),
        ),
    }),
};
