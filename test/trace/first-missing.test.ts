import { describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import {
  gap,
  healthyState,
  idsOf,
  type PaymentChange,
  SECOND,
  type Step,
  withGroup,
  withPayment,
  withUnseen,
  withUnseenGroup,
} from '../support/states.ts';
import { contradictionsIn, traceOf } from './support.ts';

const paid = (change: PaymentChange): PlatformState => withPayment(healthyState(), change);

describe('first missing hop', () => {
  it.each<[Step, string]>([
    ['confirmed-mark', 'confirmed-record'],
    ['confirmed-record', 'purchase-read'],
    ['purchase-read', 'purchase-row'],
    ['purchase-row', 'created-record'],
    ['created-record', 'allocation-read'],
    ['allocation-read', 'allocation-row'],
    ['allocation-mark', 'allocated-record'],
    ['allocated-record', 'sessions-read'],
    ['sessions-read', 'sessions-rows'],
  ])('of a payment that came to %s is %s', (upTo, hop) => {
    const late = traceOf(paid({ upTo }));
    expect(late).toMatchObject({
      kind: 'stuck',
      firstMissing: { state: 'stuck', hop, untilHop: null, gap: null },
    });
    const young = traceOf(paid({ upTo, ageMs: 2 * SECOND }));
    expect(young).toMatchObject({ kind: 'in-progress', firstMissing: { state: 'in-progress', hop } });
  });

  it('is none for one that arrived', () => {
    expect(traceOf(paid({ upTo: 'cache-read' }))).toMatchObject({
      kind: 'complete',
      firstMissing: { state: 'complete', hop: null },
      contradictions: [],
    });
  });

  it('lies after the last one that is there: those before it were bypassed', () => {
    const state = withGroup(
      paid({ upTo: 'purchase-row', without: ['purchase-read'] }),
      'purchase-creation-workers',
      { states: ['Empty', 'Empty', 'Empty'] },
    );
    expect(traceOf(state).firstMissing).toMatchObject({ state: 'stuck', hop: 'created-record' });
    expect(contradictionsIn(state)).toEqual(['row-without-event@purchase', 'row-before-read@purchase']);
  });

  it('is a range where the next one was not seen and a later one is decidedly missing', () => {
    const state = withUnseen(paid({ upTo: 'purchase-read' }), 'records', gap('kafka'));
    expect(traceOf(state)).toMatchObject({
      kind: 'stuck',
      firstMissing: { state: 'stuck', hop: 'confirmed-record', untilHop: 'purchase-row', gap: gap('kafka') },
    });
  });

  it('is undetermined, with the gap, where nothing later is decided', () => {
    const state = withUnseen(withUnseen(paid({ upTo: 'confirmed-record' }), 'records'), 'purchases');
    const hidden = withUnseen(withUnseen(state, 'allocations'), 'sessions');
    expect(traceOf(hidden)).toMatchObject({
      kind: 'undetermined',
      firstMissing: { state: 'undetermined', hop: 'confirmed-record', gap: { system: 'kafka' } },
    });
  });

  it('does not take a young payment for lost because nothing of it could be seen', () => {
    const state = withUnseenGroup(
      paid({ upTo: 'confirmed-record', ageMs: 100 * SECOND }),
      'purchase-creation-workers',
    );
    expect(traceOf(state).kind).toBe('undetermined');
  });

  it('keeps the time of the last effect', () => {
    const trace = traceOf(paid({ upTo: 'purchase-row' }));
    const row = trace.hops.find(({ id }) => id === 'purchase-row');
    expect(trace.stoppedAfterMs).toBe(row?.atMs);
    expect(trace.ids).toEqual({
      student: idsOf(1).student,
      course: idsOf(1).course,
      purchase: idsOf(1).purchase,
      allocations: [],
    });
  });
});
