import { describe, expect, it } from 'vitest';
import { oneLiveRow } from '../../../src/checks/allocation/one-live-row.ts';
import { seen } from '../../../src/platform/observed.ts';
import type { DatabaseAnomalies } from '../../../src/platform/state.ts';
import { gap, healthyState, NOW, seenValue, withPayment, withUnseen } from '../../support/states.ts';

const examine = oneLiveRow.examine;
const anomalies = (patch: Partial<DatabaseAnomalies>) =>
  healthyState({ anomalies: seen({ ...seenValue(healthyState().anomalies), ...patch }, NOW) });

describe(oneLiveRow.id, () => {
  it('passes where nobody has two', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails on two live ones', () => {
    expect(
      examine(anomalies({ pairsWithTwoLiveAllocations: 1, pairsWithTwoPendingAllocations: 3 })),
    ).toMatchObject({
      status: 'fail',
      findings: [{ severity: 'fail' }, { severity: 'warn' }],
    });
  });

  it('warns of two pending ones', () => {
    expect(examine(anomalies({ pairsWithTwoPendingAllocations: 2 }))).toMatchObject({
      status: 'warn',
      summary: 'trainer_allocations: 2 students have two or more pending allocations for one course',
    });
  });

  it('is unknown where the database did not tell', () => {
    expect(examine(withUnseen(healthyState(), 'anomalies', gap('postgres')))).toEqual({
      status: 'unknown',
      gap: gap('postgres'),
    });
  });

  it('does not count one live allocation', () => {
    expect(examine(withPayment(healthyState(), { upTo: 'cache-read' })).status).toBe('pass');
  });
});
