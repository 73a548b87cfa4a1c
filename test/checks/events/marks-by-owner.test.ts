import { describe, expect, it } from 'vitest';
import { marksByOwner } from '../../../src/checks/events/marks-by-owner.ts';
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

const examine = marksByOwner.examine;
const ids = idsOf(1);
const marked = (state: PlatformState, eventType: string, source: string, id: string = ids.payment) =>
  withMark(state, { eventId: id, eventType, correlationId: id, source, processedAtMs: NOW - 50 * MINUTE });
const atSessions = withPayment(healthyState(), { upTo: 'sessions-read' });
const hidden = marked(atSessions, 'TRAINER_ALLOCATED', 'cache-worker', ids.allocation);

describe(marksByOwner.id, () => {
  it('passes without such a mark', () => {
    expect(examine(atSessions).status).toBe('pass');
  });

  it('fails where cache-worker marked first and there are no sessions', () => {
    expect(examine(hidden)).toMatchObject({
      status: 'fail',
      findings: [{ stage: 'sessions', hint: `kc-doctor fix create-sessions ${ids.allocation}` }],
    });
  });

  it('passes on the mark alone: the sessions are there', () => {
    const state = withPayment(healthyState(), { upTo: 'sessions-rows' });
    expect(examine(marked(state, 'TRAINER_ALLOCATED', 'cache-worker', ids.allocation)).status).toBe('pass');
  });

  it('passes where the owner marked as well', () => {
    expect(examine(marked(hidden, 'TRAINER_ALLOCATED', 'session-worker')).status).toBe('pass');
  });

  it('fails at allocation only where allocation-worker skipped the event', () => {
    const state = marked(
      withPayment(healthyState(), { upTo: 'allocation-read' }),
      'PURCHASE_CREATED',
      'cache-worker',
    );
    expect(examine(state).status).toBe('pass');
    const skip = logLine({
      kind: 'skipped-processed',
      eventType: 'PURCHASE_CREATED',
      correlationId: ids.payment,
      atMs: NOW - 50 * MINUTE,
    });
    expect(examine(withLogLines(state, 'allocation-worker', [skip]))).toMatchObject({
      status: 'fail',
      findings: [{ stage: 'allocation' }],
    });
  });

  it('is unknown where marks or sessions were not seen', () => {
    expect(examine(withUnseen(hidden, 'marks')).status).toBe('unknown');
    expect(examine(withUnseen(hidden, 'sessions')).status).toBe('unknown');
  });
});
