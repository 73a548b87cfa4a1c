import { rankCohorts } from '../causes/rank.ts';
import type { Command, Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { coverageOf } from '../platform/coverage.ts';
import { isUuid, type PaymentId, paymentId } from '../platform/ids.ts';
import type { PlatformState } from '../platform/state.ts';
import { placeText } from '../report/hop-titles.ts';
import type { Tool, TraceResult } from '../report/result.ts';
import { cohorts } from '../trace/cohorts.ts';
import type { PaymentTrace } from '../trace/trace.ts';
import { tracePayment } from '../trace/trace-payment.ts';
import { becauseText, refuseContradiction } from './diagnosis.ts';

export const trace: Command = async (context, args) => {
  const malformed = args.filter((id) => !isUuid(id));
  if (malformed.length > 0) {
    throw new UsageError(
      'KC_MALFORMED_ID',
      `${malformed.map((id) => `"${id}"`).join(', ')} ${malformed.length === 1 ? 'is not a payment id' : 'are not payment ids'}`,
      'a payment id is a uuid, such as 5dc56599-cd44-4672-ab73-2bf7f789ef34',
    );
  }
  const ids = [...new Set(args.map(paymentId))];
  const state = await context.observe(ids);
  const result = traceOf(state, ids, context.tool, { isRecorded: context.flags.from !== undefined });
  return { exitCode: result.exitCode, text: await render(result, context) };
};

async function render(result: TraceResult, context: Context): Promise<string> {
  switch (context.format) {
    case 'human':
      return (await import('../report/human-trace.ts')).humanTrace(result, context.view);
    case 'json':
      return (await import('../report/json.ts')).jsonTrace(result);
    default:
      return context.format satisfies never;
  }
}

/** From what was observed to where each payment is: pure, as `diagnosis`. */
export function traceOf(
  state: PlatformState,
  ids: readonly PaymentId[],
  tool: Tool,
  { isRecorded }: { readonly isRecorded: boolean },
): TraceResult {
  refuseContradiction(state);
  const known = knownIds(state);
  const found = ids.filter((id) => known?.has(id) === true).map((id) => tracePayment(state, id));
  const notFound = ids
    .filter((id) => known?.has(id) !== true)
    .map((id) => ({ id, ...notFoundWhy(known !== null, isRecorded) }));
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
    traces,
    notFound,
    headline: headlineOf(traces, notFound.length, exitCode),
    exitCode,
  };
}

/** A snapshot keeps the payments that had not arrived and those that were asked for: it proves no absence. */
function notFoundWhy(
  couldRead: boolean,
  isRecorded: boolean,
): { readonly why: string; readonly proved: boolean } {
  if (!couldRead) return { why: 'payments could not be read', proved: false };
  return isRecorded
    ? { why: 'the snapshot holds no such payment: it keeps those that had not arrived', proved: false }
    : { why: 'no payment has this id', proved: true };
}

function knownIds(state: PlatformState): ReadonlySet<PaymentId> | null {
  if (state.payments.kind === 'unseen') return null;
  const { asked, unfinished } = state.payments.value;
  return new Set([...asked, ...unfinished].map((row) => row.paymentId));
}

/** 0 complete or in progress, 1 stuck, waiting for a person or unknown after a full look, 3 undetermined. */
function exitCodeOf(traces: readonly PaymentTrace[], notFound: TraceResult['notFound']): number {
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
