import type { RankedCause, RankedCohort } from '../causes/cause.ts';
import {
  CHECK_GROUPS,
  type CheckGroup,
  type CheckId,
  type CheckOutcome,
  type CheckResult,
} from '../checks/check.ts';
import type { Coverage } from '../platform/coverage.ts';
import type { DatabaseFacts, Identity, PlatformState } from '../platform/state.ts';
import type { Cohort } from '../trace/trace.ts';
import { placeText } from './hop-titles.ts';
import { runLines } from './human-runs-seen.ts';
import { type Pen, pen, type Status } from './pen.ts';
import type { Diagnosis, Presentation } from './result.ts';
import { causeTitle, dateTime, duration, percent, plural, shortId, sums, timeNear } from './text.ts';

export function humanDiagnosis(diagnosis: Diagnosis, view: Presentation): string {
  return `${humanFindings(diagnosis, view)}\n${nextLines(diagnosis, pen(view)).join('\n')}\n`;
}

/** What was seen, without what to type next: for whoever is asked that in a moment. */
export function humanFindings(diagnosis: Diagnosis, view: Presentation): string {
  const ink = pen(view);
  const lines = [
    ...headLines(diagnosis, ink),
    '',
    ...runLines(diagnosis, ink),
    ...(view.verbose ? everyCheck(diagnosis.checks, ink) : groupedChecks(diagnosis.checks, ink)),
    ...diagnosis.cohorts.flatMap((ranked) => ['', ...cohortLines(ranked, diagnosis, ink)]),
    ...latentLines(diagnosis, ink),
    ...(diagnosis.coverage.notLooked.length > 0 ? [''] : []),
    ...gapLines(diagnosis.coverage, ink),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines({ state, tool }: Diagnosis, ink: Pen): readonly string[] {
  const first = [
    tool.name,
    state.settings.platform,
    dateTime(state.takenAtMs, ink.view.timeZone),
    `last ${duration(state.settings.windowMs)}`,
    'looks only',
  ].join(' · ');
  const took = `${(state.durationMs / 1000).toFixed(1)} s`;
  const second = [...placeTexts(state), togetherText(state.identity), took].join(' · ');
  return [
    ...ink.wrap(first, '  ').map((line) => ink.chalk.bold(line)),
    ...ink.wrap(`  ${second}`, '  ').map((line) => ink.chalk.dim(line)),
  ];
}

function placeTexts(state: PlatformState): readonly string[] {
  const { identity } = state;
  const docker =
    identity.dockerAddress === null
      ? 'docker not seen'
      : `docker ${identity.dockerAddress}, ${identity.composeProject === null ? 'no platform on it' : `project ${identity.composeProject}`}`;
  const kafka =
    identity.kafkaClusterId === null
      ? 'kafka not seen'
      : `kafka ${shortId(identity.kafkaClusterId)} at ${identity.kafkaAddress}`;
  const database = state.database.kind === 'seen' ? state.database.value : null;
  const postgres =
    database === null
      ? 'postgres not seen'
      : `postgres ${identity.databaseAddress}, ${roleText(database)}${database.canWrite ? ', login could write' : ''}`;
  return [docker, kafka, postgres];
}

function roleText({ inRecovery, replayLagMs }: DatabaseFacts): string {
  if (!inRecovery) return 'primary';
  return replayLagMs === null
    ? 'replica, how far behind is not known'
    : `replica ${duration(replayLagMs)} behind`;
}

function togetherText({ belongsTogether }: Identity): string {
  switch (belongsTogether.verdict) {
    case 'proved':
      return 'these belong together';
    case 'contradicted':
      return 'THESE DO NOT BELONG TOGETHER';
    case 'not-provable':
      return 'not proved to belong together';
    default:
      return belongsTogether.verdict satisfies never;
  }
}

/** Order in which a group's checks speak for it. */
const WORST_FIRST: readonly Status[] = ['fail', 'unknown', 'warn', 'pass', 'skipped'];

function rank(result: CheckResult): number {
  const { status } = result.outcome;
  // A gap that no verdict of health rests on must not hide a warning.
  if (status === 'unknown' && !result.required) return WORST_FIRST.indexOf('warn') + 0.5;
  return WORST_FIRST.indexOf(status);
}

const SHOWN_LINES = 3;

function groupedChecks(checks: readonly CheckResult[], ink: Pen): readonly string[] {
  return CHECK_GROUPS.flatMap((group) => {
    const own = checks.filter(({ id }) => id.startsWith(`${group}/`));
    const worst = own.toSorted((a, b) => rank(a) - rank(b))[0];
    if (worst === undefined) return [];
    const { status } = worst.outcome;
    if (status === 'pass') return groupLine(group, status, passText(group, own), ink);
    const texts = counted(
      own.filter(({ outcome }) => outcome.status === status).flatMap(({ outcome }) => groupTexts(outcome)),
    );
    const shown = texts.slice(0, SHOWN_LINES);
    const more = texts.length - shown.length;
    return shown.flatMap((text, index) =>
      groupLine(
        index === 0 ? group : '',
        status,
        more > 0 && index === shown.length - 1 ? `${text} (and ${more} more: --verbose)` : text,
        ink,
      ),
    );
  });
}

/** One missing answer leaves many checks without a verdict: it is said once, with their number. */
function counted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].map((text) => {
    const count = texts.filter((each) => each === text).length;
    return count === 1 ? text : `${text} (${count} checks)`;
  });
}

const GROUP_COLUMN = 13;

function groupLine(group: CheckGroup | '', status: Status, text: string, ink: Pen): readonly string[] {
  const left = GROUP_COLUMN + 4;
  const [first = '', ...rest] = ink.wrap(text, '', ink.view.width - left);
  return [
    `  ${ink.symbol(status)} ${group.padEnd(GROUP_COLUMN)}${first}`,
    ...rest.map((line) => ' '.repeat(left) + line),
  ];
}

/** Whose summary tells most where a whole group passes. */
const SPEAKERS: Readonly<Record<CheckGroup, CheckId>> = {
  containers: 'containers/workers-running',
  topics: 'topics/partitions-led',
  offsets: 'offsets/records-being-read',
  events: 'events/payments-announced',
  allocation: 'allocation/trainers-assigned',
  schema: 'schema/guards-present',
};

function passText(group: CheckGroup, own: readonly CheckResult[]): string {
  const summaries = own.flatMap(({ id, outcome }) =>
    outcome.status === 'pass' ? [{ id, text: outcome.summary }] : [],
  );
  const speaking = summaries.find(({ id }) => id === SPEAKERS[group]) ?? summaries[0];
  const others = summaries.length - 1;
  const skipped = own.length - summaries.length;
  const beside = [
    ...(others > 0 ? [`${others} more pass${others === 1 ? 'es' : ''}`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ');
  return [speaking?.text ?? '', ...(beside === '' ? [] : [beside])].join('; ');
}

function groupTexts(outcome: CheckOutcome): readonly string[] {
  switch (outcome.status) {
    case 'pass':
      return [outcome.summary];
    case 'warn':
    case 'fail':
      return outcome.findings.map(({ summary }) => summary);
    case 'skipped':
      return [`skipped: ${outcome.reason}`];
    case 'unknown':
      return [`${outcome.gap.operation}: not looked at, ${outcome.gap.reason}`];
    default:
      return outcome satisfies never;
  }
}

function everyCheck(checks: readonly CheckResult[], ink: Pen): readonly string[] {
  return checks.flatMap(({ id, title, outcome }) => {
    const [first = '', ...rest] = ink.wrap(`${id}: ${title}`, '    ', ink.view.width - 4);
    return [
      `  ${ink.symbol(outcome.status)} ${first}`,
      ...rest,
      ...groupTexts(outcome).flatMap((text) => ink.wrap(`      ${text}`, '        ')),
      ...hintLines(outcome, ink),
    ];
  });
}

function hintLines(outcome: CheckOutcome, ink: Pen): readonly string[] {
  const hints =
    outcome.status === 'fail' || outcome.status === 'warn'
      ? outcome.findings.map(({ hint }) => hint)
      : outcome.status === 'unknown'
        ? [outcome.gap.hint]
        : [];
  return [...new Set(hints)].flatMap((hint) =>
    ink.wrap(`      → ${hint}`, '        ').map((line) => ink.chalk.dim(line)),
  );
}

const SHOWN_PAYMENTS = 5;

function cohortLines(ranked: RankedCohort, { state }: Diagnosis, ink: Pen): readonly string[] {
  const { cohort } = ranked;
  const ids = cohort.traces.slice(0, SHOWN_PAYMENTS).map((trace) => trace.payment);
  const more = cohort.traces.length - ids.length;
  const isUrgent = cohort.kind === 'stuck' || cohort.kind === 'needs-decision';
  const title = ink
    .wrap(cohortTitle(cohort, state, ink.view.timeZone), '  ')
    .map((line) => (isUrgent ? ink.chalk.bold(line) : line));
  return [
    ...title,
    ...ink.wrap(`  ${ids.join('  ')}`, '  '),
    ...(more > 0 ? [`  and ${more} more: --json names all`] : []),
    ...(ranked.causes.length > 0 ? ['', ...causesLines(ranked, ink)] : []),
  ];
}

/** The ranking of one cohort: what is likely with its evidence, what stands beside it, and what would settle it. */
export function causesLines(ranked: RankedCohort, ink: Pen): readonly string[] {
  const shown = ranked.causes.filter(({ level }, index) => index === 0 || level !== 'unlikely').slice(0, 3);
  const runnerUp = ranked.causes[shown.length];
  const hasRunnerUp = shown.length === 1 && runnerUp !== undefined && runnerUp.probability >= 0.005;
  return [
    ...shown.flatMap((cause, index) => causeLines(cause, index + 1, true, ink)),
    ...(hasRunnerUp ? causeLines(runnerUp, 2, false, ink) : []),
    ...ranked.together.flatMap((cause) => [
      ...ink.wrap(`     together with  ${causeTitle(cause)}  (${cause.level})`, '       '),
      ...evidenceLines(cause, ink),
    ]),
    ...(ranked.determined || shown.length === 0
      ? []
      : ink.wrap(`     not settled; this would: ${shown[0]?.probe ?? ''}`, '       ')),
  ];
}

function cohortTitle(cohort: Cohort, state: PlatformState, timeZone: string): string {
  const count = plural(cohort.traces.length, 'payment');
  const amount = sums(cohort.sums);
  const time = (ms: number) => timeNear(ms, state.takenAtMs, timeZone);
  const when =
    cohort.traces.length === 1
      ? `at ${time(cohort.newestAtMs)}`
      : `first ${time(cohort.oldestAtMs)}, newest ${time(cohort.newestAtMs)}`;
  const arrived = state.payments.kind === 'seen' ? state.payments.value.lastArrivedAtMs : null;
  const last = arrived === null ? '' : `; last one to arrive ${time(arrived)}`;
  const where = placeText(cohort.firstMissing);
  switch (cohort.kind) {
    case 'stuck':
      return `${count} (${amount}) stopped at ${where}, ${when}${last} ${timeZone}`;
    case 'in-progress':
      return `${count} (${amount}) on the way, before ${where}, ${when} ${timeZone}`;
    case 'needs-decision':
      return `${count} (${amount}) paid and waiting for a person's decision, ${when} ${timeZone}`;
    case 'pages-old':
      return `${count} arrived, but pages may be old, ${when} ${timeZone}`;
    case 'anomaly':
      return `${count} arrived in an unusual way, ${when} ${timeZone}`;
    case 'undetermined':
      return `${count} (${amount}) could not be followed to the end, ${when} ${timeZone}`;
    default:
      return cohort.kind satisfies never;
  }
}

const CAUSE_COLUMN = 44;

function causeLines(cause: RankedCause, place: number, withEvidence: boolean, ink: Pen): readonly string[] {
  const head = `  ${place}  ${percent(cause.probability).padStart(4)}  `;
  const width = Math.min(ink.view.width - head.length - cause.level.length - 2, CAUSE_COLUMN);
  const [first = '', ...rest] = ink.wrap(causeTitle(cause), '', Math.max(20, width));
  const level = cause.level === 'confirmed' ? ink.chalk.bold(cause.level) : cause.level;
  return [
    `${head}${first.padEnd(width)}  ${level}`,
    ...rest.map((line) => ' '.repeat(head.length) + line),
    ...(withEvidence ? evidenceLines(cause, ink) : []),
  ];
}

function evidenceLines(cause: RankedCause, ink: Pen): readonly string[] {
  return cause.evidence.flatMap((item) =>
    ink.wrap(`           ${item.for ? '+' : '−'} ${item.text}`, '             '),
  );
}

function latentLines({ latent, state }: Diagnosis, ink: Pen): readonly string[] {
  if (latent.length === 0) return [];
  return [
    '',
    state.payments.kind === 'seen'
      ? 'hurts nobody yet'
      : 'not known whether this hurts anybody: payments were not read',
    ...latent.flatMap((cause) => ink.wrap(`  ! ${cause.title}: ${cause.text}`, '    ')),
  ];
}

const SHOWN_OPERATIONS = 4;

/** Coverage joins what failed alike; a broker that is silent leaves a long list. */
function fewOf(operations: string): string {
  const all = operations.split(', ');
  const more = all.length - SHOWN_OPERATIONS;
  return more > 1 ? `${all.slice(0, SHOWN_OPERATIONS).join(', ')} and ${more} more` : operations;
}

export function gapLines(coverage: Coverage, ink: Pen): readonly string[] {
  if (coverage.notLooked.length === 0) return [];
  return [
    'not looked at',
    ...coverage.notLooked.flatMap((gap) => {
      const [first = '', ...rest] = ink.wrap(
        `${gap.system}: ${fewOf(gap.operation)}: ${gap.reason}`,
        '    ',
        ink.view.width - 4,
      );
      return [
        `  ${ink.symbol('unknown')} ${first}`,
        ...rest,
        ...ink.wrap(`    → ${gap.hint}`, '      ').map((line) => ink.chalk.dim(line)),
      ];
    }),
  ];
}

function nextLines({ headline, next }: Diagnosis, ink: Pen): readonly string[] {
  return [
    ...next.flatMap(({ command, why }, index) => {
      const first = `${index === 0 ? 'next  ' : '      '}${ink.text(command)}`;
      const one = `${first}  ${ink.text(why)}`;
      // A command stays whole on its line, so that it can be copied.
      return one.length <= ink.view.width ? [one] : [first, ...ink.wrap(`        ${why}`, '        ')];
    }),
    ...(next.length > 0 ? [''] : []),
    ...ink.wrap(headline, '  ').map((line) => ink.chalk.bold(line)),
  ];
}
