import { rankCohorts } from '../causes/rank.ts';
import type { Command, Context } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { coverageOf } from '../platform/coverage.ts';
import type { PaymentId } from '../platform/ids.ts';
import {
  LOOKUP_KINDS,
  type Lookup,
  type LookupKind,
  type LookupQuestion,
  MOST_PAYMENTS_BEHIND,
} from '../platform/lookup.ts';
import { lookUpInRows } from '../platform/lookup-rows.ts';
import { type Observed, seen } from '../platform/observed.ts';
import type { PlatformState } from '../platform/state.ts';
import { placeText } from '../report/hop-titles.ts';
import type { AnsweredLookup, NotFound, Tool, TraceResult } from '../report/result.ts';
import { cohorts } from '../trace/cohorts.ts';
import type { PaymentTrace } from '../trace/trace.ts';
import { tracePayment } from '../trace/trace-payment.ts';
import { type Asked, askedOf, withArticle } from './asked.ts';
import { becauseText, refuseContradiction } from './diagnosis.ts';

export const trace: Command = async (context, args) => {
  const asked = askedOf(context.flags, args);
  const state = await context.observe(asked.payments, asked.lookups);
  const result = traceOf(state, asked, context.tool, { isRecorded: context.flags.from !== undefined });
  return { exitCode: result.exitCode, text: await render(result, context) };
};

async function render(result: TraceResult, context: Context): Promise<string> {
  switch (context.format) {
    case 'human':
      return (await import('../report/human-trace.ts')).humanTrace(result, context.view);
    case 'json':
      return (await import('../report/json.ts')).jsonTrace(result);
    case 'junit':
      throw new Error('a trace has no JUnit form; the command line refuses it');
    default:
      return context.format satisfies never;
  }
}

/** From what was observed to where each payment is: pure, as `diagnosis`. */
export function traceOf(
  state: PlatformState,
  { payments, lookups }: Asked,
  tool: Tool,
  { isRecorded }: { readonly isRecorded: boolean },
): TraceResult {
  refuseContradiction(state);
  const answers = lookups.map((question) => answerTo(state, question));
  const ids = [...new Set([...payments, ...answers.flatMap(({ payments: found }) => foundIn(found))])];
  const known = knownIds(state);
  const found = ids.filter((id) => known?.has(id) === true).map((id) => tracePayment(state, id));
  const notFound = [
    ...ids.filter((id) => known?.has(id) !== true).map((id) => unknownPayment(state, id, isRecorded)),
    ...answers.flatMap((answer) => emptyAnswer(answer, isRecorded)),
  ];
  const traces = found.map((trace) => ({
    trace,
    ranked: rankCohorts(state, cohorts(state, [trace])).cohorts[0] ?? null,
  }));
  const exitCode = exitCodeOf(found, notFound);
  return {
    tool,
    command: 'trace',
    state,
    coverage: coverageOf(state),
    lookups: answers,
    traces,
    notFound,
    headline: headlineOf(traces, notFound.length, exitCode),
    exitCode,
  };
}

/** What the look found, or else what the recorded rows say, which may be less than there is. */
function answerTo(state: PlatformState, question: LookupQuestion): AnsweredLookup {
  const made = state.lookups?.find(({ kind, id }) => kind === question.kind && id === question.id);
  if (made !== undefined) return { ...made, complete: foundIn(made.payments).length < MOST_PAYMENTS_BEHIND };
  const { payments } = state;
  const found =
    payments.kind === 'unseen' ? payments : seen(lookUpInRows(state, question), payments.seenAtMs);
  return { ...question, payments: found, complete: false };
}

function foundIn(found: Observed<readonly PaymentId[]>): readonly PaymentId[] {
  return found.kind === 'seen' ? found.value : [];
}

function unknownPayment(state: PlatformState, id: PaymentId, isRecorded: boolean): NotFound {
  const unknown = { kind: 'payment', id, leadsTo: [] } as const;
  if (state.payments.kind === 'unseen')
    return { ...unknown, why: 'payments could not be read', proved: false };
  const mistaken = LOOKUP_KINDS.map((kind) => answerTo(state, { kind, id })).find(
    ({ payments }) => foundIn(payments).length > 0,
  );
  if (mistaken !== undefined) {
    const leadsTo = foundIn(mistaken.payments);
    return { ...unknown, leadsTo, why: mistakenText(mistaken.kind, leadsTo), proved: true };
  }
  return isRecorded
    ? { ...unknown, why: `the snapshot holds no such payment: ${KEPT}`, proved: false }
    : { ...unknown, why: 'no payment has this id', proved: true };
}

/** A snapshot proves no absence. */
const KEPT = 'it keeps those that had not arrived, and those named with snapshot --payment';

function mistakenText(kind: LookupKind, leadsTo: readonly PaymentId[]): string {
  const [newest] = leadsTo;
  const its = leadsTo.length === 1 ? `its payment is ${newest}` : `it has ${leadsTo.length} payments`;
  const command = leadsTo.length === 1 ? `kc-doctor trace ${newest}` : `kc-doctor trace --${kind} <this id>`;
  return `this is ${withArticle(kind)} id; ${its}: ${command}`;
}

function emptyAnswer({ kind, id, payments }: Lookup, isRecorded: boolean): readonly NotFound[] {
  const unknown = { kind, id, leadsTo: [] } as const;
  if (payments.kind === 'unseen') {
    return [
      { ...unknown, why: `its payments could not be looked up: ${payments.gap.reason}`, proved: false },
    ];
  }
  if (payments.value.length > 0) return [];
  return [
    isRecorded
      ? { ...unknown, why: `the snapshot holds no payment of this ${kind}: ${KEPT}`, proved: false }
      : { ...unknown, why: `no payment leads to this ${kind}`, proved: true },
  ];
}

function knownIds(state: PlatformState): ReadonlySet<PaymentId> | null {
  if (state.payments.kind === 'unseen') return null;
  const { asked, unfinished } = state.payments.value;
  return new Set([...asked, ...unfinished].map((row) => row.paymentId));
}

/** 0 complete or in progress, 1 stuck, waiting for a person or unknown after a full look, 3 undetermined. */
function exitCodeOf(traces: readonly PaymentTrace[], notFound: readonly NotFound[]): number {
  const kinds = traces.map(({ kind }) => kind);
  const isHurt = kinds.includes('stuck') || kinds.includes('needs-decision');
  if (isHurt || notFound.some(({ proved }) => proved)) return EXIT.findings;
  return kinds.includes('undetermined') || notFound.length > 0 ? EXIT.inconclusive : EXIT.healthy;
}

function headlineOf(traces: TraceResult['traces'], notFound: number, exitCode: number): string {
  const texts = traces.map((one) => outcomeText(one));
  const counts = [...new Set(texts)].map((text) => {
    const count = texts.filter((each) => each === text).length;
    return traces.length === 1 ? text : `${count} ${text}`;
  });
  return `${[...counts, ...(notFound > 0 ? [`${notFound} not found`] : [])].join('; ')} (exit ${exitCode})`;
}

function outcomeText({ trace: one, ranked }: TraceResult['traces'][number]): string {
  const where = placeText(one.firstMissing);
  switch (one.kind) {
    case 'complete':
    case 'pages-old':
    case 'anomaly':
      return one.firstMissing.state === 'complete' ? 'arrived' : 'nothing is expected of it';
    case 'in-progress':
      return `on the way, before ${where}`;
    case 'stuck':
      return `stopped at ${where}${ranked === null ? '' : becauseText(ranked)}`;
    case 'needs-decision':
      return "waiting for a person's decision";
    case 'undetermined':
      return 'could not be followed to the end';
    default:
      return one.kind satisfies never;
  }
}
