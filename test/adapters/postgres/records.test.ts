import { describe, expect, it } from 'vitest';
import { paymentRow } from '../../../src/adapters/postgres/records.ts';

function paymentMetadata(metadata: unknown) {
  const { courseId, sessionCount, purchaseTier, startDate } = paymentRow({
    id: '5dc56599-cd44-4672-ab73-2bf7f789ef34',
    student_id: '809556c1-e184-4b85-8fd6-a5f1c8014bf6',
    status: 'succeeded',
    amount_cents: 100_000,
    currency: 'INR',
    confirmed_at_ms: null,
    created_at_ms: 0,
    metadata,
    earlier_id: null,
  });
  return { courseId, sessionCount, purchaseTier, startDate };
}

describe('metadata of a payment', () => {
  it('is read from an object and from a JSON string of one', () => {
    const metadata = { courseId: 'C1', sessionCount: 20, purchaseTier: '10', startDate: '2026-01-10' };
    const expected = { courseId: 'c1', sessionCount: 20, purchaseTier: 10, startDate: '2026-01-10' };
    expect(paymentMetadata(metadata)).toEqual(expected);
    expect(paymentMetadata(JSON.stringify(metadata))).toEqual(expected);
  });

  it('finds the start date in the schedule', () => {
    expect(paymentMetadata({ schedule: { date: '2026-01-11' } }).startDate).toBe('2026-01-11');
    expect(paymentMetadata({ schedule: { startDate: '25/11/2026', date: '2026-01-11' } }).startDate).toBe(
      '25/11/2026',
    );
    expect(paymentMetadata({ schedule: '{"date":"2026-01-12"}' }).startDate).toBe('2026-01-12');
  });

  it.each([
    null,
    undefined,
    '',
    'not JSON',
    '"text"',
    '[1]',
    7,
    [],
    { courseId: ' ', sessionCount: 'many', startDate: {} },
  ])('names nothing in %j', (metadata) => {
    expect(paymentMetadata(metadata)).toEqual({
      courseId: null,
      sessionCount: null,
      purchaseTier: null,
      startDate: null,
    });
  });
});
