import { describe, expect, it } from 'vitest';
import { tablesPresent } from '../../../src/checks/schema/tables-present.ts';
import { withColumn, withoutTable } from '../../support/schema-states.ts';
import { healthyState, withUnseen } from '../../support/states.ts';

const examine = tablesPresent.examine;

describe(tablesPresent.id, () => {
  it('passes with the five tables', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails for a missing table, and for a missing column', () => {
    expect(examine(withoutTable(healthyState(), 'processed_events'))).toMatchObject({
      status: 'fail',
      summary: 'processed_events: does not exist',
    });
    expect(examine(withColumn(healthyState(), 'processed_events', 'source', null))).toMatchObject({
      status: 'fail',
      summary: 'processed_events: has no source',
    });
  });

  it('passes columns that the pipeline does not use', () => {
    expect(examine(withColumn(healthyState(), 'payments', 'provider', null)).status).toBe('pass');
    expect(examine(withColumn(healthyState(), 'processed_events', 'event_id', 'uuid')).status).toBe('pass');
  });

  it('is unknown when the schema is unseen', () => {
    expect(examine(withUnseen(healthyState(), 'schema')).status).toBe('unknown');
  });
});
