import { describe, expect, it } from 'vitest';
import { eventIdFits } from '../../../src/checks/schema/event-id-fits.ts';
import { withColumn } from '../../support/schema-states.ts';
import {
  HOUR,
  healthyState,
  logLine,
  NOW,
  STARTED,
  withLogLines,
  withPartition,
  withUnseen,
} from '../../support/states.ts';

const examine = eventIdFits.examine;
const narrow = withColumn(healthyState(), 'processed_events', 'event_id', 'uuid');
const prefixed = (state = narrow) =>
  withPartition(state, 'trainer-allocation-workers', 'purchase-created', 0, {
    end: 5n,
    committed: 4n,
    head: { eventId: 'purchase-created-dddddddd-0000-4000-8000-000000000001' },
  });
const syntaxError = (atMs: number) => logLine({ kind: 'uuid-syntax', level: 'error', atMs });

describe(eventIdFits.id, () => {
  it('passes a text column, whatever the ids', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(prefixed(healthyState())).status).toBe('pass');
  });

  it('passes a uuid column while no other id is seen', () => {
    expect(examine(narrow).status).toBe('pass');
  });

  it('warns for prefixed ids beside a uuid column, and fails once a worker trips over one', () => {
    expect(examine(prefixed())).toMatchObject({
      status: 'warn',
      summary: expect.stringContaining('ids like purchase-created-'),
    });
    const tripped = withLogLines(prefixed(), 'allocation-worker', [syntaxError(NOW - HOUR)]);
    expect(examine(tripped).status).toBe('fail');
  });

  it('forgets an error of an earlier run', () => {
    expect(examine(withLogLines(narrow, 'allocation-worker', [syntaxError(STARTED - HOUR)])).status).toBe(
      'pass',
    );
  });

  it('is unknown when schema, or beside a uuid column logs, are unseen', () => {
    expect(examine(withUnseen(healthyState(), 'schema')).status).toBe('unknown');
    expect(examine(withUnseen(narrow, 'logs')).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'logs')).status).toBe('pass');
  });
});
