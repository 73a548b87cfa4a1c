import { describe, expect, it } from 'vitest';
import { diagnosis } from '../../src/commands/diagnosis.ts';
import { traceOf } from '../../src/commands/trace.ts';
import { paymentId } from '../../src/platform/ids.ts';
import { humanDiagnosis } from '../../src/report/human.ts';
import { humanTrace } from '../../src/report/human-trace.ts';
import { jsonDiagnosis, jsonTrace } from '../../src/report/json.ts';
import type { Presentation } from '../../src/report/result.ts';
import { INCIDENTS, latent, neverDeployed, PLAIN, stoppedAllocation, TOOL } from '../support/golden.ts';
import { healthyState, idsOf, withPayment, withUnseen } from '../support/states.ts';

/** Files are read by people: `vitest -u` rewrites them, and every line of the change wants reading. */
const golden = (name: string) => `golden/${name}.txt`;
const visible = (text: string) => text.replaceAll('\u001b', '␛');

const diagnosed = (state: Parameters<typeof diagnosis>[0]) =>
  diagnosis(state, 'diagnose', TOOL, { failOnWarn: false });
const report = (state: Parameters<typeof diagnosis>[0], view: Partial<Presentation> = {}) =>
  humanDiagnosis(diagnosed(state), { ...PLAIN, ...view });

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

describe('the human report', () => {
  it.each(Object.entries(INCIDENTS))('says of %s what it should', async (name, state) => {
    await expect(report(state())).toMatchFileSnapshot(golden(name));
  });

  it.each(Object.entries(INCIDENTS))('fits 60 columns: %s', (_, state) => {
    const lines = report(state(), { width: 60 }).split('\n');
    const tooLong = lines.filter((line) => line.length > 60 && !/kc-doctor (?:trace|snapshot)/.test(line));
    expect(tooLong).toEqual([]);
  });

  it('wraps at 60 columns and keeps ids and commands whole', async () => {
    const text = report(neverDeployed(), { width: 60 });
    await expect(text).toMatchFileSnapshot(golden('never-deployed-60'));
    expect(text.match(ID)).toHaveLength(6);
  });

  it('colours what a terminal shows', async () => {
    await expect(visible(report(neverDeployed(), { colour: true }))).toMatchFileSnapshot(
      golden('never-deployed-colour'),
    );
  });

  it('says the same in ASCII', async () => {
    const text = report(neverDeployed(), { unicode: false });
    await expect(text).toMatchFileSnapshot(golden('never-deployed-ascii'));
    expect(text).not.toMatch(/\P{ASCII}/u);
  });

  it('shows every check with its hint when asked', async () => {
    await expect(report(stoppedAllocation(), { verbose: true })).toMatchFileSnapshot(
      golden('stopped-allocation-verbose'),
    );
  });

  it('shows times in the zone that was asked for, and names it', () => {
    const text = report(neverDeployed(), { timeZone: 'Asia/Kolkata' });
    expect(text).toContain('2026-01-07 17:30 Asia/Kolkata');
    expect(text.replace(/\s+/g, ' ')).toContain(
      'first 16:35:00, newest 17:05:00; last one to arrive 16:50:00 Asia/Kolkata',
    );
  });

  it('does not say that nobody is hurt where payments were not read', () => {
    expect(report(latent())).toContain('\nhurts nobody yet\n');
    const text = report(withUnseen(latent(), 'payments'));
    expect(text).not.toContain('hurts nobody');
    expect(text).toContain('\nnot known whether this hurts anybody: payments were not read\n');
  });

  it('ends with the headline', () => {
    const { headline } = diagnosed(stoppedAllocation());
    expect(report(stoppedAllocation()).replace(/\s+/g, ' ').trim().endsWith(headline)).toBe(true);
  });
});

const UNKNOWN_ID = '5dc56599-cd44-4672-ab73-2bf7f789ef34';

/** One that stopped, one that arrived, one that nobody knows. */
function traced() {
  const state = withPayment(stoppedAllocation(), { n: 2, upTo: 'cache-read', partition: 0 });
  const payments = [idsOf(1).payment, idsOf(2).payment, paymentId(UNKNOWN_ID)];
  return traceOf(state, { payments, lookups: [] }, TOOL, { isRecorded: false });
}

describe('the human trace', () => {
  it.each([
    ['trace', {}],
    ['trace-60', { width: 60 }],
    ['trace-ascii', { unicode: false }],
  ] as const)('%s', async (name, view) => {
    await expect(humanTrace(traced(), { ...PLAIN, ...view })).toMatchFileSnapshot(golden(name));
  });
});

describe('the JSON documents', () => {
  it('say of an incident what they should', async () => {
    await expect(jsonDiagnosis(diagnosed(stoppedAllocation()))).toMatchFileSnapshot(
      golden('stopped-allocation-json'),
    );
  });

  it('say of a trace what they should', async () => {
    await expect(jsonTrace(traced())).toMatchFileSnapshot(golden('trace-json'));
  });

  it('are the same bytes for the same state', () => {
    expect(jsonDiagnosis(diagnosed(healthyState()))).toBe(jsonDiagnosis(diagnosed(healthyState())));
  });
});
