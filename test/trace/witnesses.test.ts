import { describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import {
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  SECOND,
  type Step,
  seenValue,
  withLogLines,
  withMark,
  withOnlyLogLines,
  withPartition,
  withPayment,
  withTopicAbsent,
  withUnseen,
  withUnseenGroup,
  withUnseenLog,
} from '../support/states.ts';
import { hopOf, statusOf, traceOf } from './support.ts';

const ids = idsOf(1);
const upTo = (step: Step, without: readonly Step[] = []): PlatformState =>
  withPayment(healthyState(), { upTo: step, without });
const marked = (
  state: PlatformState,
  eventType: string,
  source: string,
  id: string = ids.payment,
): PlatformState =>
  withMark(state, { eventId: id, eventType, correlationId: id, source, processedAtMs: NOW - 50 * MINUTE });

describe('marks', () => {
  it('says who recorded the payment, which proves no delivery', () => {
    expect(hopOf(upTo('confirmed-mark'), 'confirmed-mark')).toMatchObject({
      status: 'done',
      kind: 'witness',
      detail: 'by payment-service',
    });
    expect(statusOf(upTo('payment-row'), 'confirmed-mark')).toBe('missing');
    expect(statusOf(withUnseen(upTo('confirmed-mark'), 'marks'), 'confirmed-mark')).toBe('unknown');
  });

  it('does not expect a mark of purchase-worker where the emitter holds the only slot', () => {
    expect(statusOf(upTo('purchase-row'), 'purchase-mark')).toBe('not-applicable');
    const free = upTo('purchase-row', ['confirmed-mark']);
    expect(statusOf(free, 'purchase-mark')).toBe('missing');
    expect(statusOf(marked(free, 'PURCHASE_CONFIRMED', 'purchase-worker'), 'purchase-mark')).toBe('done');
  });

  it("does not count cache-worker's mark for allocation-worker's", () => {
    const state = upTo('allocation-row');
    const cached = marked(state, 'PURCHASE_CREATED', 'cache-worker');
    expect(hopOf(cached, 'allocation-mark')).toMatchObject({
      status: 'missing',
      detail: 'marked by cache-worker, which does not count',
    });
    expect(statusOf(marked(state, 'PURCHASE_CREATED', 'allocation-worker'), 'allocation-mark')).toBe('done');
  });

  it("finds session-worker's mark under the allocation id", () => {
    expect(statusOf(upTo('sessions-mark'), 'sessions-mark')).toBe('done');
    const cached = marked(upTo('sessions-rows'), 'TRAINER_ALLOCATED', 'cache-worker', ids.allocation);
    expect(statusOf(cached, 'sessions-mark')).toBe('missing');
  });

  it('finds a mark whose event id only contains the purchase id', () => {
    const state = withMark(upTo('purchase-row'), {
      eventId: `purchase-created-${ids.purchase}`,
      eventType: 'PURCHASE_CREATED',
      correlationId: ids.purchase,
      source: 'allocation-worker',
      processedAtMs: NOW,
    });
    expect(statusOf(state, 'allocation-mark')).toBe('done');
  });

  it('waits for a mark while its row is on its way', () => {
    const state = withPayment(healthyState(), { upTo: 'allocation-read', ageMs: 5 * SECOND });
    expect(statusOf(state, 'allocation-mark')).toBe('waiting');
  });
});

describe('allocation-call', () => {
  const line = (patch: object) => logLine({ atMs: NOW - 50 * MINUTE, correlationId: ids.payment, ...patch });

  it('is done by an answer in the log of either service', () => {
    const state = upTo('allocation-read');
    expect(statusOf(upTo('allocation-row'), 'allocation-call')).toBe('done');
    const older = withLogLines(state, 'admin-service', [
      line({ kind: 'auto-assignment-created', correlationId: ids.student }),
    ]);
    expect(statusOf(older, 'allocation-call')).toBe('done');
  });

  it('is missing where the last line about it is an error', () => {
    const failed = line({ kind: 'api-error', status: 500, level: 'error', message: 'API Error: 500' });
    expect(
      hopOf(withLogLines(upTo('allocation-read'), 'allocation-worker', [failed]), 'allocation-call'),
    ).toMatchObject({
      status: 'missing',
      detail: 'API Error: 500',
    });
  });

  it('is unknown without a line, and where the log was not seen', () => {
    const state = withOnlyLogLines(upTo('allocation-read'), 'allocation-worker', []);
    expect(statusOf(state, 'allocation-call')).toBe('unknown');
    const unseen = hopOf(withUnseenLog(state, 'allocation-worker'), 'allocation-call');
    expect(unseen).toMatchObject({ status: 'unknown', gap: { reason: 'no answer in 5 s' } });
  });

  it('is not moved by a line of another payment or of text that only mentions it', () => {
    const other = line({
      kind: 'auto-assignment-created',
      correlationId: idsOf(2).payment,
      message: ids.payment,
    });
    const state = withOnlyLogLines(upTo('allocation-read'), 'allocation-worker', [other]);
    expect(statusOf(state, 'allocation-call')).toBe('unknown');
  });
});

describe('pages', () => {
  it('are told when both are done', () => {
    expect(traceOf(upTo('cache-read')).kind).toBe('complete');
    expect(hopOf(upTo('cache-read'), 'generated-record')).toMatchObject({ status: 'done', kind: 'page' });
  });

  it('are old without SESSIONS_GENERATED', () => {
    const state = upTo('cache-read', ['generated-record']);
    expect(statusOf(state, 'generated-record')).toBe('missing');
    expect(traceOf(state)).toMatchObject({ kind: 'pages-old', firstMissing: { state: 'complete' } });
  });

  it('do not expect it of an older platform', () => {
    const state = withTopicAbsent(upTo('sessions-mark'), 'sessions-generated');
    expect(statusOf(state, 'generated-record')).toBe('not-applicable');
    expect(traceOf(state).kind).toBe('complete');
  });

  it('are old where cache-worker did not read its record, and waiting within the grace', () => {
    expect(statusOf(upTo('generated-record'), 'cache-read')).toBe('missing');
    const young = withPayment(healthyState(), { upTo: 'generated-record', ageMs: 5 * SECOND });
    expect(statusOf(young, 'cache-read')).toBe('waiting');
    expect(traceOf(young).kind).toBe('complete');
  });

  it('are old where Redis failed meanwhile, and not where it failed on another day', () => {
    const failedAt = (atMs: number) =>
      withLogLines(upTo('cache-read'), 'cache-worker', [
        logLine({
          kind: 'redis-failed',
          atMs,
          level: 'error',
          message: 'Redis connection failed after all retries',
        }),
      ]);
    expect(traceOf(failedAt(NOW - 60 * MINUTE + 5 * SECOND)).kind).toBe('pages-old');
    expect(traceOf(failedAt(NOW - 5 * MINUTE)).kind).toBe('complete');
  });

  it('never make a payment undetermined', () => {
    const blind = withUnseenLog(
      withUnseenGroup(upTo('cache-read'), 'cache-invalidation-workers'),
      'cache-worker',
    );
    expect(statusOf(blind, 'cache-read')).toBe('unknown');
    expect(traceOf(blind).kind).toBe('complete');
  });

  it('are old where allocation and sessions were never announced', () => {
    const state = upTo('cache-read', ['allocated-record', 'sessions-read', 'generated-record']);
    expect(traceOf(state).kind).toBe('pages-old');
    expect(hopOf(state, 'cache-read').detail).toBe('nothing told cache-worker about the sessions');
    expect(seenValue(state.payments).arrived).toBe(13);
  });

  it('are blocked with the partition that cache-worker reads', () => {
    const state = withPartition(upTo('cache-read'), 'cache-invalidation-workers', 'sessions-generated', 1, {
      end: 5n,
      committed: 4n,
      owned: false,
    });
    expect(statusOf(state, 'cache-read')).toBe('missing');
  });
});
