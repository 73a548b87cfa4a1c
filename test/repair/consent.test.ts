import { describe, expect, it } from 'vitest';
import { consentByAnswer, consentByFlags } from '../../src/repair/consent.ts';
import type { Plan } from '../../src/repair/plan.ts';

const plan = (confirm: string | null): Plan => ({
  schemaVersion: 1,
  id: '7f3a',
  fingerprint: '7f3a00',
  platform: 'kodingcaravan',
  identity: {
    composeProject: null,
    dockerDaemonId: null,
    kafkaClusterId: null,
    databaseSystemId: null,
    databaseOid: null,
    databaseName: null,
  },
  steps: [],
  payments: [],
  previews: [],
  refusals: [],
  warnings: [],
  confirm,
});

const ALICE = { operator: 'alice', reason: 'ticket 7' };
const NOTHING = { yes: false, confirm: null, isSavedPlan: false, isCi: false };
const REVERSIBLE = plan(null);
const IRREVERSIBLE = plan('kodingcaravan:3');

describe('consent by flags', () => {
  it.each([
    ['nobody said anything', REVERSIBLE, {}, 'withheld'],
    ['--yes, all can be taken back', REVERSIBLE, { yes: true }, 'granted'],
    ['--yes, and something cannot', IRREVERSIBLE, { yes: true }, 'withheld'],
    ['--confirm with the text', IRREVERSIBLE, { confirm: 'kodingcaravan:3' }, 'granted'],
    ['--confirm with another count', IRREVERSIBLE, { confirm: 'kodingcaravan:2' }, 'withheld'],
    ['--confirm with another platform', IRREVERSIBLE, { confirm: 'staging:3', yes: true }, 'withheld'],
    ['a saved plan, all can be taken back', REVERSIBLE, { isSavedPlan: true }, 'granted'],
    ['a saved plan, and something cannot', IRREVERSIBLE, { isSavedPlan: true }, 'withheld'],
    ['CI and --yes', REVERSIBLE, { yes: true, isCi: true }, 'withheld'],
    ['CI and --confirm', IRREVERSIBLE, { confirm: 'kodingcaravan:3', isCi: true }, 'withheld'],
    ['CI and a saved plan', REVERSIBLE, { isSavedPlan: true, isCi: true }, 'granted'],
    [
      'CI, a saved plan and --confirm',
      IRREVERSIBLE,
      { isSavedPlan: true, isCi: true, confirm: 'kodingcaravan:3' },
      'granted',
    ],
  ] as const)('%s', (_, wanted, flags, kind) => {
    expect(consentByFlags(wanted, { ...NOTHING, ...flags }, ALICE).kind).toBe(kind);
  });

  it('keeps who agreed, how and why', () => {
    expect(consentByFlags(REVERSIBLE, { ...NOTHING, yes: true }, ALICE)).toEqual({
      kind: 'granted',
      grant: { fingerprint: '7f3a00', by: 'yes', operator: 'alice', reason: 'ticket 7' },
    });
  });

  it.each([
    ['--yes', REVERSIBLE, {}],
    ['--confirm kodingcaravan:3', IRREVERSIBLE, { yes: true }],
    ['--plan', REVERSIBLE, { yes: true, isCi: true }],
  ] as const)('names %s where that is missing', (flag, wanted, flags) => {
    const consent = consentByFlags(wanted, { ...NOTHING, ...flags }, ALICE);
    expect(consent).toMatchObject({ kind: 'withheld', hint: expect.stringContaining(flag) });
  });
});

describe('consent by answer', () => {
  it.each([
    ['yes', REVERSIBLE, { agreed: true, typed: null }, 'granted'],
    ['no', REVERSIBLE, { agreed: false, typed: null }, 'withheld'],
    ['yes where the text is wanted', IRREVERSIBLE, { agreed: true, typed: null }, 'withheld'],
    ['the text', IRREVERSIBLE, { agreed: false, typed: ' kodingcaravan:3 ' }, 'granted'],
    ['another text', IRREVERSIBLE, { agreed: true, typed: 'yes' }, 'withheld'],
    ['nothing typed', IRREVERSIBLE, { agreed: false, typed: '' }, 'withheld'],
  ] as const)('%s', (_, wanted, answer, kind) => {
    expect(consentByAnswer(wanted, answer, ALICE).kind).toBe(kind);
  });
});
