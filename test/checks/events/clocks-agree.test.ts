import { describe, expect, it } from 'vitest';
import { clocksAgree } from '../../../src/checks/events/clocks-agree.ts';
import { seen } from '../../../src/platform/observed.ts';
import { healthyState, NOW, SECOND, withUnseen } from '../../support/states.ts';

const examine = clocksAgree.examine;
const clocks = (databaseAheadMs: number | null, newestRecordAheadMs: number | null) =>
  healthyState({ clocks: seen({ databaseAheadMs, newestRecordAheadMs }, NOW) });

describe(clocksAgree.id, () => {
  it('passes while they agree, with or without a record', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(clocks(3, null)).status).toBe('pass');
  });

  it('fails on a record 7 minutes from the future', () => {
    expect(examine(clocks(0, 420 * SECOND))).toMatchObject({
      status: 'fail',
      findings: [{ summary: 'newest record: 7 min ahead of this host', payments: [] }],
    });
  });

  it('warns of a database that is behind by more than 30 s', () => {
    expect(examine(clocks(-40 * SECOND, 0))).toMatchObject({
      status: 'warn',
      findings: [{ observed: '40 s behind this host' }],
    });
  });

  it('is unknown where the clocks, or that of the database, were not seen', () => {
    expect(examine(withUnseen(healthyState(), 'clocks')).status).toBe('unknown');
    expect(examine(clocks(null, 0)).status).toBe('unknown');
  });

  it('does not take an old record for a clock that is behind', () => {
    expect(examine(clocks(0, -3_600 * SECOND)).status).toBe('pass');
  });
});
