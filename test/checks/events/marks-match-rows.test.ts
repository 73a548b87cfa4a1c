import { describe, expect, it } from 'vitest';
import { marksMatchRows } from '../../../src/checks/events/marks-match-rows.ts';
import type { PlatformState } from '../../../src/platform/state.ts';
import {
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  withLogLines,
  withMark,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = marksMatchRows.examine;
const ids = idsOf(1);
const marked = (state: PlatformState, eventType: string, source: string) =>
  withMark(state, {
    eventId: ids.purchase,
    eventType,
    correlationId: ids.payment,
    source,
    processedAtMs: NOW - 50 * MINUTE,
  });
const early = marked(
  withPayment(healthyState(), { upTo: 'allocation-read' }),
  'PURCHASE_CREATED',
  'allocation-worker',
);

describe(marksMatchRows.id, () => {
  it('passes where the marks have their rows', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
  });

  it("fails on the owner's mark without row", () => {
    expect(examine(early)).toMatchObject({
      status: 'fail',
      findings: [{ stage: 'allocation', payments: [ids.payment] }],
    });
  });

  it('fails on a skip line without row', () => {
    const skip = logLine({
      kind: 'skipped-processed',
      eventType: 'PURCHASE_CONFIRMED',
      correlationId: ids.payment,
      atMs: NOW - 50 * MINUTE,
    });
    const state = withLogLines(withPayment(healthyState(), { upTo: 'purchase-read' }), 'purchase-worker', [
      skip,
    ]);
    expect(examine(state)).toMatchObject({ status: 'fail', findings: [{ stage: 'purchase' }] });
  });

  it('is unknown where the rows or the marks were not seen', () => {
    expect(examine(withUnseen(early, 'allocations')).status).toBe('unknown');
    expect(examine(withUnseen(early, 'marks')).status).toBe('unknown');
  });

  it("does not take the emitter's or cache-worker's mark for a finished one", () => {
    const emitted = withPayment(healthyState(), { upTo: 'purchase-read' });
    expect(examine(emitted).status).toBe('pass');
    const cached = marked(
      withPayment(healthyState(), { upTo: 'sessions-read' }),
      'TRAINER_ALLOCATED',
      'cache-worker',
    );
    expect(examine(cached).status).toBe('pass');
  });
});
