import { describe, expect, it } from 'vitest';
import { diagnosis } from '../../src/commands/diagnosis.ts';
import { seen, unseen } from '../../src/platform/observed.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { leftRun, TOOL } from '../support/golden.ts';
import {
  gap,
  healthyState,
  NOW,
  SECOND,
  seenValue,
  withContainer,
  withGroup,
  withPayment,
  withUnseen,
} from '../support/states.ts';

it('is healthy while a worker is being restarted', () => {
  const restarting = withGroup(
    withContainer(healthyState(), 'session-worker', {
      status: 'exited',
      exitCode: 0,
      finishedAtMs: NOW - SECOND,
    }),
    'session-scheduling-workers',
    { states: ['Empty'] },
  );
  const { exitCode, checks } = diagnosis(restarting, 'diagnose', TOOL, { failOnWarn: false });
  const said = checks.filter(({ outcome }) => !['pass', 'skipped'].includes(outcome.status));
  expect(said.map(({ id }) => id)).toEqual(['containers/workers-running']);
  expect(exitCode).toBe(0);
});

it('puts down to a cause only the payments that it explains', () => {
  const one = withPayment(healthyState(), { n: 1, upTo: 'payment-row' });
  const headline = (state: Parameters<typeof diagnosis>[0]) =>
    diagnosis(state, 'diagnose', TOOL, { failOnWarn: false }).headline;
  expect(headline(one)).toContain('1 payment (₹ 1,000) paid for and not delivered: ');
  const two = withPayment(one, { n: 2, upTo: 'sessions-read' });
  expect(headline(two)).toContain('2 payments (₹ 2,000) paid for and not delivered, 1 of them: ');
});

describe('a run that was left', () => {
  const diagnosed = (state: PlatformState) => diagnosis(state, 'diagnose', TOOL, { failOnWarn: false });
  const offers = (state: PlatformState) =>
    diagnosed(state).next.some(({ command }) => command === 'kc-doctor fix --resume 7f3a');
  const leading = (state: PlatformState) => diagnosed(state).cohorts[0]?.causes[0];
  const says = (state: PlatformState) =>
    leading(state)?.evidence.filter(({ text }) => text.startsWith('run 7f3a by alice'));

  it('is offered to be resumed, unless somebody is at work', () => {
    const [run] = seenValue(leftRun().runs ?? unseen(gap('postgres')));
    if (run === undefined) throw new Error('no run');
    expect(offers(leftRun())).toBe(true);
    expect(offers({ ...leftRun(), runs: seen([{ ...run, lock: 'held' }], NOW) })).toBe(false);
    expect(offers({ ...leftRun(), runs: seen([{ ...run, lock: 'held-by-other' }], NOW) })).toBe(false);
    expect(offers(withUnseen(leftRun(), 'runs'))).toBe(false);
  });

  it('is evidence of who stopped the worker, and changes no probability', () => {
    const without = withUnseen(leftRun(), 'runs');
    expect(leading(leftRun())).toMatchObject({ id: 'worker-stopped', level: 'confirmed' });
    expect(says(leftRun())).toEqual([
      {
        for: true,
        text: 'run 7f3a by alice stopped it at 11:48:01 UTC and has not ended',
        observation: 'runs 7f3a',
      },
    ]);
    expect(says(without)).toEqual([]);
    expect(leading(leftRun())?.probability).toBe(leading(without)?.probability);
  });

  it('never changes the exit code, nor does a journal that may not be read', () => {
    const runs = leftRun().runs;
    if (runs === undefined) throw new Error('no runs');
    expect(diagnosed({ ...healthyState(), runs }).exitCode).toBe(0);
    const denied = diagnosed(withUnseen(healthyState(), 'runs'));
    expect(denied.exitCode).toBe(0);
    expect(denied.coverage.notLooked).toHaveLength(1);
  });
});
