import { describe, expect, it } from 'vitest';
import { guardsPresent } from '../../../src/checks/schema/guards-present.ts';
import { withGuard } from '../../support/schema-states.ts';
import {
  HOUR,
  healthyState,
  logLine,
  NOW,
  STARTED,
  withLogLines,
  withUnseen,
  withUnseenLog,
} from '../../support/states.ts';

const examine = guardsPresent.examine;
const GUARD = 'unique_active_purchase';
const missing = withGuard(healthyState(), GUARD, { state: 'absent', definition: null, duplicates: 0 });
const ended = (atMs: number) => [
  logLine({ kind: 'attempt-failed', level: 'error', atMs }),
  logLine({ kind: 'on-conflict-unmatched', level: 'error', atMs }),
];

describe(guardsPresent.id, () => {
  it('passes when all four are valid', () => {
    expect(examine(healthyState()).status).toBe('pass');
  });

  it.each(['absent', 'invalid', 'different'] as const)('warns for one that is %s', (state) => {
    expect(examine(withGuard(missing, GUARD, { state }))).toMatchObject({
      status: 'warn',
      findings: [{ subject: { kind: 'index', name: GUARD }, hint: 'kc-doctor fix create-missing-indexes' }],
    });
  });

  it('fails once rows break it, or 42P10 ends an attempt', () => {
    expect(examine(withGuard(missing, GUARD, { duplicates: 2 }))).toMatchObject({
      status: 'fail',
      summary: 'unique_active_purchase: missing on student_course_purchases, 2 duplicates',
    });
    expect(examine(withLogLines(missing, 'purchase-worker', ended(NOW - HOUR))).status).toBe('fail');
  });

  it('does not believe the warning of a worker that falls back', () => {
    const fallback = [
      logLine({ kind: 'on-conflict-unmatched', level: 'warn', atMs: NOW - HOUR }),
      logLine({ kind: 'purchase-created', atMs: NOW - HOUR }),
      logLine({ kind: 'fallback-method', atMs: NOW - HOUR }),
    ];
    expect(examine(withLogLines(missing, 'purchase-worker', fallback)).status).toBe('warn');
    expect(examine(withLogLines(healthyState(), 'purchase-worker', ended(NOW - HOUR))).status).toBe('pass');
  });

  it('does not count attempts of an earlier run, nor those of another worker', () => {
    expect(examine(withLogLines(missing, 'purchase-worker', ended(STARTED - HOUR))).status).toBe('warn');
    expect(examine(withLogLines(missing, 'session-worker', ended(NOW - HOUR))).status).toBe('warn');
  });

  it('is unknown when the schema, or beside a missing guard the log, is unseen', () => {
    expect(examine(withUnseen(healthyState(), 'schema')).status).toBe('unknown');
    expect(examine(withUnseenLog(missing, 'purchase-worker')).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'logs')).status).toBe('pass');
  });
});
