import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import type { PlatformState, RecordSeen } from '../../src/platform/state.ts';
import {
  deadLetter,
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  type PaymentChange,
  record,
  seenValue,
  withDeadLetters,
  withGroup,
  withKeyScan,
  withLogLines,
  withMark,
  withPayment,
  withRecord,
  withUnseen,
} from '../support/states.ts';
import { contradictionsIn, traceOf } from './support.ts';

const ids = idsOf(1);
const paid = (change: PaymentChange): PlatformState => withPayment(healthyState(), change);
const marked = (
  state: PlatformState,
  eventType: string,
  source: string,
  id: string = ids.payment,
): PlatformState =>
  withMark(state, { eventId: id, eventType, correlationId: id, source, processedAtMs: NOW - 50 * MINUTE });

describe('marked-not-sent', () => {
  it("holds for the emitter's mark without record", () => {
    expect(contradictionsIn(paid({ upTo: 'confirmed-mark' }))).toEqual(['marked-not-sent@purchase']);
  });

  it('does not hold without mark, with the mark of a script, or where the scan is open', () => {
    expect(contradictionsIn(paid({ upTo: 'payment-row' }))).toEqual([]);
    expect(
      contradictionsIn(marked(paid({ upTo: 'payment-row' }), 'PURCHASE_CONFIRMED', 'fix-script')),
    ).toEqual([]);
    expect(contradictionsIn(withUnseen(paid({ upTo: 'confirmed-mark' }), 'records'))).toEqual([]);
  });
});

describe('mark-without-row', () => {
  it("holds for the owner's mark, and for its skip line", () => {
    const state = paid({ upTo: 'allocation-read' });
    expect(contradictionsIn(marked(state, 'PURCHASE_CREATED', 'allocation-worker'))).toEqual([
      'mark-without-row@allocation',
    ]);
    const skip = logLine({
      kind: 'skipped-processed',
      eventType: 'PURCHASE_CONFIRMED',
      correlationId: ids.payment,
      atMs: NOW - 50 * MINUTE,
    });
    expect(
      contradictionsIn(withLogLines(paid({ upTo: 'purchase-read' }), 'purchase-worker', [skip])),
    ).toContain('mark-without-row@purchase');
  });

  it("does not hold for cache-worker's mark at allocation, but at sessions, which obey any", () => {
    expect(
      contradictionsIn(marked(paid({ upTo: 'allocation-read' }), 'PURCHASE_CREATED', 'cache-worker')),
    ).toEqual(['past-without-row@allocation']);
    const sessions = marked(
      paid({ upTo: 'sessions-read' }),
      'TRAINER_ALLOCATED',
      'cache-worker',
      ids.allocation,
    );
    expect(contradictionsIn(sessions)).toEqual(['mark-without-row@sessions']);
  });

  it('does not hold while the row may still come', () => {
    const state = paid({ upTo: 'allocation-read', ageMs: 30_000 });
    expect(contradictionsIn(marked(state, 'PURCHASE_CREATED', 'allocation-worker'))).toEqual([]);
  });
});

describe('past-without-row', () => {
  it('holds for a record that left nothing', () => {
    expect(contradictionsIn(paid({ upTo: 'purchase-read' }))).toEqual(['past-without-row@purchase']);
  });

  it('does not hold beside a dead letter, nor where letters or marks were not seen', () => {
    const state = paid({ upTo: 'purchase-read' });
    expect(contradictionsIn(withDeadLetters(state, [deadLetter('purchase-confirmed', 1, 4n)]))).toEqual([]);
    expect(contradictionsIn(withUnseen(state, 'deadLetters'))).toEqual([]);
    expect(contradictionsIn(withUnseen(state, 'marks'))).toEqual([]);
  });
});

describe('row-without-event', () => {
  it('holds past the grace, and not within it', () => {
    expect(contradictionsIn(paid({ upTo: 'allocation-mark' }))).toEqual(['row-without-event@allocation']);
    expect(contradictionsIn(paid({ upTo: 'allocation-mark', ageMs: 5_000 }))).toEqual([]);
  });
});

describe('row-before-read', () => {
  const group = 'purchase-creation-workers';
  const bypassed = paid({ upTo: 'created-record', without: ['purchase-read'] });

  it('holds where nobody reads the record', () => {
    expect(contradictionsIn(withGroup(bypassed, group, { states: ['Empty', 'Empty', 'Empty'] }))).toEqual([
      'row-before-read@purchase',
    ]);
  });

  it('does not hold where the log shows the worker handling it: the row is of that attempt', () => {
    const line = logLine({
      kind: 'received',
      eventType: 'PURCHASE_CONFIRMED',
      correlationId: ids.payment,
      atMs: NOW - 50 * MINUTE,
    });
    const state = withGroup(withLogLines(bypassed, 'purchase-worker', [line]), group, {
      states: ['Empty', 'Empty', 'Empty'],
    });
    expect(contradictionsIn(state)).toEqual([]);
  });

  it('does not hold where the record fails again and again after its row was made', () => {
    const letters = [3, 2].map((minutes) =>
      deadLetter('purchase-confirmed', 1, 4n, { atMs: NOW - minutes * MINUTE }),
    );
    expect(contradictionsIn(withDeadLetters(bypassed, letters))).toEqual([]);
  });

  it('holds for a row without record', () => {
    expect(
      contradictionsIn(paid({ upTo: 'created-record', without: ['confirmed-record', 'purchase-read'] })),
    ).toEqual(['marked-not-sent@purchase', 'row-before-read@purchase']);
  });
});

describe('record-off-key', () => {
  it('holds for its key in another partition, and for a key that is not its own', () => {
    const state = paid({ upTo: 'confirmed-mark' });
    const moved = withRecord(
      state,
      ids,
      record('purchase-confirmed', 2, 0n, { timestampMs: NOW - 59 * MINUTE }),
    );
    expect(contradictionsIn(moved)).toContain('record-off-key@purchase');
    const foreign = record('purchase-confirmed', 1, 0n, {
      timestampMs: NOW - 59 * MINUTE,
      key: idsOf(9).student,
    });
    expect(contradictionsIn(withRecord(state, ids, foreign))).toContain('record-off-key@purchase');
  });

  it('does not hold for the copy under the allocation id', () => {
    expect(contradictionsIn(paid({ upTo: 'cache-read' }))).toEqual([]);
  });

  it('does not hold for a record of manual-script under the purchase id', () => {
    const state = paid({ upTo: 'purchase-row' });
    const scan = seenValue(state.records.byPayment[ids.payment]?.['purchase-created']);
    const hit: RecordSeen = record('purchase-created', 0, 3n, {
      key: ids.purchase,
      correlationId: ids.purchase,
      purchaseId: ids.purchase,
      source: 'manual-script',
    });
    const made = (source: string) =>
      withKeyScan(state, ids.payment, 'purchase-created', seen({ ...scan, hits: [{ ...hit, source }] }, NOW));
    expect(contradictionsIn(made('manual-script'))).not.toContain('record-off-key@allocation');
    expect(contradictionsIn(made('purchase-worker'))).toContain('record-off-key@allocation');
  });
});

describe('two-purchases', () => {
  const second = record('purchase-created', 1, 0n, {
    timestampMs: NOW - 5 * MINUTE,
    purchaseId: idsOf(2).purchase,
  });

  it('holds for two announced, and leaves an ended payment an anomaly', () => {
    const state = withRecord(paid({ upTo: 'cache-read' }), ids, second);
    const purchases = seen(
      seenValue(state.purchases).map((row) => ({ ...row, isActive: false })),
      NOW,
    );
    expect(traceOf({ ...state, purchases })).toMatchObject({ class: 'ended', kind: 'anomaly' });
    expect(contradictionsIn({ ...state, purchases })).toEqual(['two-purchases@purchase']);
  });

  it('does not hold for one that was announced twice', () => {
    const again = withRecord(paid({ upTo: 'cache-read' }), ids, { ...second, purchaseId: ids.purchase });
    expect(contradictionsIn(again)).toEqual([]);
  });
});
