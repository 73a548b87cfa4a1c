import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../src/causes/catalogue.ts';
import { REPAIRS, repairOf } from '../../src/repair/catalogue.ts';
import { REPAIR_IDS } from '../../src/repair/plan.ts';

describe('the catalogue of repairs', () => {
  it('holds each repair once, in the order of composition', () => {
    expect(REPAIRS.map(({ id }) => id).toSorted()).toEqual([...REPAIR_IDS].toSorted());
    expect(REPAIR_IDS.map((id) => repairOf(id).id)).toEqual([...REPAIR_IDS]);
  });

  it.each(CAUSES.map((cause) => [cause.id, cause] as const))(
    '%s and its repairs know each other',
    (id, cause) => {
      const offering = REPAIRS.filter(({ offeredFor }) => offeredFor.includes(id)).map((repair) => repair.id);
      const named = cause.repairs.filter((repair) => (REPAIR_IDS as readonly string[]).includes(repair));
      expect(offering.toSorted()).toEqual(named.toSorted());
    },
  );

  it('explains each repair and names it in the imperative', () => {
    for (const { title, explain } of REPAIRS) {
      expect(title).toMatch(/^[A-Z][a-z]+ /);
      expect(explain.length).toBeGreaterThan(80);
    }
  });
});
