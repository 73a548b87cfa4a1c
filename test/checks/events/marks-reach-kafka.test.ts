import { describe, expect, it } from 'vitest';
import { marksReachKafka } from '../../../src/checks/events/marks-reach-kafka.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  healthyState,
  idsOf,
  NOW,
  SECOND,
  seenValue,
  withKeyScan,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = marksReachKafka.examine;
const { payment } = idsOf(1);
const marked = withPayment(healthyState(), { upTo: 'confirmed-mark' });
const rescanned = (patch: object) => {
  const scan = seenValue(marked.records.byPayment[payment]?.['purchase-confirmed']);
  return withKeyScan(marked, payment, 'purchase-confirmed', seen({ ...scan, ...patch }, NOW));
};

describe(marksReachKafka.id, () => {
  it('passes on a mark with its record', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'confirmed-record' })).status).toBe('pass');
  });

  it('fails on a mark whose record is in no partition', () => {
    expect(examine(marked)).toMatchObject({ status: 'fail', findings: [{ payments: [payment] }] });
  });

  it('is unknown where records or marks were not seen', () => {
    expect(examine(withUnseen(marked, 'records')).status).toBe('unknown');
    expect(examine(withUnseen(marked, 'marks')).status).toBe('unknown');
  });

  it('is unknown where only the predicted partition was read, or the log starts later', () => {
    expect(examine(rescanned({ allPartitions: false })).status).toBe('unknown');
    expect(examine(rescanned({ logReachesBack: false })).status).toBe('unknown');
  });

  it('leaves out a payment without mark, and one within the grace', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'payment-row' })).status).toBe('pass');
    expect(examine(withPayment(healthyState(), { upTo: 'confirmed-mark', ageMs: 5 * SECOND })).status).toBe(
      'pass',
    );
  });
});
