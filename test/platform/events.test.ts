import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { deadLetterOf, partitionOf, recordSeen } from '../../src/platform/events.ts';
import type { RawRecord } from '../../src/ports/kafka-cluster.ts';

const PAYMENT = '5dc56599-cd44-4672-ab73-2bf7f789ef34';

function raw(value: unknown, changes: Partial<RawRecord> = {}): RawRecord {
  return {
    topic: 'purchase-confirmed',
    partition: 1,
    offset: 43n,
    timestampMs: 1_767_816_144_000,
    key: PAYMENT,
    value: typeof value === 'string' || value === null ? value : JSON.stringify(value),
    headers: {},
    ...changes,
  };
}

describe('recordSeen', () => {
  it('takes ids from headers, from _metadata and from the event', () => {
    const event = {
      paymentId: PAYMENT,
      studentId: 'student',
      courseId: 'course',
      metadata: { schedule: { startDate: '25/11/2026' } },
      _metadata: { eventId: 'in-metadata', correlationId: PAYMENT, source: 'in-metadata' },
    };
    const headers = { eventType: 'PURCHASE_CONFIRMED', source: 'payment-service', 'kc-doctor-run': '7f3a' };
    expect(recordSeen(raw(event, { headers }))).toEqual({
      topic: 'purchase-confirmed',
      partition: 1,
      offset: 43n,
      timestampMs: 1_767_816_144_000,
      key: PAYMENT,
      isJson: true,
      eventType: 'PURCHASE_CONFIRMED',
      eventId: 'in-metadata',
      correlationId: PAYMENT,
      source: 'payment-service',
      paymentId: PAYMENT,
      purchaseId: null,
      allocationId: null,
      studentId: 'student',
      courseId: 'course',
      startDate: '25/11/2026',
      doctorRun: '7f3a',
    });
  });

  it('reads metadata that is a JSON string, and takes userId for a student that is not named', () => {
    const seen = recordSeen(raw({ userId: 'student', metadata: JSON.stringify({ courseId: 'course' }) }));
    expect(seen).toMatchObject({ studentId: 'student', courseId: 'course' });
  });

  it.each([
    ['a tombstone', null],
    ['no JSON', '{"paymentId":'],
    ['nothing', ''],
  ])('says of %s that it does not parse', (_, value) => {
    expect(recordSeen(raw(value))).toMatchObject({ isJson: false, paymentId: null, key: PAYMENT });
  });

  it.each([['null'], ['7'], ['[]'], ['"text"'], ['{"paymentId":7,"metadata":[1],"_metadata":"{"}']])(
    'finds no ids in %s, which parses',
    (value) => {
      expect(recordSeen(raw(value))).toMatchObject({ isJson: true, paymentId: null, eventId: null });
    },
  );

  it('accepts whatever a producer may have written', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        fc.dictionary(fc.string(), fc.string()),
        (value, headers) => {
          expect(recordSeen(raw(value, { headers }))).toMatchObject({ offset: 43n, key: PAYMENT });
        },
      ),
    );
  });
});

describe('deadLetterOf', () => {
  const letter = {
    originalEvent: { paymentId: PAYMENT },
    originalTopic: 'purchase-created',
    originalPartition: 2,
    originalOffset: '9007199254740993',
    failureReason: 'boom',
    attempts: 3,
    correlationId: PAYMENT,
    eventId: 'e',
  };

  it('says which record it stands for', () => {
    expect(deadLetterOf(raw(letter))).toEqual({
      offset: 43n,
      partition: 1,
      atMs: 1_767_816_144_000,
      key: PAYMENT,
      originalTopic: 'purchase-created',
      originalPartition: 2,
      originalOffset: 9_007_199_254_740_993n,
      failureReason: 'boom',
      attempts: 3,
      correlationId: PAYMENT,
      eventId: 'e',
    });
  });

  it('takes the place from the headers where the value does not parse', () => {
    const headers = { originalTopic: 't', originalPartition: '0', originalOffset: '7', failureReason: 'bad' };
    expect(deadLetterOf(raw('{', { headers }))).toMatchObject({
      originalTopic: 't',
      originalPartition: 0,
      originalOffset: 7n,
      failureReason: 'bad',
      attempts: null,
    });
  });

  it.each([
    ['topic', { ...letter, originalTopic: 7 }],
    ['partition', { ...letter, originalPartition: -1 }],
    ['offset', { ...letter, originalOffset: '1e3' }],
  ])('is none without a usable %s', (_, value) => {
    expect(deadLetterOf(raw(value))).toBeNull();
  });

  it('cuts a long reason, not a character in it', () => {
    const cut = deadLetterOf(raw({ ...letter, failureReason: '💥'.repeat(400) }));
    expect(cut?.failureReason).toBe('💥'.repeat(300));
  });
});

describe('partitionOf', () => {
  it('is where kafkajs and the Java clients put the record', () => {
    const choose = kafkajs.Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(
        fc.oneof(fc.uuid(), fc.string({ minLength: 1 }), fc.constantFrom('ü', '日本', '💥', 'payment-💥-ü')),
        fc.integer({ min: 1, max: 50 }),
        (key, count) => {
          const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
            partitionErrorCode: 0,
            partitionId,
            leader: 1,
            replicas: [1],
            isr: [1],
          }));
          const expected = choose({ topic: 't', partitionMetadata, message: { key, value: null } });
          expect(partitionOf(key, count)).toBe(expected);
        },
      ),
    );
  });

  it('refuses a topic without partitions', () => {
    expect(() => partitionOf('key', 0)).toThrow('at least one partition');
  });
});
