import { Chalk, type ChalkInstance } from 'chalk';
import type { RankedCause, RankedCohort } from '../causes/cause.ts';
import { CHECK_GROUPS, type CheckGroup, type CheckOutcome, type CheckResult } from '../checks/check.ts';
import type { Coverage } from '../platform/coverage.ts';
import type { Identity } from '../platform/state.ts';
import type { Cohort } from '../trace/trace.ts';
import type { Diagnosis, Presentation } from './result.ts';
import { dateTime, duration, percent, plural, shortId, sums, timeNear, wrap } from './text.ts';

type Status = CheckOutcome['status'];

const UNICODE_SYMBOLS: Readonly<Record<Status, string>> = {
  pass: '✓',
  fail: '✗',
  warn: '!',
  unknown: '?',
  skipped: '·',
};
const ASCII_SYMBOLS: Readonly<Record<Status, string>> = {
  pass: 'v',
  fail: 'x',
  warn: '!',
  unknown: '?',
  skipped: '-',
};

export interface Pen {
  readonly chalk: ChalkInstance;
  readonly dot: string;
  readonly dash: string;
  readonly minus: string;
  readonly symbol: (status: Status) => string;
  readonly view: Presentation;
}

/** One palette for every human report; a symbol never stands without words that say the same. */
export function pen(view: Presentation): Pen {
  const chalk = new Chalk({ level: view.colour ? 1 : 0 });
  const paint: Readonly<Record<Status, (text: string) => string>> = {
    pass: chalk.green,
    fail: chalk.red,
    warn: chalk.yellow,
    unknown: chalk.magenta,
    skipped: chalk.dim,
  };
  const symbols = view.unicode ? UNICODE_SYMBOLS : ASCII_SYMBOLS;
  return {
    chalk,
    dot: view.unicode ? ' · ' : ' | ',
    dash: view.unicode ? '—' : '-',
    minus: view.unicode ? '−' : '-',
    symbol: (status) => paint[status](symbols[status]),
    view,
  };
}

export function humanDiagnosis(diagnosis: Diagnosis, view: Presentation): string {
  const ink = pen(view);
  const lines = [
    ...headLines(diagnosis, ink),
    '',
    ...(view.verbose ? everyCheck(diagnosis.checks, ink) : groupedChecks(diagnosis.checks, ink)),
    ...diagnosis.cohorts.flatMap((ranked) => ['', ...cohortLines(ranked, diagnosis, ink)]),
    ...latentLines(diagnosis, ink),
    ...(diagnosis.coverage.notLooked.length > 0 ? [''] : []),
    ...gapLines(diagnosis.coverage, ink),
    '',
    ...nextLines(diagnosis, ink),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines(diagnosis: Diagnosis, ink: Pen): readonly string[] {
  const { state, tool } = diagnosis;
  const { view } = ink;
  const first = [
    ink.chalk.bold(tool.name),
    state.settings.platform,
    dateTime(state.takenAtMs, view.timeZone),
    `last ${duration(state.settings.windowMs)}`,
    'looks only',
    `${(state.durationMs / 1000).toFixed(1)} s`,
  ].join(ink.dot);
  const second = [...placeTexts(state.identity, diagnosis, view), togetherText(state.identity)].join(ink.dot);
  return [first, ...wrap(`  ${second}`, view.width, '  ').map((line) => ink.chalk.dim(line))];
}

function placeTexts(identity: Identity, { state }: Diagnosis, view: Presentation): readonly string[] {
  const docker =
    identity.dockerAddress === null
      ? 'docker not seen'
      : `docker ${identity.dockerAddress}, ${identity.composeProject === null ? 'no platform on it' : `project ${identity.composeProject}`}`;
  const kafka =
    identity.kafkaClusterId === null
      ? 'kafka not seen'
      : `kafka ${shortId(identity.kafkaClusterId, view.unicode)} at ${identity.kafkaAddress}`;
  const database = state.database.kind === 'seen' ? state.database.value : null;
  const replica =
    database?.inRecovery === true ? `replica ${duration(database.replayLagMs ?? 0)} behind` : 'primary';
  const postgres =
    database === null
      ? 'postgres not seen'
      : `postgres ${identity.databaseAddress}, ${replica}${database.canWrite ? ', login could write' : ''}`;
  return [docker, kafka, postgres];
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

function groupedChecks(checks: readonly CheckResult[], ink: Pen): readonly string[] {
  return CHECK_GROUPS.flatMap((group) => {
    const own = checks.filter(({ id }) => id.startsWith(`${group}/`));
    const loud = own.toSorted((a, b) => rank(a) - rank(b));
    const worst = loud[0];
    if (worst === undefined) return [];
    if (worst.outcome.status === 'pass') {
      return groupLine(group, 'pass', passText(own), ink);
    }
    const texts = loud
      .filter(({ outcome }) => outcome.status === worst.outcome.status)
      .flatMap((result) => outcomeTexts(result));
    const shown = texts.slice(0, 3);
    const more = texts.length - shown.length;
    return shown.flatMap((text, index) =>
      groupLine(
        index === 0 ? group : '',
        worst.outcome.status,
        more > 0 && index === shown.length - 1 ? `${text} (and ${more} more: --verbose)` : text,
        ink,
      ),
    );
  });
}

function groupLine(group: CheckGroup | '', status: Status, text: string, ink: Pen): readonly string[] {
  const column = 13;
  const [first = '', ...rest] = wrap(text, ink.view.width - column - 4, '');
  const indent = ' '.repeat(column + 4);
  return [`  ${ink.symbol(status)} ${group.padEnd(column)}${first}`, ...rest.map((line) => indent + line)];
}

function passText(own: readonly CheckResult[]): string {
  const passed = own.filter(({ outcome }) => outcome.status === 'pass');
  const speaking = passed.find(({ required }) => required) ?? passed[0];
  const text = speaking?.outcome.status === 'pass' ? speaking.outcome.summary : '';
  const others = passed.length - 1;
  return others > 0 ? `${text}; ${plural(others, 'more check')} hold${others === 1 ? 's' : ''}` : text;
}

function outcomeTexts({ title, outcome }: CheckResult): readonly string[] {
  switch (outcome.status) {
    case 'pass':
      return [outcome.summary];
    case 'warn':
    case 'fail':
      return outcome.findings.map(({ summary }) => summary);
    case 'skipped':
      return [`${title}: skipped, ${outcome.reason}`];
    case 'unknown':
      return [`${outcome.gap.operation}: not looked at, ${outcome.gap.reason}`];
    default:
      return outcome satisfies never;
  }
}

function everyCheck(checks: readonly CheckResult[], ink: Pen): readonly string[] {
  return checks.flatMap((result) => [
    `  ${ink.symbol(result.outcome.status)} ${result.id}`,
    ...outcomeTexts(result).flatMap((text) => wrap(`      ${text}`, ink.view.width, '        ')),
    ...hintLines(result.outcome, ink),
  ]);
}

function hintLines(outcome: CheckOutcome, ink: Pen): readonly string[] {
  const hints =
    outcome.status === 'fail' || outcome.status === 'warn'
      ? outcome.findings.map(({ hint }) => hint)
      : outcome.status === 'unknown'
        ? [outcome.gap.hint]
        : [];
  return [...new Set(hints)].flatMap((hint) =>
    wrap(`      ${ink.view.unicode ? '→' : '->'} ${hint}`, ink.view.width, '        ').map((line) =>
      ink.chalk.dim(line),
    ),
  );
}

const SHOWN_PAYMENTS = 5;

function cohortLines(ranked: RankedCohort, diagnosis: Diagnosis, ink: Pen): readonly string[] {
  const { cohort } = ranked;
  const { view } = ink;
  const ids = cohort.traces.slice(0, SHOWN_PAYMENTS).map((trace) => shortId(trace.payment, view.unicode));
  const more = cohort.traces.length - ids.length;
  const colour =
    cohort.kind === 'stuck' || cohort.kind === 'needs-decision' ? ink.chalk.bold : ink.chalk.reset;
  const title = wrap(cohortTitle(cohort, diagnosis, view), view.width, '  ').map((line) => colour(line));
  const idLine = `  ${cohort.traces.length === 1 ? cohort.traces[0].payment : ids.join('  ')}${more > 0 ? `  and ${more} more` : ''}`;
  return [...title, idLine, ...(ranked.causes.length > 0 ? ['', ...causesLines(ranked, ink)] : [])];
}

/** The ranking of one cohort: what is likely with its evidence, what stands beside it, and what would settle it. */
export function causesLines(ranked: RankedCohort, ink: Pen): readonly string[] {
  const shown = ranked.causes.filter(({ level }, index) => index === 0 || level !== 'unlikely').slice(0, 3);
  const runnerUp = ranked.causes[shown.length];
  return [
    ...shown.flatMap((cause, index) => causeLines(cause, index + 1, true, ink)),
    ...(shown.length === 1 && runnerUp !== undefined && runnerUp.probability >= 0.005
      ? causeLines(runnerUp, 2, false, ink)
      : []),
    ...ranked.together.flatMap((cause) => [
      ...wrap(`     together with  ${cause.title}  (${cause.level})`, ink.view.width, '       '),
      ...evidenceLines(cause, ink),
    ]),
    ...(ranked.determined || shown.length === 0
      ? []
      : wrap(`     not settled; this would: ${shown[0]?.probe ?? ''}`, ink.view.width, '       ')),
  ];
}

const STAGE_NAMES = {
  purchase: 'purchase',
  allocation: 'allocation',
  sessions: 'sessions',
  cache: 'pages',
  notification: 'notification',
} as const;

export function cohortTitle(cohort: Cohort, { state }: Diagnosis, view: Presentation): string {
  const count = plural(cohort.traces.length, 'payment');
  const amount = sums(cohort.sums, view.unicode);
  const when =
    cohort.traces.length === 1
      ? `at ${timeNear(cohort.newestAtMs, state.takenAtMs, view.timeZone)}`
      : `first ${timeNear(cohort.oldestAtMs, state.takenAtMs, view.timeZone)}, newest ${timeNear(cohort.newestAtMs, state.takenAtMs, view.timeZone)}`;
  const arrived = state.payments.kind === 'seen' ? state.payments.value.lastArrivedAtMs : null;
  const last =
    arrived === null ? '' : `; last one to arrive ${timeNear(arrived, state.takenAtMs, view.timeZone)}`;
  const stage = cohort.stage === null ? 'the pipeline' : STAGE_NAMES[cohort.stage];
  switch (cohort.kind) {
    case 'stuck':
      return `${count} (${amount}) stopped before ${stage}, ${when}${last}`;
    case 'in-progress':
      return `${count} (${amount}) on the way, before ${stage}, ${when}`;
    case 'needs-decision':
      return `${count} (${amount}) paid and waiting for a person's decision, ${when}`;
    case 'pages-old':
      return `${count} arrived, but pages may be old, ${when}`;
    case 'anomaly':
      return `${count} arrived in an unusual way, ${when}`;
    case 'undetermined':
      return `${count} (${amount}) could not be followed to the end, ${when}`;
    default:
      return cohort.kind satisfies never;
  }
}

function causeLines(cause: RankedCause, place: number, withEvidence: boolean, ink: Pen): readonly string[] {
  const head = `  ${place}  ${percent(cause.probability).padStart(4)}  `;
  const width = ink.view.width - head.length - cause.level.length - 2;
  const [first = '', ...rest] = wrap(cause.title, Math.max(20, width), '');
  const indent = ' '.repeat(head.length);
  const level = cause.level === 'confirmed' ? ink.chalk.bold(cause.level) : cause.level;
  return [
    `${head}${first.padEnd(Math.max(first.length, 44))}  ${level}`,
    ...rest.map((line) => indent + line),
    ...(withEvidence ? evidenceLines(cause, ink) : []),
  ];
}

function evidenceLines(cause: RankedCause, ink: Pen): readonly string[] {
  return cause.evidence.flatMap((item) =>
    wrap(`           ${item.for ? '+' : ink.minus} ${item.text}`, ink.view.width, '             '),
  );
}

function latentLines({ latent }: Diagnosis, ink: Pen): readonly string[] {
  if (latent.length === 0) return [];
  return [
    '',
    'hurts nobody yet',
    ...latent.flatMap((cause) => wrap(`  ! ${cause.title}: ${cause.text}`, ink.view.width, '    ')),
  ];
}

export function gapLines(coverage: Coverage, ink: Pen): readonly string[] {
  if (coverage.notLooked.length === 0) return [];
  return [
    'not looked at',
    ...coverage.notLooked.flatMap((gap) => [
      ...wrap(
        `  ${ink.symbol('unknown')} ${gap.system}: ${gap.operation}: ${gap.reason}`,
        ink.view.width,
        '    ',
      ),
      ...wrap(`    ${ink.view.unicode ? '→' : '->'} ${gap.hint}`, ink.view.width, '      ').map((line) =>
        ink.chalk.dim(line),
      ),
    ]),
  ];
}

function nextLines({ headline, next }: Diagnosis, ink: Pen): readonly string[] {
  const width = Math.max(0, ...next.map(({ command }) => command.length));
  return [
    ...next.flatMap(({ command, why }, index) => {
      const line = `${index === 0 ? 'next  ' : '      '}${command.padEnd(width)}  ${why}`;
      return wrap(line, ink.view.width, '        ');
    }),
    ...(next.length > 0 ? [''] : []),
    ...wrap(headline, ink.view.width, '  ').map((line) => ink.chalk.bold(line)),
  ];
}
