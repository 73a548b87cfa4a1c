import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seen } from '../../src/platform/observed.ts';
import { PIPELINE } from '../../src/platform/pipeline.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { planFingerprint, sealPlan } from '../../src/repair/fingerprint.ts';
import type { Plan, PlanDraft } from '../../src/repair/plan.ts';
import { FAULTS } from '../support/corpus.ts';
import {
  HOUR,
  healthyState,
  idsOf,
  logLine,
  MINUTE,
  NOW,
  PARTITIONS,
  PARTS,
  type Step,
  seenValue,
  withContainer,
  withGroup,
  withOnlyLogLines,
  withPartition,
  withUnseen,
} from '../support/states.ts';
import {
  firstDeployment,
  markedNotSent,
  missingTopic,
  partitionOfPayment,
  planOf,
  stoppedWorker,
  withPaid,
  withWaiting,
} from './support.ts';

const UP_TO: readonly Step[] = [
  'payment-row',
  'confirmed-mark',
  'confirmed-record',
  'purchase-read',
  'purchase-row',
  'created-record',
  'allocation-read',
  'allocated-record',
];

const anyState = fc
  .record({
    payments: fc.array(
      fc.record({ upTo: fc.constantFrom(...UP_TO), ageMs: fc.integer({ min: 10 * MINUTE, max: 60 * HOUR }) }),
      { minLength: 1, maxLength: 4 },
    ),
    stopped: fc.subarray(['purchase-worker', 'allocation-worker', 'session-worker', 'cache-worker']),
    uncommitted: fc.subarray([...PARTITIONS]),
    committed: fc.constantFrom(null, -2n, 99n),
    behind: fc.constantFrom(0n, 0n, 60n),
  })
  .map(({ payments, stopped, uncommitted, committed, behind }): PlatformState => {
    const paid = payments.reduce(
      (state, change, index) =>
        withPaid(state, {
          ...change,
          n: index + 1,
          row: { metadata: JSON.stringify({ courseId: idsOf(index + 1).course }) },
        }),
      healthyState(),
    );
    const lost = uncommitted.reduce(
      (state, partition) =>
        withPartition(state, 'purchase-creation-workers', 'purchase-confirmed', partition, {
          committed,
          start: 4n,
          end: endOf(state, partition) + behind,
        }),
      paid,
    );
    return stopped.reduce((state, worker) => {
      const group = PIPELINE.find((one) => one.worker === worker)?.group ?? '';
      return withContainer(withGroup(state, group, { states: ['Empty', 'Empty', 'Empty'] }), worker, {
        status: 'exited',
        exitCode: 0,
        finishedAtMs: NOW - 61 * HOUR,
      });
    }, lost);
  });

function endOf(state: PlatformState, partition: number): bigint {
  const present = seenValue(state.topics['purchase-confirmed']);
  if (present.kind === 'absent') throw new Error('the topic is there');
  return seenValue(present.partitions.find((one) => one.partition === partition)?.bounds).end;
}

const produced = ({ steps }: PlanDraft): readonly string[] =>
  steps.flatMap(({ action }) => (action.kind === 'produce-record' ? [action.payment] : []));

describe('planning', { timeout: 120_000 }, () => {
  it('gives the same bytes for the same state, in whatever order payments were read', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const payments = seenValue(state.payments);
        const turned = {
          ...state,
          payments: seen({ ...payments, unfinished: payments.unfinished.toReversed() }, NOW),
        };
        expect(planFingerprint(planOf(turned))).toBe(planFingerprint(planOf(state)));
      }),
      { numRuns: 60 },
    );
  });

  it('passes no payment without its purchase, unless it says so and wants it confirmed', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const plan = planOf(state, { repair: 'move-offsets', stage: 'purchase', includeOlder: true });
        const moves = plan.steps.flatMap(({ action }) =>
          action.kind === 'commit-offsets' ? action.moves : [],
        );
        const bought = new Set(seenValue(state.purchases).map(({ studentId }) => studentId));
        const passed = seenValue(state.payments)
          .unfinished.filter(({ studentId }) => !bought.has(studentId))
          .filter(({ paymentId }) => {
            const scan = state.records.byPayment[paymentId]?.['purchase-confirmed'];
            const hits = scan?.kind === 'seen' ? scan.value.hits : [];
            return hits.some((hit) =>
              moves.some(({ partition, to }) => partition === hit.partition && to > hit.offset),
            );
          })
          .map(({ paymentId }) => paymentId);
        const named = plan.previews
          .filter(({ effect }) => effect === 'skipped')
          .map(({ payment }) => payment);
        expect(passed.filter((payment) => !named.includes(payment))).toEqual([]);
        expect(plan.confirm === null).toBe(named.length === 0);
      }),
      { numRuns: 60 },
    );
  });

  it('never gives back a record for want of a look that would have forbidden it', () => {
    fc.assert(
      fc.property(anyState, fc.subarray([...PARTS], { minLength: 1, maxLength: 3 }), (state, hidden) => {
        const known = withWaiting(state);
        const blind = hidden.reduce<PlatformState>((next, part) => withUnseen(next, part), known);
        const givenBack = produced(planOf(blind));
        const allowed = givenBack.filter((payment) => {
          const seeing = planOf(known, { repair: 'replay-payment', payments: [idsOfPayment(payment)] });
          return produced(seeing).includes(payment);
        });
        expect(givenBack).toEqual(allowed);
      }),
      { numRuns: 80 },
    );
  });

  it('starts nothing and stops nothing that it did not see', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const blind = planOf(withUnseen(state, 'containers'));
        const touched = blind.steps.filter(({ action }) =>
          ['start-container', 'stop-container', 'commit-offsets'].includes(action.kind),
        );
        expect(touched).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('commits only explicit numbers inside the log, at most once per partition', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const commits = planOf(state, { includeOlder: true }).steps.flatMap(({ action }) =>
          action.kind === 'commit-offsets' ? [action.moves] : [],
        );
        const twice = commits.filter(
          (moves) =>
            new Set(moves.map(({ topic, partition }) => `${topic} ${partition}`)).size < moves.length,
        );
        const outside = commits.flat().filter(({ topic, partition, to }) => {
          const present = seenValue(state.topics[topic]);
          if (present.kind === 'absent') return true;
          const bounds = seenValue(present.partitions.find((one) => one.partition === partition)?.bounds);
          return to < bounds.start || to > bounds.end;
        });
        expect(twice).toEqual([]);
        expect(outside).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('numbers its steps, and every step has its words', () => {
    for (const state of FAULTS) {
      const { steps } = planOf(state);
      expect(steps.map(({ number }) => number)).toEqual(steps.map((_, index) => index + 1));
      for (const { title, before, after, whySafe, byHand } of steps) {
        expect([title, before, after, whySafe, byHand].every((text) => text.trim() !== '')).toBe(true);
        expect(byHand).not.toContain('\n');
      }
    }
  });

  it.each([
    ['f02', () => stoppedWorker(5)],
    ['f15', missingTopic],
    ['f19', firstDeployment],
    ['f33', () => markedNotSent(5)],
  ])('%s: has nothing more to do once what it predicts is so', (_, fault) => {
    const state = withWaiting(fault());
    const plan = planOf(state);
    expect(plan.steps.length).toBeGreaterThan(0);
    const next = planOf(predicted(state, plan));
    expect({ steps: next.steps, refusals: next.refusals }).toEqual({ steps: [], refusals: [] });
  });
});

const idsOfPayment = (id: string) => {
  const found = [1, 2, 3, 4].map((n) => idsOf(n).payment).find((payment) => payment === id);
  if (found === undefined) throw new Error(`not a payment of this test: ${id}`);
  return found;
};

/** The state that a plan promises: its payments delivered, its topics there, its workers joined, its groups at the end. */
function predicted(state: PlatformState, plan: PlanDraft): PlatformState {
  const payments = seenValue(state.payments);
  const left = payments.unfinished.filter(({ paymentId }) => !plan.payments.includes(paymentId));
  const delivered: PlatformState = {
    ...state,
    payments: seen({ ...payments, unfinished: left, unfinishedTotal: left.length }, NOW),
    records: { ...state.records, byPayment: {}, heads: {}, waiting: {} },
  };
  return plan.steps.reduce((next, { action }) => {
    switch (action.kind) {
      case 'create-topic':
        return withTopic(next, action.topic);
      case 'start-container': {
        const joined = withOnlyLogLines(
          withContainer(next, action.service, {
            status: 'running',
            restartCount: 0,
            startedAtMs: NOW - 10_000,
          }),
          action.service,
          [logLine({ atMs: NOW - 7_000, kind: 'joined', logger: 'kafkajs' })],
        );
        const group = PIPELINE.find(({ worker }) => worker === action.service)?.group ?? '';
        const healthy = healthyState().groups[group];
        if (healthy === undefined) throw new Error(`no group of ${action.service}`);
        return readToTheEnd({ ...joined, groups: { ...joined.groups, [group]: healthy } }, group);
      }
      default:
        return next;
    }
  }, delivered);
}

function withTopic(state: PlatformState, topic: string): PlatformState {
  const healthy = healthyState().topics[topic];
  if (healthy === undefined) throw new Error(`no such topic: ${topic}`);
  return { ...state, topics: { ...state.topics, [topic]: healthy } };
}

function readToTheEnd(state: PlatformState, group: string): PlatformState {
  const topics = PIPELINE.find((one) => one.group === group)?.topics ?? [];
  return topics.reduce((next, topic) => {
    const present = seenValue(next.topics[topic]);
    if (present.kind === 'absent') return next;
    return present.partitions.reduce((each, { partition, bounds }) => {
      const { start, end } = seenValue(bounds);
      return withPartition(each, group, topic, partition, { start, end, committed: end });
    }, next);
  }, state);
}

describe('the name of a plan', () => {
  const hash = (text: string): string =>
    [...text]
      .reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7)
      .toString(16)
      .padStart(12, '0');
  const sealed = (state: PlatformState): Plan => sealPlan(planOf(state), hash);

  it('is the beginning of the hash of what it does', () => {
    const plan = sealed(stoppedWorker());
    expect(plan.fingerprint.startsWith(plan.id)).toBe(true);
    expect(plan.id).toHaveLength(8);
  });

  it('changes with whatever the plan would do otherwise', () => {
    const names = [
      stoppedWorker(),
      stoppedWorker(2),
      firstDeployment(),
      markedNotSent(),
      markedNotSent(2),
      withContainer(stoppedWorker(), 'allocation-worker', { id: 'another' }),
      withContainer(stoppedWorker(), 'allocation-worker', { startedAtMs: NOW - 5 * HOUR }),
      { ...stoppedWorker(), identity: { ...stoppedWorker().identity, databaseOid: 7 } },
    ].map((state) => sealed(state).fingerprint);
    expect(new Set(names).size).toBe(names.length);
  });

  it('stays where only the words, or the end of a log that others write to, have changed', () => {
    const before = planOf(markedNotSent());
    const busy = withPartition(
      markedNotSent(),
      'purchase-creation-workers',
      'purchase-confirmed',
      partitionOfPayment(1),
      {
        end: 9n,
        committed: 9n,
      },
    );
    expect(planOf(busy)).not.toEqual(before);
    expect(planFingerprint(planOf(busy))).toBe(planFingerprint(before));
    const reworded = {
      ...before,
      warnings: ['another'],
      steps: before.steps.map((step) => ({ ...step, title: 'x' })),
    };
    expect(planFingerprint(reworded)).toBe(planFingerprint(before));
  });
});
