import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/checks/catalogue.ts';
import type { Check } from '../../src/checks/check.ts';
import { CHECK_GROUPS } from '../../src/checks/check.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { CORPUS } from '../support/corpus.ts';
import { healthyState } from '../support/states.ts';

const ids = CATALOGUE.map(({ id }) => id);

/** Catalogue 0: no F in their row. */
const NEVER_FAIL = [
  'containers/runtime-answers',
  'containers/cache-reaches-redis',
  'topics/partition-count',
  'events/payments-name-course',
  'events/one-payment-per-purchase',
];
/** Catalogue 0 "Required": gaps in these show in the coverage statement only. */
const EXCEPTED = [
  'containers/services-running',
  'topics/keys-route-home',
  'topics/retention-leaves-time',
  'offsets/commits-not-expiring',
  'allocation/calls-succeed',
  'events/no-hand-made-rows',
  'events/ended-purchases-stay-ended',
  'events/clocks-agree',
  'schema/duplicates-absent',
  'schema/event-id-fits',
  'schema/workers-fit',
];

/** Source files of checks, which are those that define one: helpers of a group define none. */
function idsOfFiles(): readonly string[] {
  return CHECK_GROUPS.flatMap((group) =>
    readdirSync(new URL(`../../src/checks/${group}/`, import.meta.url)).map(
      (file) => `${group}/${file.replace(/\.ts$/, '')}`,
    ),
  );
}

function touchedParts(check: Check, state: PlatformState): ReadonlySet<string> {
  const touched = new Set<string>();
  const recording = new Proxy(state, {
    get(target, key, receiver) {
      if (typeof key === 'string') touched.add(key);
      return Reflect.get(target, key, receiver);
    },
  });
  check.examine(recording);
  touched.delete('takenAtMs');
  return touched;
}

describe('the catalogue of checks', () => {
  it('has unique ids, each the path of a file', () => {
    expect(new Set(ids).size).toBe(ids.length);
    expect(idsOfFiles()).toEqual(expect.arrayContaining(ids));
  });

  it('has a test for each check', () => {
    const tests = CHECK_GROUPS.flatMap((group) =>
      readdirSync(new URL(`./${group}/`, import.meta.url)).map(
        (file) => `${group}/${file.replace(/\.test\.ts$/, '')}`,
      ),
    );
    expect(tests).toEqual(expect.arrayContaining(ids));
  });

  it('requires what the catalogue requires', () => {
    const required = CATALOGUE.filter((check) => check.required).map(({ id }) => id);
    expect(required).toEqual(ids.filter((id) => !NEVER_FAIL.includes(id) && !EXCEPTED.includes(id)));
  });

  it('lets checks go after checks that exist, without a circle', () => {
    const reaches = (id: string, seen: readonly string[]): readonly string[] => {
      const check = CATALOGUE.find((one) => one.id === id);
      expect(check, id).toBeDefined();
      expect(seen).not.toContain(id);
      return (check?.after ?? []).flatMap((before) => reaches(before, [...seen, id]));
    };
    for (const id of ids) reaches(id, []);
  });

  it.each(CATALOGUE)('$id declares the parts that it touches', (check) => {
    const touched = new Set(CORPUS.flatMap((state) => [...touchedParts(check, state)]));
    expect([...touched].toSorted()).toEqual(check.needs.toSorted());
  });

  it.each(CATALOGUE)('$id fails only if it may, in one line, and says what to do', (check) => {
    const outcomes = CORPUS.map((state) => check.examine(state));
    if (NEVER_FAIL.includes(check.id)) expect(outcomes.map(({ status }) => status)).not.toContain('fail');
    const findings = outcomes.flatMap((outcome) => ('findings' in outcome ? outcome.findings : []));
    const unclear = findings.filter(
      ({ summary, hint }) => !/^\S[^\n]*: [^\n]*[^.\n]$/.test(summary) || hint === '',
    );
    expect(unclear).toEqual([]);
    expect(check.explain.length).toBeGreaterThan(100);
  });

  it.each(CATALOGUE)('$id finds nothing on a healthy platform', (check) => {
    expect(check.examine(healthyState()).status).toMatch(/^(?:pass|skipped)$/);
  });
});
