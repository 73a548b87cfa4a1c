import type { Gap } from '../../platform/observed.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { GUARDS } from './guards.ts';

export const duplicatesAbsent: Check = {
  id: 'schema/duplicates-absent',
  title: 'No rows break a missing guard',
  required: false,
  after: ['schema/tables-present'],
  needs: ['schema'],
  explain:
    'While a unique guard is missing, rows that it would have refused can be made: two active purchases of one course, two live allocations, one session slot twice. The guard cannot be created until they are settled, and which row stays is a business decision. Where a guard is valid there is nothing to count.',
  examine({ schema }) {
    if (schema.kind === 'unseen') return { status: 'unknown', gap: schema.gap };
    const open = schema.value.guards.filter(({ state }) => state !== 'valid');
    if (open.length === 0) return { status: 'skipped', reason: 'every guard is valid' };
    const gaps = open.filter(({ duplicates }) => duplicates === null).map(({ table }) => notCounted(table));
    const findings = open.flatMap(({ name, table, duplicates }): readonly Finding[] => {
      if (duplicates === null || duplicates === 0) return [];
      const observed = `${duplicates} groups of rows of ${table} break it`;
      return [
        {
          severity: 'fail',
          subject: { kind: 'index', name },
          stage: GUARDS.find((guard) => guard.name === name)?.stage ?? null,
          observed,
          expected: 'no duplicates',
          summary: `${name}: ${observed}`,
          hint: 'settle them by hand first: kc-doctor fix create-missing-indexes lists them',
          payments: [],
        },
      ];
    });
    return outcomeOf({ pass: `${open.length} guards missing, no duplicates`, findings, gaps });
  },
};

function notCounted(table: string): Gap {
  return {
    system: 'postgres',
    operation: `duplicates in ${table}`,
    code: 'no-time',
    reason: 'they were not counted',
    hint: 'run again with a longer --timeout',
  };
}
