import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../src/checks/check.ts';
import { diagnosis } from '../../src/commands/diagnosis.ts';
import { smokeOf } from '../../src/commands/smoke.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { junitDiagnosis } from '../../src/report/junit.ts';
import type { Diagnosis } from '../../src/report/result.ts';
import { FAULTS } from '../support/corpus.ts';
import { INCIDENTS, stoppedAllocation, TOOL } from '../support/golden.ts';
import { healthyState, withContainer } from '../support/states.ts';
import { readXml, type XmlElement } from '../support/xml.ts';

type Judge = (state: PlatformState, failOnWarn: boolean) => Diagnosis;
const JUDGES: Readonly<Record<string, Judge>> = {
  diagnose: (state, failOnWarn) => diagnosis(state, 'diagnose', TOOL, { failOnWarn }),
  smoke: (state, failOnWarn) => smokeOf(state, TOOL, { failOnWarn }),
};

const documentOf = (result: Diagnosis, failOnWarn = false) => readXml(junitDiagnosis(result, { failOnWarn }));
const under = (element: XmlElement, name: string): readonly XmlElement[] => [
  ...element.children.filter((child) => child.name === name),
  ...element.children.flatMap((child) => under(child, name)),
];
const caseOf = (document: XmlElement, id: string) =>
  under(document, 'testcase').find((each) => each.attributes['name']?.startsWith(`${id}:`));

describe('the JUnit document', () => {
  it.each(Object.keys(JUDGES))(
    'of %s is red exactly where the exit code is not 0',
    { timeout: 60_000 },
    (name) => {
      const states = [
        ...Object.values(INCIDENTS).map((state) => state()),
        withContainer(healthyState(), 'purchase-worker', { restartCount: 4 }),
        withContainer(healthyState(), 'payment-service', { status: 'exited', exitCode: 1 }),
        ...FAULTS.filter((_, index) => index % 5 === 0),
      ];
      for (const state of states) {
        for (const failOnWarn of [false, true]) {
          const result = JUDGES[name]?.(state, failOnWarn) ?? diagnosis(state, name, TOOL, { failOnWarn });
          const document = documentOf(result, failOnWarn);
          const [failures, errors] = [under(document, 'failure').length, under(document, 'error').length];
          expect(failures + errors > 0, result.headline).toBe(result.exitCode !== 0);
          expect(document.attributes).toMatchObject({ failures: String(failures), errors: String(errors) });
        }
      }
    },
  );

  it('has a test case per check, in a suite per group', () => {
    const result = diagnosis(stoppedAllocation(), 'diagnose', TOOL, { failOnWarn: false });
    const document = documentOf(result);
    const suites = under(document, 'testsuite');
    expect(suites.map(({ attributes }) => attributes['name'])).toEqual([
      'containers',
      'topics',
      'offsets',
      'events',
      'allocation',
      'schema',
      'payments',
    ]);
    for (const { attributes, children } of suites) expect(attributes['tests']).toBe(String(children.length));
    expect(under(document, 'testcase')).toHaveLength(result.checks.length + result.cohorts.length);
    expect(document.attributes['tests']).toBe(String(result.checks.length + result.cohorts.length));
  });

  it('tells what failed with its hint, what was left out and why, and what could not be looked at', () => {
    const failed = documentOf(diagnosis(stoppedAllocation(), 'diagnose', TOOL, { failOnWarn: false }));
    const [failure] = caseOf(failed, 'containers/workers-running')?.children ?? [];
    expect(failure).toMatchObject({ name: 'failure', attributes: { type: 'fail' } });
    expect(failure?.attributes['message']).toContain('allocation-worker');
    expect(failure?.text).toContain('-> ');
    const [left] = caseOf(failed, 'containers/consumers-alive')?.children ?? [];
    expect(left?.name).not.toBe('failure');

    const blind = documentOf(diagnosis(dockerless(), 'diagnose', TOOL, { failOnWarn: false }));
    expect(caseOf(blind, 'containers/workers-running')?.children).toMatchObject([
      { name: 'error', attributes: { type: 'refused', message: expect.stringContaining('could not look') } },
    ]);
    expect(caseOf(blind, 'containers/services-running')?.children).toMatchObject([{ name: 'skipped' }]);
  });

  it('holds whatever text it is given', () => {
    const hostile =
      'a <b> & "c" \'d\' ]]> <!-- \u0000\u0008\u001b[2J\u009b\u202e \ud800 \udc00x \ufffe\uffff \u{1f600} é\ttab\nline';
    const check: CheckResult = {
      id: 'topics/broker-answers',
      title: hostile,
      required: true,
      outcome: {
        status: 'fail',
        summary: hostile,
        findings: [
          {
            severity: 'fail',
            subject: { kind: 'system', name: hostile },
            stage: null,
            observed: hostile,
            expected: hostile,
            summary: hostile,
            hint: hostile,
            payments: [],
          },
        ],
      },
    };
    const result = { ...diagnosis(healthyState(), 'diagnose', TOOL, { failOnWarn: false }), checks: [check] };
    const document = documentOf(result);
    const said = `a <b> & "c" 'd' ]]> <!-- \\u{0}\\u{8}\\u{1b}[2J\\u{9b}\\u{202e} \ufffd \ufffdx \ufffd\ufffd \u{1f600} é\\u{9}tab\\u{a}line`;
    expect(under(document, 'failure')).toMatchObject([{ attributes: { message: said } }]);
    expect(under(document, 'failure')[0]?.text).toContain(said);
  });

  it('is the same bytes for the same state', () => {
    const write = () =>
      junitDiagnosis(smokeOf(stoppedAllocation(), TOOL, { failOnWarn: false }), { failOnWarn: false });
    expect(write()).toBe(write());
  });
});

function dockerless(): PlatformState {
  return INCIDENTS['docker-unseen']?.() ?? healthyState();
}
