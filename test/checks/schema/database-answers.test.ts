import { describe, expect, it } from 'vitest';
import { databaseAnswers } from '../../../src/checks/schema/database-answers.ts';
import { seen } from '../../../src/platform/observed.ts';
import {
  gap,
  healthyState,
  logLine,
  MINUTE,
  NOW,
  SECOND,
  seenValue,
  withLogLines,
  withUnseen,
} from '../../support/states.ts';

const examine = databaseAnswers.examine;
const refused = gap('postgres', { code: 'refused', reason: 'TLS refused' });
const hidden = withUnseen(healthyState(), 'database', refused);
const failure = (atMs: number) => logLine({ kind: 'database-connection', level: 'error', atMs });

describe(databaseAnswers.id, () => {
  it('passes, and says on which server', () => {
    expect(examine(healthyState())).toEqual({ status: 'pass', summary: 'kc, Postgres 15.4, primary' });
    const replica = { ...seenValue(healthyState().database), inRecovery: true, replayLagMs: 900 };
    expect(examine(healthyState({ database: seen(replica, NOW) }))).toMatchObject({
      summary: 'kc, Postgres 15.4, a replica',
    });
  });

  it('is unknown on a replica that is far behind: what happened since is not on it', () => {
    const behind = (replayLagMs: number) =>
      examine(
        healthyState({
          database: seen({ ...seenValue(healthyState().database), inRecovery: true, replayLagMs }, NOW),
        }),
      );
    expect(behind(20 * MINUTE)).toMatchObject({
      status: 'unknown',
      gap: { reason: 'the database is a replica that is 20 min behind' },
    });
    expect(behind(MINUTE).status).toBe('pass');
  });

  it('fails when it is refused here and by a worker', () => {
    expect(examine(withLogLines(hidden, 'purchase-worker', [failure(NOW - SECOND)]))).toMatchObject({
      status: 'fail',
      summary: 'postgres: TLS refused; purchase-worker is refused too',
    });
  });

  it('is unknown when it is refused only here', () => {
    expect(examine(hidden)).toEqual({ status: 'unknown', gap: refused });
  });

  it('does not count a worker that has finished events since, nor a gap of our own making', () => {
    const finished = logLine({ kind: 'purchase-created', atMs: NOW - SECOND });
    const recovered = withLogLines(hidden, 'purchase-worker', [failure(NOW - 9 * SECOND), finished]);
    expect(examine(recovered).status).toBe('unknown');
    const unset = withUnseen(healthyState(), 'database', gap('postgres', { code: 'not-configured' }));
    expect(examine(withLogLines(unset, 'purchase-worker', [failure(NOW - SECOND)])).status).toBe('unknown');
  });
});
