import { describe, expect, it } from 'vitest';
import { endedPurchasesStayEnded } from '../../../src/checks/events/ended-purchases-stay-ended.ts';
import { seen } from '../../../src/platform/observed.ts';
import type { PlatformState } from '../../../src/platform/state.ts';
import {
  healthyState,
  idsOf,
  MINUTE,
  NOW,
  record,
  seenValue,
  withPayment,
  withRecord,
  withUnseen,
} from '../../support/states.ts';

const examine = endedPurchasesStayEnded.examine;
const ids = idsOf(1);
const arrived = withPayment(healthyState(), { upTo: 'cache-read' });
const announcedAgain = (state: PlatformState, purchase: typeof ids.purchase) =>
  withRecord(
    state,
    ids,
    record('purchase-created', 1, 0n, { timestampMs: NOW - 5 * MINUTE, purchaseId: purchase }),
  );
const ended = (state: PlatformState): PlatformState => ({
  ...state,
  purchases: seen(
    seenValue(state.purchases).map((row) => ({ ...row, isActive: false })),
    NOW,
  ),
});

describe(endedPurchasesStayEnded.id, () => {
  it('passes on one purchase for a payment, ended or not', () => {
    expect(examine(arrived).status).toBe('pass');
    expect(examine(ended(arrived)).status).toBe('pass');
  });

  it('fails where an ended one was announced as another', () => {
    expect(examine(ended(announcedAgain(arrived, idsOf(2).purchase)))).toMatchObject({
      status: 'fail',
      findings: [{ payments: [ids.payment] }],
    });
  });

  it('is unknown where records or purchases were not seen', () => {
    expect(examine(withUnseen(ended(arrived), 'records')).status).toBe('unknown');
    expect(examine(withUnseen(arrived, 'purchases')).status).toBe('unknown');
  });

  it('leaves out the same purchase announced twice, and two of which the first is active', () => {
    expect(examine(ended(announcedAgain(arrived, ids.purchase))).status).toBe('pass');
    expect(examine(announcedAgain(arrived, idsOf(2).purchase)).status).toBe('pass');
  });

  it('vouches for no record where no broker answered, with nothing under way either', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(withUnseen(healthyState(), 'cluster')).status).toBe('unknown');
  });
});
