import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../src/causes/catalogue.ts';

const NOT_A_CAUSE = [
  'assigning',
  'catalogue',
  'cause',
  'earlier-records',
  'hop-role',
  'rank',
  'readings',
  'scripts',
];

describe('catalogue of causes', () => {
  it('holds every cause file once, under the name of the file', () => {
    const files = readdirSync(new URL('../../src/causes', import.meta.url))
      .map((name) => name.replace(/\.ts$/, ''))
      .filter((name) => !NOT_A_CAUSE.includes(name));
    expect(CAUSES.map(({ id }) => id).toSorted()).toEqual(files.toSorted());
  });

  it('names rivals that exist', () => {
    const ids = new Set<string | null>([...CAUSES.map(({ id }) => id), null]);
    expect(CAUSES.filter(({ rival }) => !ids.has(rival)).map(({ id, rival }) => `${id}: ${rival}`)).toEqual(
      [],
    );
  });

  it.each(CAUSES.map((cause) => [cause.id, cause] as const))(
    '%s has signs with ids of their own',
    (_, cause) => {
      expect(cause.evidence.length).toBeGreaterThan(0);
      expect(new Set(cause.evidence.map(({ id }) => id)).size).toBe(cause.evidence.length);
      expect(cause.explain.length).toBeGreaterThan(60);
    },
  );

  it('confirms nothing by logs alone', () => {
    const confirming = CAUSES.flatMap(({ id, evidence }) =>
      evidence
        .filter((rule) => rule.discriminates && rule.facet === 'logs')
        .map((rule) => `${id}/${rule.id}`),
    );
    expect(confirming).toEqual([]);
  });
});
