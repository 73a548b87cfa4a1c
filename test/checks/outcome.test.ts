import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/checks/check.ts';
import { outcomeOf } from '../../src/checks/outcome.ts';
import { gap } from '../support/states.ts';

const finding = (severity: Finding['severity'], name: string): Finding => ({
  severity,
  subject: { kind: 'system', name },
  stage: null,
  observed: 'wrong',
  expected: 'right',
  summary: `${name}: wrong`,
  hint: 'repair it',
  payments: [],
});
const docker = gap('docker', { reason: 'no socket' });
const outcome = (findings: readonly Finding[], gaps = [docker].slice(1)) =>
  outcomeOf({ pass: 'fine', findings, gaps });

describe('what a check makes of all that it saw', () => {
  it('passes where nothing is wrong and nothing is unseen', () => {
    expect(outcome([])).toEqual({ status: 'pass', summary: 'fine' });
  });

  it('puts failures before warnings, and counts the rest', () => {
    expect(outcome([finding('warn', 'a'), finding('fail', 'b')])).toMatchObject({
      status: 'fail',
      summary: 'b: wrong (and 1 more)',
      findings: [{ severity: 'fail' }, { severity: 'warn' }],
    });
  });

  it('lets harm that was seen count beside a gap', () => {
    expect(outcome([finding('fail', 'a')], [docker]).status).toBe('fail');
  });

  it('is unknown beside a gap where only a warning, or nothing, was seen', () => {
    expect(outcome([], [docker])).toEqual({ status: 'unknown', gap: docker });
    expect(outcome([finding('warn', 'a')], [docker]).status).toBe('unknown');
  });

  it('counts what else was unseen', () => {
    const other = gap('kafka', { operation: 'another look' });
    expect(outcome([], [docker, docker, other])).toMatchObject({ gap: { reason: 'no socket (and 1 more)' } });
  });
});
