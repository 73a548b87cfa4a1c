import { describe, expect, it } from 'vitest';
import { workersFit } from '../../../src/checks/schema/workers-fit.ts';
import {
  HOUR,
  healthyState,
  logLine,
  NOW,
  STARTED,
  withLog,
  withLogLines,
  withOnlyLogLines,
  withUnseenLog,
} from '../../support/states.ts';

const examine = workersFit.examine;
const lacking = (atMs: number) =>
  logLine({ kind: 'undefined-column', level: 'error', message: 'column "start_date" does not exist', atMs });

describe(workersFit.id, () => {
  it('passes a healthy platform', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it('fails for a column that the schema lacks', () => {
    expect(examine(withLogLines(healthyState(), 'purchase-worker', [lacking(NOW - HOUR)]))).toMatchObject({
      status: 'fail',
      summary: 'purchase-worker: column "start_date" does not exist, 60 min ago',
      findings: [{ hint: expect.stringContaining('docker compose pull purchase-worker') }],
    });
  });

  it('does not count lines from before the present start: the image may have been replaced', () => {
    const older = withLogLines(healthyState(), 'purchase-worker', [lacking(STARTED - HOUR)]);
    expect(examine(older).status).toBe('pass');
  });

  it('takes a finished record for proof where the log is cut short', () => {
    const cut = withLog(healthyState(), 'purchase-worker', { reachesStart: false });
    expect(examine(cut).status).toBe('pass');
    expect(examine(withLog(withOnlyLogLines(cut, 'purchase-worker', []), 'purchase-worker', {})).status).toBe(
      'unknown',
    );
  });

  it('is unknown when a log is unseen', () => {
    expect(examine(withUnseenLog(healthyState(), 'session-worker')).status).toBe('unknown');
  });
});
