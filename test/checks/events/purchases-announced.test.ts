import { describe, expect, it } from 'vitest';
import { purchasesAnnounced } from '../../../src/checks/events/purchases-announced.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  healthyState,
  idsOf,
  NOW,
  SECOND,
  seenValue,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = purchasesAnnounced.examine;
const silent = withPayment(healthyState(), { upTo: 'purchase-row' });

describe(purchasesAnnounced.id, () => {
  it('passes on an announced purchase', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'created-record' })).status).toBe('pass');
  });

  it('fails on one without record', () => {
    expect(examine(silent)).toMatchObject({
      status: 'fail',
      findings: [
        {
          payments: [idsOf(1).payment],
          hint: `kc-doctor fix replay-payment ${idsOf(1).payment} at allocation`,
        },
      ],
    });
  });

  it('is unknown where purchases or records were not seen', () => {
    expect(examine(withUnseen(silent, 'purchases')).status).toBe('unknown');
    expect(examine(withUnseen(silent, 'records')).status).toBe('unknown');
  });

  it('leaves out a young one, an ended one, and a log that no longer holds what was followed by an allocation', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'purchase-row', ageMs: 5 * SECOND })).status).toBe(
      'pass',
    );
    const purchases = seen(
      seenValue(silent.purchases).map((row) => ({ ...row, isActive: false })),
      NOW,
    );
    expect(examine({ ...silent, purchases }).status).toBe('pass');
    expect(examine(withUnseen(withPayment(healthyState(), { upTo: 'cache-read' }), 'records')).status).toBe(
      'pass',
    );
  });
});
