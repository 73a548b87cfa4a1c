/** Payments that stopped alike. The signature keeps apart what different causes leave behind (catalogue.md 2). */
import { type Cases, openCases, type PaymentCase, ROW_STAGES, type RowStage } from '../platform/effects.ts';
import type { PlatformState } from '../platform/state.ts';
import { assignmentOf, FIX_SCRIPT, lettersOf, MANUAL_SCRIPT, marksOf } from '../platform/witnesses.ts';
import { stageOfHop } from './hops.ts';
import type { Cohort, CohortKind, PaymentTrace } from './trace.ts';

/** Groups what did not simply arrive; newest payment first in each, the oldest cohort first. */
export function cohorts(state: PlatformState, traces: readonly PaymentTrace[]): readonly Cohort[] {
  const cases = openCases(state);
  const caseOf = new Map(cases.all.map((one) => [one.payment.paymentId, one]));
  const groups = new Map<string, { kind: CohortKind; traces: PaymentTrace[] }>();
  for (const trace of traces) {
    const { kind } = trace;
    if (kind === 'complete') continue;
    const signature = signatureOf(cases, caseOf.get(trace.payment), trace);
    const known = groups.get(signature);
    if (known === undefined) groups.set(signature, { kind, traces: [trace] });
    else known.traces.push(trace);
  }
  return [...groups]
    .flatMap(([id, group]) => cohortOf(id, group.kind, group.traces))
    .toSorted((a, b) => a.oldestAtMs - b.oldestAtMs || (a.id < b.id ? -1 : 1));
}

/** The traces for which the predicate holds, then the rest; a part without traces is left out. */
export function splitCohort(cohort: Cohort, holds: (trace: PaymentTrace) => boolean): readonly Cohort[] {
  const first = cohort.traces.filter((trace) => holds(trace));
  const second = cohort.traces.filter((trace) => !holds(trace));
  if (first.length === 0 || second.length === 0) return [cohort];
  return [
    ...cohortOf(`${cohort.id}/1`, cohort.kind, first),
    ...cohortOf(`${cohort.id}/2`, cohort.kind, second),
  ];
}

function cohortOf(id: string, kind: CohortKind, traces: readonly PaymentTrace[]): readonly Cohort[] {
  const [newest, ...rest] = traces.toSorted(newestFirst);
  if (newest === undefined) return [];
  const times = traces.map(({ confirmedAtMs }) => confirmedAtMs ?? 0);
  const currencies = [...new Set(traces.map(({ currency }) => currency))].toSorted();
  return [
    {
      id,
      kind,
      stage: stageOf(newest),
      firstMissing: newest.firstMissing,
      class: newest.class,
      traces: [newest, ...rest],
      oldestAtMs: Math.min(...times),
      newestAtMs: Math.max(...times),
      sums: currencies.map((currency) => ({
        currency,
        cents: traces
          .filter((trace) => trace.currency === currency)
          .reduce((sum, { amountCents }) => sum + amountCents, 0),
      })),
    },
  ];
}

function newestFirst(a: PaymentTrace, b: PaymentTrace): number {
  return (b.confirmedAtMs ?? 0) - (a.confirmedAtMs ?? 0) || (a.payment < b.payment ? -1 : 1);
}

/** Where nothing is missing, the pages, or the stage of the contradiction. */
function stageOf({ kind, firstMissing, contradictions }: PaymentTrace): Cohort['stage'] {
  if (firstMissing.hop !== null) return stageOfHop(firstMissing.hop);
  return kind === 'pages-old' ? 'cache' : (contradictions[0]?.stage ?? null);
}

function signatureOf(cases: Cases, one: PaymentCase | undefined, trace: PaymentTrace): string {
  const { state, hop, untilHop, gap } = trace.firstMissing;
  const stage = stageOf(trace);
  const rowStage = ROW_STAGES.find((candidate) => candidate === stage) ?? null;
  return [
    trace.kind,
    state,
    hop ?? '',
    untilHop ?? '',
    gap === null ? '' : `${gap.system} ${gap.code}`,
    trace.class,
    trace.contradictions.map(({ kind, stage: at }) => `${kind}@${at}`).join(','),
    [trace.verdict ?? '', ...trace.alsoVerdicts].join('+'),
    ...(one === undefined || rowStage === null ? [] : witnessesOf(cases, one, rowStage)),
  ].join('/');
}

/** Who marked, what the allocation is, whether there is a letter, how the assignment answered: as far as the stage has them. */
function witnessesOf(cases: Cases, one: PaymentCase, stage: RowStage): readonly string[] {
  const marks = marksOf(cases, one, stage);
  const scripts = ROW_STAGES.flatMap((each) => marksOf(cases, one, each) ?? []).filter(({ source }) =>
    [FIX_SCRIPT, MANUAL_SCRIPT].includes(source),
  );
  const sources = [...new Set([...(marks ?? []), ...scripts].map(({ source }) => source))].toSorted();
  const letters = lettersOf(cases.index.state, one, stage);
  return [
    marks === null ? 'marks unseen' : sources.join(','),
    stage === 'purchase' ? '' : (one.identity().allocations[0]?.status ?? ''),
    letters === null ? 'letters unseen' : letters.length > 0 ? 'letter' : '',
    stage === 'allocation' ? (assignmentOf(cases, one)?.answer ?? '') : '',
  ];
}
