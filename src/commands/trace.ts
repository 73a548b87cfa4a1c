import { rankCohorts } from '../causes/rank.ts';
import type { Command, Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { coverageOf } from '../platform/coverage.ts';
import { isUuid, type PaymentId, paymentId } from '../platform/ids.ts';
import type { PlatformState } from '../platform/state.ts';
import { HOP_TITLES } from '../report/hop-titles.ts';
import type { TraceResult } from '../report/result.ts';
import { causeTitle } from '../report/text.ts';
import { cohorts } from '../trace/cohorts.ts';
import type { PaymentTrace } from '../trace/trace.ts';
import { tracePayment } from '../trace/trace-payment.ts';
import { refuseContradiction } from './diagnosis.ts';

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
  const result = traceResult(state, ids, context);
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

function traceResult(state: PlatformState, ids: readonly PaymentId[], context: Context): TraceResult {
  refuseContradiction(state);
  const known = knownIds(state);
  const traces = ids.filter((id) => known?.has(id) === true).map((id) => tracePayment(state, id));
  const notFound = ids
    .filter((id) => known?.has(id) !== true)
    .map((id) => ({
      id,
      why: known === null ? 'payments could not be read' : missingReason(context),
    }));
  const ranked = traces.map((one) => ({
    trace: one,
    ranked: rankCohorts(state, cohorts(state, [one])).cohorts[0] ?? null,
  }));
  const exitCode = exitCodeOf(traces, notFound.length > 0, known !== null);
  return {
    tool: context.tool,
    command: 'trace',
    state,
    coverage: coverageOf(state),
    traces: ranked,
    notFound,
    headline: headlineOf(ranked, notFound.length, exitCode),
    exitCode,
  };
}

function missingReason({ flags }: Context): string {
  return flags.from === undefined
    ? 'no payment has this id'
    : 'the snapshot holds no such payment: it keeps those that had not arrived';
}

function knownIds(state: PlatformState): ReadonlySet<PaymentId> | null {
  if (state.payments.kind === 'unseen') return null;
  const { asked, unfinished } = state.payments.value;
  return new Set([...asked, ...unfinished].map((row) => row.paymentId));
}

/** 0 complete or in progress, 1 stuck, waiting for a person or unknown after a full look, 3 undetermined. */
function exitCodeOf(traces: readonly PaymentTrace[], hasUnknown: boolean, couldLook: boolean): number {
  const kinds = traces.map(({ kind }) => kind);
  if (kinds.includes('stuck') || kinds.includes('needs-decision') || (hasUnknown && couldLook))
    return EXIT.findings;
  return kinds.includes('undetermined') || hasUnknown ? EXIT.inconclusive : EXIT.healthy;
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
  const { hop, untilHop } = one.firstMissing;
  const where = hop === null ? 'the pipeline' : `"${HOP_TITLES[hop]}"`;
  switch (one.kind) {
    case 'complete':
    case 'pages-old':
    case 'anomaly':
      return one.firstMissing.state === 'complete' ? 'arrived' : 'nothing is expected of it';
    case 'in-progress':
      return `on the way, before ${where}`;
    case 'stuck': {
      const cause = ranked?.causes[0];
      const because = cause === undefined ? '' : `: ${causeTitle(cause)}, ${cause.level}`;
      return `stopped at ${where}${untilHop === null ? '' : ` to "${HOP_TITLES[untilHop]}"`}${because}`;
    }
    case 'needs-decision':
      return "waiting for a person's decision";
    case 'undetermined':
      return 'could not be followed to the end';
    default:
      return one.kind satisfies never;
  }
}
