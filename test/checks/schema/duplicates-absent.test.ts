import { describe, expect, it } from 'vitest';
import { duplicatesAbsent } from '../../../src/checks/schema/duplicates-absent.ts';
import { withGuard } from '../../support/schema-states.ts';
import { healthyState, withUnseen } from '../../support/states.ts';

const examine = duplicatesAbsent.examine;
const missing = (duplicates: number | null) =>
  withGuard(healthyState(), 'unique_session_slot', { state: 'absent', duplicates });

describe(duplicatesAbsent.id, () => {
  it('is skipped while every guard is valid: the index itself refuses duplicates', () => {
    expect(examine(healthyState()).status).toBe('skipped');
  });

  it('fails for rows that break a missing guard', () => {
    expect(examine(missing(2))).toMatchObject({
      status: 'fail',
      summary: 'unique_session_slot: 2 groups of rows of tutoring_sessions break it',
      findings: [{ stage: 'sessions' }],
    });
  });

  it('passes a missing guard that nothing breaks', () => {
    expect(examine(missing(0)).status).toBe('pass');
  });

  it('is unknown when they were not counted, or the schema is unseen', () => {
    expect(examine(missing(null)).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'schema')).status).toBe('unknown');
  });
});
