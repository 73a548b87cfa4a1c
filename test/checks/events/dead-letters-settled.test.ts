import { describe, expect, it } from 'vitest';
import { deadLettersSettled } from '../../../src/checks/events/dead-letters-settled.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  deadLetter,
  healthyState,
  idsOf,
  NOW,
  seenValue,
  withDeadLetters,
  withPayment,
  withUnseen,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = deadLettersSettled.examine;
const ids = idsOf(1);
const letter = deadLetter('purchase-confirmed', 1, 4n, { correlationId: ids.payment });
const unsettled = withDeadLetters(withPayment(healthyState(), { upTo: 'purchase-read' }), [
  letter,
  letter,
  letter,
]);

describe(deadLettersSettled.id, () => {
  it('passes without letters', () => {
    expect(examine(healthyState())).toMatchObject({ status: 'pass' });
  });

  it('fails on one original that was passed over without effect, whatever its copies', () => {
    expect(examine(unsettled)).toMatchObject({
      status: 'fail',
      findings: [{ payments: [ids.payment], observed: '3 letters, passed over, no purchase' }],
    });
  });

  it('passes where the effect exists', () => {
    expect(
      examine(withDeadLetters(withPayment(healthyState(), { upTo: 'created-record' }), [letter])).status,
    ).toBe('pass');
  });

  it('leaves a record that is still retried to offsets/no-record-blocks', () => {
    expect(
      examine(withDeadLetters(withPayment(healthyState(), { upTo: 'confirmed-record' }), [letter])).status,
    ).toBe('pass');
  });

  it('takes old letters of payments that arrived for settled', () => {
    const old = Array.from({ length: 40 }, (_, n) =>
      deadLetter('purchase-created', 0, BigInt(n % 3), { correlationId: idsOf(50 + n).payment }),
    );
    expect(examine(withDeadLetters(healthyState(), old))).toEqual({
      status: 'pass',
      summary: '40 letters, 3 originals, all settled',
    });
  });

  it('warns of one that cannot be judged: older payments are missing, or it names none', () => {
    const payments = seen({ ...seenValue(healthyState().payments), olderMissing: 2 }, NOW);
    const old = deadLetter('purchase-confirmed', 1, 1n, { correlationId: idsOf(9).payment });
    expect(examine({ ...withDeadLetters(healthyState(), [old]), payments }).status).toBe('warn');
    expect(examine(withDeadLetters(healthyState(), [deadLetter('purchase-confirmed', 1, 1n)])).status).toBe(
      'warn',
    );
  });

  it('is unknown where letters, groups, rows or payments were not seen', () => {
    expect(examine(withUnseen(unsettled, 'deadLetters')).status).toBe('unknown');
    expect(examine(withUnseenGroup(unsettled, 'purchase-creation-workers')).status).toBe('unknown');
    expect(examine(withUnseen(unsettled, 'purchases')).status).toBe('unknown');
    expect(examine(withUnseen(unsettled, 'payments')).status).toBe('unknown');
  });

  it('is skipped on an older platform without the topic', () => {
    const deadLetters = seen({ topicExists: false, letters: [], complete: true }, NOW);
    expect(examine(healthyState({ deadLetters }))).toMatchObject({ status: 'skipped' });
  });

  it('leaves out letters about pages', () => {
    const page = deadLetter('sessions-generated', 1, 0n, { correlationId: ids.payment });
    expect(examine(withDeadLetters(healthyState(), [page])).status).toBe('pass');
  });
});
