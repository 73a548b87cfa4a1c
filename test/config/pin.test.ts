import { describe, expect, it } from 'vitest';
import type { IdentityPin } from '../../src/config/config.ts';
import { refuseOtherPlatform } from '../../src/config/pin.ts';
import { healthyState } from '../support/states.ts';

const NOTHING: IdentityPin = {
  composeProject: null,
  dockerDaemonId: null,
  kafkaClusterId: null,
  databaseSystemId: null,
  databaseOid: null,
  databaseName: null,
};
const identity = { ...healthyState().identity, kafkaClusterId: 'dev-cluster', databaseSystemId: null };

describe('a pin', () => {
  it('that does not hold is refused with both ids', () => {
    const refused = () => refuseOtherPlatform(identity, { ...NOTHING, kafkaClusterId: 'prod-cluster' });
    expect(refused).toThrow(
      expect.objectContaining({
        details: ['pin.kafkaClusterId is prod-cluster, but here it is dev-cluster'],
      }),
    );
  });

  it('is not broken by what was not seen, nor by what is not pinned', () => {
    const pin = { ...NOTHING, databaseSystemId: '7', kafkaClusterId: 'dev-cluster' };
    expect(() => refuseOtherPlatform(identity, pin)).not.toThrow();
  });
});
