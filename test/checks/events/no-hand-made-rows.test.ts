import { describe, expect, it } from 'vitest';
import { noHandMadeRows } from '../../../src/checks/events/no-hand-made-rows.ts';
import type { PlatformState } from '../../../src/platform/state.ts';
import {
  healthyState,
  idsOf,
  NOW,
  type PaymentIds,
  withMark,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = noHandMadeRows.examine;
const byScript = (state: PlatformState, source: string, { purchase, payment }: PaymentIds) =>
  withMark(state, {
    eventId: purchase,
    eventType: 'PURCHASE_CREATED',
    correlationId: source === 'manual-script' ? purchase : payment,
    source,
    processedAtMs: NOW,
  });

describe(noHandMadeRows.id, () => {
  it('passes where services alone made everything', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
  });

  it('fails where later stages were never told', () => {
    const state = byScript(withPayment(healthyState(), { upTo: 'purchase-row' }), 'fix-script', idsOf(1));
    expect(examine(state)).toMatchObject({ status: 'fail', findings: [{ payments: [idsOf(1).payment] }] });
  });

  it('warns where everything followed, also under the purchase id (h10)', () => {
    const state = byScript(withPayment(healthyState(), { upTo: 'cache-read' }), 'manual-script', idsOf(1));
    expect(examine(state)).toMatchObject({ status: 'warn', findings: [{ payments: [idsOf(1).payment] }] });
  });

  it('counts marks for payments that arrived', () => {
    const state = byScript(byScript(healthyState(), 'fix-script', idsOf(4)), 'fix-script', idsOf(5));
    expect(examine(state)).toMatchObject({
      status: 'warn',
      findings: [{ observed: '2 marks by fix-script', payments: [] }],
    });
  });

  it('does not blame the script for what is missing before the purchase', () => {
    const state = byScript(withPayment(healthyState(), { upTo: 'purchase-read' }), 'fix-script', idsOf(1));
    expect(examine(state).status).toBe('warn');
  });

  it('is unknown where marks were not seen', () => {
    expect(examine(withUnseen(healthyState(), 'marks')).status).toBe('unknown');
  });

  it('vouches for no record where no broker answered, with nothing under way either', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(withUnseen(healthyState(), 'cluster')).status).toBe('unknown');
  });
});
