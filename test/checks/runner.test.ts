import { describe, expect, it } from 'vitest';
import type { Check, CheckOutcome, Finding, Subject } from '../../src/checks/check.ts';
import { runChecks } from '../../src/checks/runner.ts';
import {
  deadLetter,
  gap,
  healthyState,
  olderState,
  withContainer,
  withContainers,
  withDeadLetters,
  withoutContainer,
  withPartition,
  withSettings,
  withTopicAbsent,
  withUnseen,
} from '../support/states.ts';

const finding = (subject: Subject, severity: Finding['severity'] = 'fail'): Finding => ({
  severity,
  subject,
  stage: null,
  observed: 'wrong',
  expected: 'right',
  summary: 'it: wrong',
  hint: 'repair it',
  payments: [],
});
const container = (service: string): Subject => ({ kind: 'container', name: service, service });
const fails = (...findings: [Finding, ...Finding[]]): CheckOutcome => ({
  status: 'fail',
  summary: 'it: wrong',
  findings,
});
const pass: CheckOutcome = { status: 'pass', summary: 'fine' };
const unknown: CheckOutcome = { status: 'unknown', gap: gap('docker') };

function check(id: Check['id'], outcome: CheckOutcome, after: Check['after'] = []): Check {
  return { id, title: id, required: true, after, needs: [], explain: '', examine: () => outcome };
}

const second = (first: CheckOutcome, own: CheckOutcome): CheckOutcome | undefined =>
  runChecks(healthyState(), [check('schema/first', first), check('schema/second', own, ['schema/first'])]).at(
    1,
  )?.outcome;

describe('runChecks', () => {
  it('reports in the order of the catalogue, whatever goes first', () => {
    const results = runChecks(healthyState(), [
      check('schema/b', pass, ['schema/a']),
      check('schema/a', unknown),
    ]);
    expect(results.map(({ id, outcome }) => [id, outcome.status])).toEqual([
      ['schema/b', 'unknown'],
      ['schema/a', 'unknown'],
    ]);
  });

  it('skips after a failed system, and names what failed', () => {
    const system = fails(finding({ kind: 'system', name: 'kafka' }));
    expect(second(system, pass)).toEqual({ status: 'skipped', reason: 'schema/first failed' });
  });

  it('leaves out the subjects that failed before, and keeps the others', () => {
    const before = fails(finding(container('a')));
    expect(second(before, fails(finding(container('a'))))).toMatchObject({ status: 'skipped' });
    expect(second(before, fails(finding(container('a')), finding(container('b'))))).toMatchObject({
      status: 'fail',
      findings: [{ subject: { service: 'b' } }],
    });
    expect(second(before, pass)).toEqual(pass);
  });

  it('leaves out the partitions of a topic that failed', () => {
    const partition: Subject = { kind: 'partition', topic: 't', partition: 0, group: 'g' };
    expect(second(fails(finding({ kind: 'topic', topic: 't' })), fails(finding(partition)))).toMatchObject({
      status: 'skipped',
    });
    expect(second(fails(finding({ kind: 'topic', topic: 'u' })), fails(finding(partition)))).toMatchObject({
      status: 'fail',
    });
  });

  it('does not let a warning stand in the way', () => {
    const warned: CheckOutcome = {
      status: 'warn',
      summary: 'it: wrong',
      findings: [finding(container('a'), 'warn')],
    };
    expect(second(warned, fails(finding(container('a'))))).toMatchObject({ status: 'fail' });
  });

  it('is unknown after unknown, unless it has seen harm itself', () => {
    expect(second(unknown, pass)).toEqual(unknown);
    expect(second(unknown, fails(finding(container('a'))))).toMatchObject({ status: 'fail' });
  });

  it('is skipped after skipped', () => {
    expect(second({ status: 'skipped', reason: 'does not apply' }, pass)).toEqual({
      status: 'skipped',
      reason: 'schema/first was skipped: does not apply',
    });
  });

  it('makes a defect unknown, and goes on', () => {
    const broken: Check = {
      ...check('schema/broken', pass),
      examine: () => {
        throw new TypeError('x is not a function');
      },
    };
    const results = runChecks(healthyState(), [broken, check('schema/other', pass)]);
    expect(results[0]?.outcome).toMatchObject({
      status: 'unknown',
      gap: {
        system: 'postgres',
        operation: 'check schema/broken',
        reason: expect.stringContaining('defect'),
      },
    });
    expect(results[1]?.outcome).toEqual(pass);
  });
});

describe('the whole catalogue', () => {
  const statuses = (state: Parameters<typeof runChecks>[0]) =>
    Object.fromEntries(runChecks(state).map(({ id, outcome }) => [id, outcome.status]));
  const failing = (state: Parameters<typeof runChecks>[0]) =>
    Object.entries(statuses(state))
      .filter(([, status]) => status === 'fail')
      .map(([id]) => id);
  const required = (state: Parameters<typeof runChecks>[0], status: string) =>
    runChecks(state).some((result) => result.required && result.outcome.status === status);

  it('finds nothing on a healthy platform, the newest and the older', () => {
    expect(new Set(Object.values(statuses(healthyState())))).toEqual(new Set(['pass', 'skipped']));
    expect(new Set(Object.values(statuses(olderState())))).toEqual(new Set(['pass', 'skipped']));
  });

  it('finds a stopped worker once, not in every check about it', () => {
    const stopped = withContainer(healthyState(), 'purchase-worker', { status: 'exited', exitCode: 0 });
    expect(failing(stopped)).toEqual(['containers/workers-running']);
  });

  it('finds two faults at two workers beside each other', () => {
    const state = withContainer(withoutContainer(healthyState(), 'purchase-worker'), 'cache-worker', {
      status: 'exited',
    });
    expect(failing(state)).toEqual(['containers/workers-deployed', 'containers/workers-running']);
  });

  it('finds a missing topic, and still judges the others', () => {
    const poisoned = withDeadLetters(
      withPartition(healthyState(), 'purchase-creation-workers', 'purchase-confirmed', 0, {
        end: 9n,
        committed: 4n,
      }),
      [deadLetter('purchase-confirmed', 0, 4n), deadLetter('purchase-confirmed', 0, 4n)],
    );
    expect(failing(withTopicAbsent(poisoned, 'trainer-allocated'))).toEqual(
      expect.arrayContaining(['topics/expected-exist', 'offsets/no-record-blocks']),
    );
  });

  it('could not look at anything required when the workers are on another host', () => {
    const elsewhere = withUnseen(withContainers(healthyState(), []), 'logs');
    expect(failing(elsewhere)).toEqual([]);
    expect(required(elsewhere, 'unknown')).toBe(true);
  });

  it('skips containers on Kubernetes, and is healthy there', () => {
    const cluster = withSettings(withUnseen(withUnseen(healthyState(), 'containers'), 'logs'), {
      runtime: 'none',
      managedKafka: true,
    });
    expect(failing(cluster)).toEqual([]);
    expect(required(cluster, 'unknown')).toBe(false);
  });
});
