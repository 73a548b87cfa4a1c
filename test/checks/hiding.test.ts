import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../src/checks/check.ts';
import { runChecks } from '../../src/checks/runner.ts';
import { FAULTS } from '../support/corpus.ts';
import { PARTS, withUnseen } from '../support/states.ts';

const failing = (results: readonly CheckResult[]) =>
  results.filter(({ outcome }) => outcome.status === 'fail').map(({ id }) => id);
const isHealthy = (results: readonly CheckResult[]): boolean =>
  results.every(
    ({ required, outcome }) => outcome.status !== 'fail' && !(required && outcome.status === 'unknown'),
  );

describe('not knowing is never healthy', () => {
  const harmed = FAULTS.map((state, index) => ({ index, state, fails: failing(runChecks(state)) })).filter(
    ({ fails }) => fails.length > 0,
  );

  it('has states that fail', () => {
    expect(harmed.length).toBeGreaterThan(40);
  });

  it.each(PARTS)('hiding %s makes no failing platform healthy', (part) => {
    const healed = harmed.filter(({ state }) => isHealthy(runChecks(withUnseen(state, part))));
    expect(healed.map(({ index, fails }) => `${index}: ${fails.join(', ')}`)).toEqual([]);
  });
});
