import { expect, it } from 'vitest';
import { diagnosis } from '../../src/commands/diagnosis.ts';
import { TOOL } from '../support/golden.ts';
import { healthyState, NOW, SECOND, withContainer, withGroup, withPayment } from '../support/states.ts';

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
