import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RankedCause } from '../../src/causes/cause.ts';
import { rankCohorts } from '../../src/causes/rank.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { cohorts } from '../../src/trace/cohorts.ts';
import { traceUnfinished } from '../../src/trace/trace-payment.ts';
import {
  crashForGood,
  deadLetter,
  HOUR,
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  PARTS,
  SECOND,
  withContainer,
  withDeadLetters,
  withGroup,
  withLogLines,
  withMark,
  withoutContainer,
  withPartition,
  withPayment,
  withTopicAbsent,
  withUnseen,
} from '../support/states.ts';

function ranked(state: PlatformState) {
  return rankCohorts(state, cohorts(state, traceUnfinished(state)));
}

function leading(state: PlatformState): RankedCause {
  const first = ranked(state).cohorts[0]?.causes[0];
  if (first === undefined) throw new Error('no cause was ranked');
  return first;
}

function named(state: PlatformState): string {
  const { id, stage } = leading(state);
  return stage === null ? id : `${id}@${stage}`;
}

/** The first incident of the write-ups: payments announced, no purchase-worker anywhere. */
function firstIncident(): PlatformState {
  const paid = withPayment(healthyState(), { upTo: 'confirmed-record' });
  const empty = withPartition(paid, 'purchase-creation-workers', 'purchase-confirmed', 1, {
    committed: null,
    start: 0n,
    end: 1n,
    owned: false,
  });
  return withoutContainer(
    withGroup(empty, 'purchase-creation-workers', { states: ['Dead'], listed: false }),
    'purchase-worker',
  );
}

function stoppedAllocation(): PlatformState {
  const paid = withPayment(healthyState(), { upTo: 'created-record' });
  const unread = withPartition(paid, 'trainer-allocation-workers', 'purchase-created', 1, {
    committed: 4n,
    end: 5n,
    owned: false,
  });
  const empty = withGroup(unread, 'trainer-allocation-workers', { states: ['Empty', 'Empty', 'Empty'] });
  return withContainer(empty, 'allocation-worker', {
    status: 'exited',
    exitCode: 0,
    finishedAtMs: NOW - HOUR - MINUTE,
  });
}

describe('ranking', () => {
  it('names the worker that was never deployed, as the first write-up found, and confirms it', () => {
    const first = leading(firstIncident());
    expect(first).toMatchObject({ id: 'worker-not-deployed', stage: 'purchase', level: 'confirmed' });
    expect(first.probability).toBeGreaterThan(0.95);
    expect(first.evidence.filter((item) => item.for).map(({ observation }) => observation)).toContain(
      'containers purchase-worker',
    );
  });

  it('does not tell the two worker causes apart while Docker is unseen, and says so', () => {
    const state = withUnseen(withUnseen(firstIncident(), 'containers'), 'compose');
    const [cohort] = ranked(state).cohorts;
    expect(cohort?.determined).toBe(false);
    expect(cohort?.causes.slice(0, 2).map(({ id }) => id)).toEqual(['worker-not-deployed', 'worker-stopped']);
    expect(cohort?.causes[0]?.level).toBe('possible');
    expect(cohort?.causes[0]?.probe).toContain('docker ps -a');
  });

  it('names a stopped worker before one that is missing', () => {
    expect(named(stoppedAllocation())).toBe('worker-stopped@allocation');
  });

  it('does not blame a stop that came an hour after the payment had stopped', () => {
    const late = withContainer(stoppedAllocation(), 'allocation-worker', { finishedAtMs: NOW - 10 * MINUTE });
    expect(ranked(late).cohorts[0]?.causes.map(({ id }) => id)).not.toContain('worker-stopped');
  });

  it('blames a stop before a start that was too short to read anything', () => {
    const failed = withContainer(stoppedAllocation(), 'allocation-worker', {
      startedAtMs: NOW - 10 * MINUTE - SECOND,
      finishedAtMs: NOW - 10 * MINUTE,
    });
    expect(named(failed)).toBe('worker-stopped@allocation');
  });

  it('splits a cohort at the onset of a cause that began between its payments', () => {
    const twice = withPayment(stoppedAllocation(), { n: 2, upTo: 'created-record', ageMs: 5 * HOUR });
    const state = withPartition(twice, 'trainer-allocation-workers', 'purchase-created', 1, {
      committed: 4n,
      end: 6n,
      owned: false,
    });
    const split = ranked(
      withGroup(state, 'trainer-allocation-workers', { states: ['Empty', 'Empty', 'Empty'] }),
    );
    const blamed = split.cohorts.filter(({ causes }) => causes[0]?.id === 'worker-stopped');
    expect(blamed.flatMap(({ cohort }) => cohort.traces.map(({ payment }) => payment))).toEqual([
      idsOf(1).payment,
    ]);
  });

  it('names the topic that is missing for the stage that reads it', () => {
    const paid = withPayment(healthyState(), { upTo: 'purchase-row' });
    expect(named(withTopicAbsent(paid, 'purchase-created'))).toBe('topic-missing@allocation');
  });

  it('names a mark that never became a record', () => {
    const first = leading(withPayment(healthyState(), { upTo: 'confirmed-mark' }));
    expect(first).toMatchObject({ id: 'mark-without-record', level: 'confirmed' });
  });

  it('names a payment that was never announced where the mark is missing too', () => {
    expect(leading(withPayment(healthyState(), { upTo: 'payment-row' })).id).toBe(
      'payment-service-never-emitted',
    );
  });

  it('names a record that blocks its partition while the others pass', () => {
    const paid = withPayment(healthyState(), { upTo: 'confirmed-record' });
    const stuck = withPartition(paid, 'purchase-creation-workers', 'purchase-confirmed', 1, {
      committed: 4n,
      end: 5n,
    });
    const letters = [1, 2, 3].map((offset) =>
      deadLetter('purchase-confirmed', 1, 4n, {
        offset: BigInt(offset),
        atMs: NOW - (10 - offset) * SECOND,
        correlationId: idsOf(1).payment,
      }),
    );
    expect(named(withDeadLetters(stuck, letters))).toBe('poison-record@purchase');
  });

  it("names cache-worker's mark where session-worker skipped and made nothing", () => {
    const paid = withPayment(healthyState(), { upTo: 'sessions-read' });
    const marked = withMark(paid, {
      eventId: idsOf(1).allocation,
      eventType: 'TRAINER_ALLOCATED',
      correlationId: idsOf(1).payment,
      source: 'cache-worker',
      processedAtMs: NOW - HOUR,
    });
    expect(leading(marked).id).toBe('cache-mark-blocks-sessions');
  });

  it('is not misled by an announcement of an allocation that does not exist', () => {
    const state = withPayment(healthyState(), {
      upTo: 'sessions-read',
      without: ['allocation-row'],
    });
    const marked = withMark(state, {
      eventId: idsOf(1).allocation,
      eventType: 'TRAINER_ALLOCATED',
      correlationId: idsOf(1).payment,
      source: 'cache-worker',
      processedAtMs: NOW - HOUR,
    });
    expect(ranked(marked).cohorts[0]?.cohort.firstMissing.hop).toBe('allocation-row');
    expect(leading(marked).id).toBe('marks-before-verify');
  });

  it('names a consumer that died inside its running container, and does not call a log alone proof', () => {
    const paid = withPayment(healthyState(), { upTo: 'confirmed-record' });
    const unread = withPartition(paid, 'purchase-creation-workers', 'purchase-confirmed', 1, {
      committed: 4n,
      end: 5n,
      owned: false,
    });
    const empty = withGroup(unread, 'purchase-creation-workers', { states: ['Empty', 'Empty', 'Empty'] });
    const first = leading(withLogLines(empty, 'purchase-worker', crashForGood(NOW - 30 * MINUTE)));
    expect(first).toMatchObject({ id: 'consumer-dead-in-running-container', level: 'likely' });
  });

  it("takes no other student's assignment for a sign", () => {
    const other = logLine({
      atMs: NOW - HOUR,
      kind: 'auto-assignment-created',
      message: `Auto Assignment: allocation created (studentId ${idsOf(9).student})`,
    });
    const [cohort] = ranked(withLogLines(stoppedAllocation(), 'admin-service', [other])).cohorts;
    expect(cohort?.together).toEqual([]);
    const silent = cohort?.causes.find(({ id }) => id === 'admin-silent-failure');
    expect(silent?.evidence.filter((item) => item.for)).toEqual([]);
  });

  it('never lets an error that no pattern knows hide behind a listed cause', () => {
    const paid = withPayment(healthyState(), { upTo: 'purchase-read' });
    const state = withLogLines(paid, 'purchase-worker', [
      logLine({ atMs: NOW - HOUR, kind: 'error', level: 'error', message: 'the moon is in the wrong house' }),
    ]);
    const [cohort] = ranked(state).cohorts;
    expect(cohort?.causes.map(({ id }) => id)).toContain('something-else');
    expect(cohort?.causes.find(({ id }) => id === 'something-else')?.evidence[0]?.text).toContain('the moon');
  });

  it('lists what hurts nobody yet apart, without a percentage', () => {
    const state = withContainer(healthyState(), 'session-worker', {
      status: 'exited',
      exitCode: 0,
      finishedAtMs: NOW - MINUTE,
    });
    const result = ranked(state);
    expect(result.cohorts).toEqual([]);
    expect(result.latent).toMatchObject([{ id: 'worker-stopped', stage: 'sessions' }]);
  });

  it('shares one certainty between all causes, whatever is hidden', () => {
    const states = [
      firstIncident(),
      stoppedAllocation(),
      withPayment(healthyState(), { upTo: 'confirmed-mark' }),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...states), fc.subarray([...PARTS]), (state, hidden) => {
        const seen = hidden.reduce((next, part) => withUnseen(next, part), state);
        for (const { causes } of ranked(seen).cohorts) {
          if (causes.length === 0) continue;
          const sum = causes.reduce((total, { probability }) => total + probability, 0);
          expect(sum).toBeCloseTo(1, 9);
        }
        expect(ranked(seen)).toEqual(ranked(seen));
      }),
      { numRuns: 60 },
    );
  });
});
