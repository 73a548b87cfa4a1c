import { describe, expect, it } from 'vitest';
import { brokerAddressUsable } from '../../../src/checks/containers/broker-address-usable.ts';
import { healthyState, withContainer, withGroup, withUnseen } from '../../support/states.ts';

const examine = brokerAddressUsable.examine;
const empty = withGroup(healthyState(), 'purchase-creation-workers', { states: ['Empty'] });
const uses = (brokerList: string | null) => withContainer(empty, 'purchase-worker', { brokerList });

describe(brokerAddressUsable.id, () => {
  it('passes the name of the broker in the compose network, and a managed one', () => {
    expect(examine(empty).status).toBe('pass');
    expect(examine(uses('b-1.example:9094,b-2.example:9094')).status).toBe('pass');
  });

  it.each(['localhost:9092', '127.0.0.1:9092', '[::1]:9092', 'localhost:9092, 127.0.0.1:9093'])(
    'fails for %s in a container of its own',
    (list) => {
      expect(examine(uses(list))).toMatchObject({
        status: 'fail',
        findings: [{ hint: expect.stringContaining('KAFKA_BROKERS=kafka:9092') }],
      });
    },
  );

  it('warns where none is set, or only one of several is itself', () => {
    expect(examine(uses(null)).status).toBe('warn');
    expect(examine(uses('')).status).toBe('warn');
    expect(examine(uses('kafka:9092,localhost:9092')).status).toBe('warn');
  });

  it('passes localhost where the broker shares the network namespace', () => {
    expect(
      examine(withContainer(uses('localhost:9092'), 'purchase-worker', { networkMode: 'host' })).status,
    ).toBe('pass');
    const shared = withContainer(uses('localhost:9092'), 'kafka', {
      networkMode: 'container:id-purchase-worker',
    });
    expect(examine(shared).status).toBe('pass');
  });

  it('passes localhost where the worker is a member of its group: it gets there somehow', () => {
    const working = withContainer(healthyState(), 'purchase-worker', { brokerList: 'localhost:9092' });
    expect(examine(working).status).toBe('pass');
  });

  it('is unknown when containers are unseen', () => {
    expect(examine(withUnseen(healthyState(), 'containers')).status).toBe('unknown');
  });
});
