import type { RankedCause, RankedCohort } from '../causes/cause.ts';
import type { CheckResult } from '../checks/check.ts';
import type { Coverage } from '../platform/coverage.ts';
import type { PlatformState, RunSeen } from '../platform/state.ts';
import type { PaymentTrace } from '../trace/trace.ts';
import type { AnsweredLookup, Diagnosis, Tool, TraceResult } from './result.ts';
import type {
  ConfigDocument,
  DiagnosisDocument,
  ExplanationDocument,
  HistoryDocument,
  RepairDocument,
  TraceDocument,
} from './schema.ts';

export function jsonDiagnosis(result: Diagnosis): string {
  const { state } = result;
  const payments = state.payments.kind === 'seen' ? state.payments.value : null;
  const document: DiagnosisDocument = {
    ...commonOf(result),
    checks: result.checks.map(checkOf),
    cohorts: result.cohorts.map(cohortOf),
    latent: result.latent.map((one) => ({ ...one, repairs: [...one.repairs] })),
    payments:
      payments === null
        ? null
        : {
            windowFrom: iso(payments.windowStartMs),
            succeeded: payments.succeeded,
            arrived: payments.arrived,
            lastArrivedAt: payments.lastArrivedAtMs === null ? null : iso(payments.lastArrivedAtMs),
            olderMissing: payments.olderMissing,
          },
    runs: state.runs?.kind === 'seen' ? state.runs.value.map(runOf) : null,
  };
  return printJson(document);
}

function runOf(seen: RunSeen): NonNullable<DiagnosisDocument['runs']>[number] {
  const { run, operator, title, startedAtMs, lastAtMs, end, stopped, lock } = seen;
  return {
    run,
    operator,
    title,
    startedAt: iso(startedAtMs),
    lastAt: iso(lastAtMs),
    end: end === null ? null : { kind: end.kind, at: iso(end.atMs) },
    stopped: stopped.map(({ service, name, atMs, isCertain }) => ({
      service,
      container: name,
      at: iso(atMs),
      certain: isCertain,
    })),
    lock,
  };
}

export function jsonTrace(result: TraceResult): string {
  const document: TraceDocument = {
    ...commonOf(result),
    lookups: result.lookups.map(lookupOf),
    traces: result.traces.map(({ trace, ranked }) => ({
      ...traceOf(trace),
      cohort: ranked === null ? null : cohortOf(ranked),
    })),
    notFound: result.notFound.map((each) => ({ ...each, leadsTo: [...each.leadsTo] })),
  };
  return printJson(document);
}

function lookupOf({ kind, id, payments, complete }: AnsweredLookup): TraceDocument['lookups'][number] {
  if (payments.kind === 'unseen') return { kind, id, payments: [], complete: false, gap: payments.gap };
  return { kind, id, payments: [...payments.value], complete, gap: null };
}

function commonOf(result: {
  readonly tool: Tool;
  readonly command: string;
  readonly state: PlatformState;
  readonly coverage: Coverage;
  readonly headline: string;
  readonly exitCode: number;
}) {
  const { state, tool, command, exitCode, headline, coverage } = result;
  return {
    schemaVersion: 1 as const,
    tool,
    command,
    startedAt: iso(state.takenAtMs - state.durationMs),
    durationMs: state.durationMs,
    exitCode,
    headline,
    platform: {
      name: state.settings.platform,
      composeProject: state.identity.composeProject,
      kafkaClusterId: state.identity.kafkaClusterId,
      database: state.identity.databaseName,
      belongsTogether: state.identity.belongsTogether.verdict,
    },
    coverage: { looked: [...coverage.looked], notLooked: [...coverage.notLooked] },
  };
}

function checkOf({ id, title, required, outcome }: CheckResult): DiagnosisDocument['checks'][number] {
  const head = { id, title, required, status: outcome.status };
  switch (outcome.status) {
    case 'pass':
      return { ...head, summary: outcome.summary, findings: [], gap: null };
    case 'warn':
    case 'fail':
      return {
        ...head,
        summary: outcome.summary,
        findings: outcome.findings.map((finding) => ({
          ...finding,
          subject: { ...finding.subject },
          payments: [...finding.payments],
        })),
        gap: null,
      };
    case 'skipped':
      return { ...head, summary: outcome.reason, findings: [], gap: null };
    case 'unknown':
      return { ...head, summary: outcome.gap.reason, findings: [], gap: outcome.gap };
    default:
      return outcome satisfies never;
  }
}

function cohortOf({
  cohort,
  causes,
  together,
  determined,
}: RankedCohort): DiagnosisDocument['cohorts'][number] {
  return {
    kind: cohort.kind,
    stage: cohort.stage,
    firstMissing: cohort.firstMissing,
    count: cohort.traces.length,
    sum: [...cohort.sums],
    oldestAt: iso(cohort.oldestAtMs),
    newestAt: iso(cohort.newestAtMs),
    payments: cohort.traces.map((trace) => trace.payment),
    determined,
    causes: causes.map(causeOf),
    together: together.map(causeOf),
  };
}

function causeOf(cause: RankedCause): DiagnosisDocument['cohorts'][number]['causes'][number] {
  return {
    ...cause,
    probability: Math.round(cause.probability * 10_000) / 10_000,
    evidence: [...cause.evidence],
    repairs: [...cause.repairs],
  };
}

function traceOf(trace: PaymentTrace): Omit<TraceDocument['traces'][number], 'cohort'> {
  return {
    payment: trace.payment,
    class: trace.class,
    amount: { currency: trace.currency, cents: trace.amountCents },
    confirmedAt: trace.confirmedAtMs === null ? null : iso(trace.confirmedAtMs),
    firstMissing: trace.firstMissing,
    hops: trace.hops.map(({ atMs, ...hop }) => ({ ...hop, at: atMs === null ? null : iso(atMs) })),
    contradictions: [...trace.contradictions],
    position: trace.position === null ? null : { ...trace.position, offset: String(trace.position.offset) },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** A document may be looked at in a terminal: what JSON leaves as it stands and a terminal obeys is written as an escape. */
export function printJson(
  document:
    | DiagnosisDocument
    | TraceDocument
    | ConfigDocument
    | ExplanationDocument
    | RepairDocument
    | HistoryDocument,
): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(document, null, 2).replace(TERMINAL_CONTROL, escaped)}\n`;
}

const TERMINAL_CONTROL = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
