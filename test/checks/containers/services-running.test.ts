import { describe, expect, it } from 'vitest';
import { servicesRunning } from '../../../src/checks/containers/services-running.ts';
import {
  healthyState,
  withContainer,
  withoutContainer,
  withSettings,
  withUnseen,
  withUnseenLog,
} from '../../support/states.ts';

const examine = servicesRunning.examine;
const down = (service: string) => withContainer(healthyState(), service, { status: 'exited', exitCode: 1 });

describe(servicesRunning.id, () => {
  it('passes while all are up', () => {
    expect(examine(healthyState())).toEqual({ status: 'pass', summary: '4 services are up' });
  });

  it('fails for payment-service, and warns for those that make no events', () => {
    expect(examine(down('payment-service'))).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('payment-service: exited (1)'),
    });
    expect(examine(down('course-service')).status).toBe('warn');
    expect(examine(down('api-gateway')).status).toBe('warn');
  });

  it('weighs admin-service by the generation: the newest assigns without it', () => {
    expect(examine(down('admin-service')).status).toBe('warn');
    expect(examine(withSettings(down('admin-service'), { generation: 'older' })).status).toBe('fail');
    expect(examine(withUnseenLog(down('admin-service'), 'allocation-worker')).status).toBe('fail');
  });

  it('does not judge a service that has no container here', () => {
    expect(examine(withoutContainer(healthyState(), 'course-service'))).toEqual({
      status: 'pass',
      summary: '3 services are up',
    });
  });

  it('is unknown when containers are unseen', () => {
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
  });
});
