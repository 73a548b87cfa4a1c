import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/checks/catalogue.ts';
import { doctor, documentOf } from '../support/doctor.ts';
import { INCIDENTS } from '../support/golden.ts';
import { healthyState, idsOf, withPayment } from '../support/states.ts';
import { readXml } from '../support/xml.ts';
import { NOWHERE, openWorkplace, type Workplace } from './workplace.ts';

const REQUIRED = CATALOGUE.filter(({ required }) => required).map(({ id }) => id);

let place: Workplace;

beforeAll(async () => {
  place = await openWorkplace();
  await place.writeSnapshot('healthy.json', healthyState());
});
afterAll(() => place[Symbol.asyncDispose]());

const run = (args: readonly string[]) => doctor(args, { cwd: place.folder, environment: NOWHERE });

describe('smoke', () => {
  it.each(Object.entries(INCIDENTS))('of %s says the same in each format', async (name, state) => {
    const file = await place.writeSnapshot(`${name}.json`, state());
    const [human, json, junit] = await Promise.all([
      run(['smoke', '--from', file]),
      run(['smoke', '--from', file, '--json']),
      run(['smoke', '--from', file, '--format', 'junit']),
    ]);
    const document = documentOf(json);
    expect(document).toMatchObject({ command: 'smoke', exitCode: human.exitCode });
    expect([json.exitCode, junit.exitCode]).toEqual([human.exitCode, human.exitCode]);
    expect(human.stdout.trimEnd().split('\n').at(-1)).toBe(document.headline);
    const ids = document.checks.map(({ id }) => id);
    expect(REQUIRED.filter((id) => !ids.some((shown) => shown === id))).toEqual([]);
    for (const id of ids) expect(human.stdout).toMatch(new RegExp(`^[✓✗!?·] ${id} `, 'm'));
    const { failures, errors } = readXml(junit.stdout).attributes;
    expect(Number(failures) + Number(errors) > 0).toBe(human.exitCode !== 0);
    expect([human.stderr, json.stderr, junit.stderr]).toEqual(['', '', '']);
  });

  it('is 3 where nothing can be looked at, with a line for each check', async () => {
    const { exitCode, stdout } = await run(['smoke', '--timeout', '3']);
    expect(exitCode).toBe(3);
    expect(stdout.match(/^\? \S+ +could not look: /gm)?.length).toBeGreaterThan(20);
  });

  it.each([
    ['a wait that is none', ['smoke', '--wait', 'soon'], '--wait: "soon" is not a time to wait'],
    ['no wait at all', ['smoke', '--wait', '0s'], '--wait: "0s" is not a time to wait'],
    ['a number without a unit', ['smoke', '--wait', '120'], '--wait: "120" is not a time to wait'],
    [
      'a wait for a snapshot',
      ['smoke', '--from', 'healthy.json', '--wait', '5s'],
      '--wait has no effect with --from',
    ],
    ['JUnit of a trace', ['trace', idsOf(1).payment, '--format', 'junit'], 'trace has no JUnit form'],
    ['JUnit of the settings', ['config', '--format', 'junit'], 'config has no JUnit form'],
  ])('answers %s in plain words with exit 2', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stderr).toContain(words);
    expect([exitCode, stdout]).toEqual([2, '']);
  });
});

describe('trace by another id', () => {
  it('reads a snapshot, and names an id of another kind', async () => {
    const ids = idsOf(1);
    const state = withPayment(healthyState(), { upTo: 'created-record' });
    const file = await place.writeSnapshot('stopped.json', state);
    const [byId, byPurchase, mistaken] = await Promise.all([
      run(['trace', ids.payment, '--from', file]),
      run(['trace', '--purchase', ids.purchase, '--from', file]),
      run(['trace', ids.purchase, '--from', file]),
    ]);
    expect([byId.exitCode, byPurchase.exitCode, mistaken.exitCode]).toEqual([1, 1, 1]);
    expect(byPurchase.stdout).toContain(byId.stdout);
    expect(mistaken.stdout.replace(/\s+/g, ' ')).toContain(`kc-doctor trace ${ids.payment}`);
  });

  it('refuses to keep a payment in a snapshot of a snapshot', async () => {
    const { exitCode, stderr } = await run([
      ...['snapshot', '--from', 'healthy.json', '-o', 'copy.json'],
      ...['--payment', idsOf(1).payment],
    ]);
    expect(stderr).toContain('--payment has no effect with --from');
    expect(exitCode).toBe(2);
  });
});
