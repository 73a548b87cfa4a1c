import { describe, expect, it } from 'vitest';
import { workersRunning } from '../../../src/checks/containers/workers-running.ts';
import {
  HOUR,
  healthyState,
  idsOf,
  NOW,
  SECOND,
  withContainer,
  withoutContainer,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const examine = workersRunning.examine;
const stopped = { status: 'exited', exitCode: 0, finishedAtMs: NOW - 3 * HOUR } as const;

describe(workersRunning.id, () => {
  it('passes while all are up', () => {
    expect(examine(healthyState())).toEqual({ status: 'pass', summary: '5 workers run' });
  });

  it('fails for one that somebody stopped, with the payments that wait', () => {
    const paid = withPayment(healthyState(), { upTo: 'created-record' });
    expect(examine(withContainer(paid, 'allocation-worker', stopped))).toMatchObject({
      status: 'fail',
      summary:
        'allocation-worker: exited (0), 3 h ago, stopped by somebody (unless-stopped); 1 payment waits',
      findings: [
        { payments: [idsOf(1).payment], hint: expect.stringContaining('kc-doctor fix start-worker') },
      ],
    });
  });

  it('warns of one that was stopped politely a moment ago: it may be on its way back', () => {
    const ended = (agoMs: number, exitCode: number) =>
      examine(
        withContainer(healthyState(), 'session-worker', { ...stopped, exitCode, finishedAtMs: NOW - agoMs }),
      ).status;
    expect([ended(2 * SECOND, 0), ended(2 * SECOND, 1), ended(11 * SECOND, 0)]).toEqual([
      'warn',
      'fail',
      'fail',
    ]);
  });

  it.each(['created', 'paused', 'dead'] as const)('fails for one that is %s', (status) => {
    expect(examine(withContainer(healthyState(), 'cache-worker', { status })).status).toBe('fail');
  });

  it('leaves a restarting one and an absent one to the checks that are about them', () => {
    expect(examine(withContainer(healthyState(), 'cache-worker', { status: 'restarting' })).status).toBe(
      'pass',
    );
    expect(examine(withoutContainer(healthyState(), 'cache-worker')).status).toBe('pass');
  });

  it('does not take the one-off run of a worker for the worker', () => {
    const oneOff = withContainer(healthyState(), 'purchase-worker', { ...stopped, oneOff: true });
    expect(examine(oneOff).status).toBe('pass');
  });

  it('is unknown when containers are unseen', () => {
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
  });
});
