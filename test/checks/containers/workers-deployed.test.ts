import { describe, expect, it } from 'vitest';
import { workersDeployed } from '../../../src/checks/containers/workers-deployed.ts';
import {
  ALL_WORKERS,
  healthyState,
  idsOf,
  seenValue,
  withContainers,
  withoutContainer,
  withPayment,
  withSettings,
  withUnseen,
} from '../../support/states.ts';

const examine = workersDeployed.examine;
const elsewhere = withContainers(
  healthyState(),
  seenValue(healthyState().containers).containers.filter(
    ({ service }) => !ALL_WORKERS.includes(service ?? ''),
  ),
);

describe(workersDeployed.id, () => {
  it('passes when each expected worker has a container, a stopped one included', () => {
    expect(examine(healthyState())).toEqual({ status: 'pass', summary: '4 of 4 exist' });
  });

  it('fails when one is absent beside its siblings, and names the payments that wait', () => {
    const paid = withPayment(healthyState(), { upTo: 'confirmed-record' });
    expect(examine(withoutContainer(paid, 'purchase-worker'))).toMatchObject({
      status: 'fail',
      summary: 'purchase-worker: no container, not in compose',
      findings: [
        { stage: 'purchase', payments: [idsOf(1).payment], subject: { service: 'purchase-worker' } },
      ],
    });
  });

  it('says when compose has it, and says nothing of a compose file that it could not see', () => {
    const gone = withoutContainer(healthyState(), 'session-worker', { inCompose: true });
    expect(examine(gone)).toMatchObject({ summary: 'session-worker: no container, though it is in compose' });
    expect(examine(withUnseen(gone, 'compose'))).toMatchObject({ summary: 'session-worker: no container' });
  });

  it('is unknown when no expected worker is on this daemon: they may run on another host', () => {
    expect(examine(elsewhere)).toMatchObject({ status: 'unknown', gap: { code: 'incomplete' } });
    expect(examine(withSettings(elsewhere, { singleHost: true })).status).toBe('fail');
  });

  it('passes an older platform without the newer worker, and says so', () => {
    expect(examine(withoutContainer(healthyState(), 'notification-worker'))).toEqual({
      status: 'pass',
      summary: '4 of 4 exist; older platform, without notification-worker',
    });
  });

  it('is unknown when containers are unseen', () => {
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
  });
});
