import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/checks/catalogue.ts';
import { diagnosis } from '../../src/commands/diagnosis.ts';
import { smoke, smokeOf } from '../../src/commands/smoke.ts';
import type { Context } from '../../src/context.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { testContext } from '../support/context.ts';
import { FAULTS } from '../support/corpus.ts';
import { dockerUnseen, INCIDENTS, needsDecision, stoppedAllocation, TOOL } from '../support/golden.ts';
import { ScriptedClock } from '../support/scripted-clock.ts';
import { healthyState, withContainer } from '../support/states.ts';

const LENIENT = { failOnWarn: false };
const REQUIRED = CATALOGUE.filter(({ required }) => required).map(({ id }) => id);

/** A platform that changes while it is looked at: the last state that has begun. Each look takes a second. */
function changing(states: readonly (readonly [number, PlatformState])[], overrides: Partial<Context> = {}) {
  const clock = new ScriptedClock();
  const said: string[] = [];
  const looks: number[] = [];
  const context = testContext({
    clock,
    say: (line) => {
      said.push(line);
    },
    observe: () => {
      looks.push(clock.monotonicMs());
      const state = states.findLast(([fromMs]) => fromMs <= clock.monotonicMs())?.[1];
      clock.advance(1_000);
      return state === undefined ? Promise.reject(new Error('nothing yet')) : Promise.resolve(state);
    },
    ...overrides,
  });
  return { context, said, looks };
}

const late = [
  [0, dockerUnseen()],
  [10_000, stoppedAllocation()],
  [20_000, healthyState()],
] as const;

describe('smoke', () => {
  it('shows the required checks, one line each, and ends with what they came to', async () => {
    const { context, said } = changing([[0, healthyState()]]);
    const { exitCode, text } = await smoke(context, []);
    const ids = text.split('\n').flatMap((line) => /^[✓·!] (\S+\/\S+) /.exec(line)?.[1] ?? []);
    expect(ids).toEqual(REQUIRED);
    expect(text.trimEnd().split('\n').at(-1)).toBe(`${REQUIRED.length} checks hold (exit 0)`);
    expect([exitCode, said]).toEqual([0, []]);
  });

  it('looks once without --wait', async () => {
    const { context, looks, said } = changing([
      [0, stoppedAllocation()],
      [1, healthyState()],
    ]);
    const { exitCode, text } = await smoke(context, []);
    expect([exitCode, looks, said]).toEqual([1, [0], []]);
    expect(text).toMatch(/^✗ containers\/workers-running +failed: .*allocation-worker/m);
    expect(text).toMatch(/^✗ payments +stuck: 1 payment \(₹ 1,000\)/m);
  });

  it('turns green by itself once a late worker has joined, and says what it waits for', async () => {
    const { context, said, looks } = changing(late, { waitMs: 60_000 });
    expect(await smoke(context, [])).toMatchObject({ exitCode: 0 });
    expect(looks.at(-1)).toBe(20_000);
    expect(said).toHaveLength(looks.length - 1);
    expect(said[0]).toMatch(/^waiting for containers\/.* and \d+ more; looking again for up to 59 s$/);
    expect(said.at(-1)).toMatch(/containers\/workers-running/);
  });

  it('gives the last look when the time is over', async () => {
    const waiting = changing(late, { waitMs: 15_000 });
    expect(await smoke(waiting.context, [])).toMatchObject({ exitCode: 1 });
    expect(waiting.looks.at(-1)).toBe(15_000);
    const blind = changing(late, { waitMs: 5_000 });
    expect((await smoke(blind.context, [])).exitCode).toBe(1);
  });

  it('is 3 for as long as it could not look at a healthy platform', async () => {
    const { context } = changing([[0, INCIDENTS['kafka-unseen']?.() ?? healthyState()]], { waitMs: 30_000 });
    const { exitCode, text } = await smoke(context, []);
    expect(exitCode).toBe(3);
    expect(text).toMatch(/^\? offsets\/group-stable +could not look: /m);
    expect(text).toMatch(/^of \d+ checks \d+ could not look.*\(exit 3\)$/m);
  });

  it('waits for warnings too where they count', async () => {
    const warned = withContainer(healthyState(), 'purchase-worker', { restartCount: 4 });
    const lenient = changing([[0, warned]], { waitMs: 20_000 });
    expect(await smoke(lenient.context, [])).toMatchObject({ exitCode: 0 });
    const strict = changing([[0, warned]], { waitMs: 20_000, failOnWarn: true });
    expect((await smoke(strict.context, [])).exitCode).toBe(1);
    expect(strict.said[0]).toMatch(/^waiting for containers\/workers-steady; /);
  });

  it('ends at once when interrupted between two looks', async () => {
    const interrupt = new AbortController();
    const { context, looks } = changing(late, {
      waitMs: 60_000,
      signal: interrupt.signal,
      say: () => interrupt.abort(new Error('stop')),
    });
    await expect(smoke(context, [])).rejects.toThrow('stop');
    expect(looks).toEqual([0]);
  });
});

describe('the verdict of smoke', () => {
  it('is not spoilt by a payment that waits for a person, which it says', () => {
    const { exitCode, headline } = smokeOf(needsDecision(), TOOL, LENIENT);
    expect([exitCode, headline]).toEqual([
      0,
      `${REQUIRED.length} checks hold; 1 payment waiting for a person's decision (exit 0)`,
    ]);
  });

  it('counts harm that another check has seen', () => {
    const down = withContainer(healthyState(), 'payment-service', { status: 'exited', exitCode: 1 });
    const { exitCode, checks } = smokeOf(down, TOOL, LENIENT);
    expect(exitCode).toBe(1);
    expect(checks.map(({ id }) => id).filter((id) => !REQUIRED.includes(id))).toEqual([
      'containers/services-running',
    ]);
  });

  it('is the same as that of a diagnosis, but for payments that wait for a person', {
    timeout: 60_000,
  }, () => {
    const differing = FAULTS.filter((_, index) => index % 2 === 0).flatMap((state) => {
      const whole = diagnosis(state, 'diagnose', TOOL, LENIENT);
      const { exitCode } = smokeOf(state, TOOL, LENIENT);
      return exitCode === whole.exitCode ? [] : [{ whole, exitCode }];
    });
    for (const { whole, exitCode } of differing) {
      expect([whole.exitCode, exitCode]).toEqual([1, expect.toSatisfy((code) => code === 0 || code === 3)]);
      expect(whole.cohorts.map(({ cohort }) => cohort.kind)).toContain('needs-decision');
      expect(whole.checks.filter(({ outcome }) => outcome.status === 'fail')).toEqual([]);
    }
    expect(differing.length).toBeLessThan(FAULTS.length / 4);
  });
});
