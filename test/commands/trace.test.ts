import { describe, expect, it } from 'vitest';
import { trace } from '../../src/commands/trace.ts';
import type { Flags } from '../../src/context.ts';
import type { Lookup, LookupKind, LookupQuestion } from '../../src/platform/lookup.ts';
import { seen, unseen } from '../../src/platform/observed.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import type { TraceDocument } from '../../src/report/schema.ts';
import { testContext } from '../support/context.ts';
import { gap, healthyState, idsOf, NOW, seenValue, withPayment, withUnseen } from '../support/states.ts';

const FLAGS: Flags = { verbose: false, color: true, input: true, check: false };

/** Payment 1 has stopped before its purchase is allocated, payment 2 has arrived. */
const both = withPayment(withPayment(healthyState(), { n: 2, upTo: 'cache-read' }), {
  upTo: 'created-record',
});
const stranger = idsOf(9).payment;

async function traced(
  args: readonly string[],
  { flags = {}, state = both }: { readonly flags?: Partial<Flags>; readonly state?: PlatformState } = {},
) {
  const questions: (readonly LookupQuestion[])[] = [];
  const context = testContext({
    flags: { ...FLAGS, ...flags },
    observe: (_, lookups = []) => {
      questions.push(lookups);
      return Promise.resolve(state);
    },
  });
  const human = await trace(context, args);
  const json = await trace({ ...context, format: 'json' }, args);
  const document = JSON.parse(json.text) as TraceDocument;
  expect([json.exitCode, document.exitCode]).toEqual([human.exitCode, human.exitCode]);
  return { ...human, document, questions: questions[0] };
}

const withLookup = (state: PlatformState, lookup: Lookup): PlatformState => ({ ...state, lookups: [lookup] });
const snapshot = { from: 'state.json' };

describe('trace by another id', () => {
  const ids = idsOf(1);
  const arrived = idsOf(2);

  it.each([
    ['student', ids.student, ids.payment, 1],
    ['course', ids.course, ids.payment, 1],
    ['purchase', ids.purchase, ids.payment, 1],
    ['purchase', arrived.purchase, arrived.payment, 0],
    ['allocation', arrived.allocation, arrived.payment, 0],
  ] as const)('finds the payment of a %s in the rows of a snapshot', async (kind, id, payment, exitCode) => {
    const { document, ...result } = await traced([], { flags: { ...snapshot, [kind]: id.toUpperCase() } });
    expect(result.questions).toEqual([{ kind, id }]);
    expect(document.traces.map((one) => one.payment)).toEqual([payment]);
    expect(document.lookups).toEqual([{ kind, id, payments: [payment], complete: false, gap: null }]);
    expect(result.text).toContain(`${kind} ${id}: 1 payment`);
    expect(result.exitCode).toBe(exitCode);
  });

  it('follows what the look has found, and says when that may not be all', async () => {
    const found = seen([ids.payment, arrived.payment], NOW);
    const state = withLookup(both, { kind: 'course', id: 'algebra', payments: found });
    const { document, text } = await traced([], { flags: { course: 'Algebra' }, state });
    expect(document.traces.map(({ payment }) => payment)).toEqual([ids.payment, arrived.payment]);
    expect(text).toContain('course algebra: 2 payments\n');

    const many = seen(
      [...Array(50)].map((_, index) => idsOf(index + 1).payment),
      NOW,
    );
    const cut = await traced([], {
      flags: { course: 'algebra' },
      state: withLookup(both, { kind: 'course', id: 'algebra', payments: many }),
    });
    expect(cut.document.lookups[0]?.complete).toBe(false);
    expect(cut.text).toContain('course algebra: 50 payments, newest first; there may be more\n');
  });

  it('takes a payment that is named twice once', async () => {
    const { document } = await traced([ids.payment, ids.payment.toUpperCase()], {
      flags: { ...snapshot, student: ids.student },
    });
    expect(document.traces).toHaveLength(1);
  });

  it('knows that there is none only after a full look', async () => {
    const none: Lookup = { kind: 'student', id: stranger, payments: seen([], NOW) };
    const looked = await traced([], { flags: { student: stranger }, state: withLookup(both, none) });
    expect([looked.exitCode, looked.document.notFound[0]?.proved]).toEqual([1, true]);
    expect(looked.text).toContain('no payment leads to this student');

    const blind: Lookup = { ...none, payments: unseen(gap('postgres')) };
    const unread = await traced([], { flags: { student: stranger }, state: withLookup(both, blind) });
    expect([unread.exitCode, unread.document.notFound[0]?.proved]).toEqual([3, false]);
    expect(unread.document.coverage.notLooked).not.toEqual([]);

    const recorded = await traced([], { flags: { ...snapshot, student: stranger } });
    expect([recorded.exitCode, recorded.document.notFound[0]?.proved]).toEqual([3, false]);
  });
});

describe('an id that no payment has', () => {
  const { allocation, purchase, student, payment } = idsOf(2);

  it.each([
    ['an allocation', allocation],
    ['a purchase', purchase],
    ['a student', student],
  ])('is recognised as that of %s', async (what, id) => {
    const { text, document, exitCode } = await traced([id]);
    expect(text.replace(/\s+/g, ' ')).toContain(
      `this is ${what} id; its payment is ${payment}: kc-doctor trace ${payment}`,
    );
    expect(document.notFound).toMatchObject([{ kind: 'payment', id, proved: true, leadsTo: [payment] }]);
    expect([document.traces, exitCode]).toEqual([[], 1]);
  });

  it('is unknown after a full look, and not known where payments could not be read or are a snapshot’s', async () => {
    const looked = await traced([stranger]);
    expect([looked.exitCode, looked.document.notFound[0]?.why]).toEqual([1, 'no payment has this id']);
    const recorded = await traced([stranger], { flags: snapshot });
    expect(recorded.exitCode).toBe(3);
    expect(recorded.text.replace(/\s+/g, ' ')).toContain('those named with snapshot --payment');
    const blind = await traced([stranger], { state: withUnseen(both, 'payments') });
    expect([blind.exitCode, blind.document.notFound[0]?.why]).toEqual([3, 'payments could not be read']);
  });

  it('does not hide the one that stands beside it', async () => {
    const { document, exitCode } = await traced([stranger, idsOf(2).payment]);
    expect(document.traces.map((one) => one.payment)).toEqual([idsOf(2).payment]);
    expect(exitCode).toBe(1);
  });
});

describe('what trace refuses', () => {
  it.each<readonly [string, readonly string[], Partial<Flags>, string]>([
    ['nothing at all', [], {}, 'no payment was named'],
    ['malformed payment ids, all at once', ['nope', 'neither'], {}, '"nope", "neither" are not payment ids'],
    ['a malformed student id', [], { student: '809556c1' }, '--student: "809556c1" is not a student id'],
    ['a malformed purchase id', [], { purchase: 'x' }, '--purchase: "x" is not a purchase id'],
    ['a malformed allocation id', [], { allocation: 'x' }, '--allocation: "x" is not an allocation id'],
    ['an empty course', [], { course: ' ' }, '--course: " " is not a course id'],
  ])('%s', async (_, args, flags, words) => {
    await expect(traced(args, { flags })).rejects.toThrow(words);
  });

  it('a course may be any text, as the platform keeps it', async () => {
    const kind: LookupKind = 'course';
    const { questions } = await traced([], { flags: { [kind]: 'Algebra 1' } });
    expect(questions).toEqual([{ kind, id: 'algebra 1' }]);
  });
});

describe('a payment that is on no row of its pair', () => {
  it('is not taken for that of an older purchase', async () => {
    const ids = idsOf(1);
    const [row] = seenValue(both.purchases).filter(({ purchaseId }) => purchaseId === ids.purchase);
    const older = { ...row, purchaseId: idsOf(7).purchase, createdAtMs: NOW - 30 * 86_400_000 };
    const state = { ...both, purchases: seen([...seenValue(both.purchases), older], NOW) } as PlatformState;
    const { document } = await traced([], { flags: { ...snapshot, purchase: idsOf(7).purchase }, state });
    expect(document.traces).toEqual([]);
  });
});
