import type { RankedCohort } from '../causes/cause.ts';
import { CHECK_GROUPS, type CheckResult } from '../checks/check.ts';
import { escapeControl } from '../platform/escape.ts';
import { placeText } from './hop-titles.ts';
import type { Diagnosis } from './result.ts';
import { causeTitle, percent, plural, sums } from './text.ts';

/**
 * JUnit XML as CI systems read it: a test suite per group of checks, a test case per check. A document holds a failure or an error
 * exactly where the exit code is not 0.
 */
export function junitDiagnosis(result: Diagnosis, policy: { readonly failOnWarn: boolean }): string {
  const { state } = result;
  const suites = [
    ...CHECK_GROUPS.map((group) => ({
      name: group as string,
      cases: result.checks
        .filter(({ id }) => id.startsWith(`${group}/`))
        .map((check) => caseOfCheck(check, policy)),
    })),
    { name: 'payments', cases: result.cohorts.map((ranked) => caseOfCohort(ranked, result.command)) },
  ].filter(({ cases }) => cases.length > 0);
  const seconds = (state.durationMs / 1000).toFixed(3);
  const timestamp = new Date(state.takenAtMs - state.durationMs).toISOString().slice(0, 19);
  const name = `${result.tool.name} ${result.command}`;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element('testsuites', { name, ...countsOf(suites.flatMap(({ cases }) => cases)), time: seconds }, [
      ...suites.flatMap(({ name: suite, cases }) =>
        element(
          'testsuite',
          { name: suite, ...countsOf(cases), timestamp, time: '0' },
          cases.flatMap((each) => caseLines(suite, each)),
        ),
      ),
    ]),
  ].flat();
  return `${lines.join('\n')}\n`;
}

interface TestCase {
  readonly name: string;
  readonly verdict: 'passed' | 'failure' | 'error' | 'skipped';
  /** What kind of failure or error; empty where there is none. */
  readonly type: string;
  readonly message: string;
  readonly details: readonly string[];
}

function caseOfCheck(
  { id, title, required, outcome }: CheckResult,
  { failOnWarn }: { readonly failOnWarn: boolean },
): TestCase {
  const name = `${id}: ${title}`;
  switch (outcome.status) {
    case 'pass':
      return { name, verdict: 'passed', type: '', message: '', details: [outcome.summary] };
    case 'warn':
    case 'fail': {
      const isFailure = outcome.status === 'fail' || failOnWarn;
      const message = outcome.summary;
      const details = outcome.findings.flatMap(({ summary, hint }) => [summary, `  -> ${hint}`]);
      return isFailure
        ? { name, verdict: 'failure', type: outcome.status, message, details }
        : { name, verdict: 'passed', type: '', message, details: [`warning: ${message}`, ...details] };
    }
    case 'skipped':
      return { name, verdict: 'skipped', type: '', message: outcome.reason, details: [] };
    case 'unknown': {
      const { operation, reason, hint, code } = outcome.gap;
      const message = `could not look: ${operation}: ${reason}`;
      // No verdict of health rests on the others: as in the exit code, they are no error.
      return required
        ? { name, verdict: 'error', type: code, message, details: [`-> ${hint}`] }
        : { name, verdict: 'skipped', type: '', message, details: [] };
    }
    default:
      return outcome satisfies never;
  }
}

function caseOfCohort({ cohort, causes }: RankedCohort, command: string): TestCase {
  const [first] = cohort.traces;
  const name = `${cohort.kind} at ${placeText(cohort.firstMissing)}, payment ${first.payment}`;
  const message = `${plural(cohort.traces.length, 'payment')} (${sums(cohort.sums)}) ${cohort.kind} at ${placeText(cohort.firstMissing)}`;
  const details = [
    ...causes
      .filter(({ level }) => level !== 'unlikely')
      .map((cause) => `${percent(cause.probability)} ${causeTitle(cause)} (${cause.level})`),
    ...cohort.traces.map(({ payment }) => `kc-doctor trace ${payment}`),
  ];
  switch (cohort.kind) {
    case 'needs-decision':
      // A deploy is not stopped by what waits for a person.
      return command === 'smoke'
        ? { name, verdict: 'skipped', type: '', message, details: [] }
        : { name, verdict: 'failure', type: cohort.kind, message, details };
    case 'stuck':
      return { name, verdict: 'failure', type: cohort.kind, message, details };
    case 'undetermined':
      return { name, verdict: 'error', type: cohort.kind, message, details };
    case 'in-progress':
    case 'pages-old':
    case 'anomaly':
      return { name, verdict: 'passed', type: '', message, details: [message] };
    default:
      return cohort.kind satisfies never;
  }
}

function countsOf(cases: readonly TestCase[]): Readonly<Record<string, string>> {
  const count = (verdict: TestCase['verdict']) =>
    String(cases.filter((each) => each.verdict === verdict).length);
  return {
    tests: String(cases.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function caseLines(suite: string, { name, verdict, type, message, details }: TestCase): readonly string[] {
  const head = { classname: `kc-doctor.${suite}`, name, time: '0' };
  const body = details.map(text);
  switch (verdict) {
    case 'passed':
      return element('testcase', head, element('system-out', {}, body));
    case 'skipped':
      return element('testcase', head, element('skipped', { message }, []));
    case 'failure':
    case 'error':
      return element('testcase', head, element(verdict, { message, type }, body));
    default:
      return verdict satisfies never;
  }
}

/** Lines of one element; its content as it stands, since white space is part of a text. */
function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: readonly string[],
): readonly string[] {
  const start = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${text(value)}"`)];
  return content.length === 0
    ? [`<${start.join(' ')}/>`]
    : [`<${start.join(' ')}>`, ...content, `</${name}>`];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** What XML 1.0 cannot hold even as a reference: control characters (shown escaped), half surrogate pairs, two non-characters. */
function text(raw: string): string {
  return escapeControl(raw)
    .replace(/[\p{Surrogate}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
