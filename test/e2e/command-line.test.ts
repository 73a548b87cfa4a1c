import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor } from '../support/doctor.ts';
import { INCIDENTS } from '../support/golden.ts';
import { healthyState } from '../support/states.ts';
import { NOWHERE, openWorkplace, type Workplace } from './workplace.ts';

const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

let place: Workplace;

beforeAll(async () => {
  place = await openWorkplace();
  await place.writeSnapshot('healthy.json', healthyState());
});
afterAll(() => place[Symbol.asyncDispose]());

const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  doctor(args, { cwd: place.folder, environment: { ...NOWHERE, ...environment } });

describe('the command line', () => {
  it('says its version', async () => {
    expect(await run(['--version'])).toMatchObject({
      exitCode: 0,
      stdout: `${PACKAGE.version}\n`,
      stderr: '',
    });
  });

  it('lists in --help the commands of the README, and no other', async () => {
    const { stdout, exitCode } = await run(['--help']);
    const listed = stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm);
    const table = README.slice(README.indexOf('## Commands'), README.indexOf('`--json` prints'));
    const documented = table.matchAll(/^\| `kc-doctor(?: ([a-z]+))?/gm);
    const names = [...documented].map(([, name]) => name ?? 'diagnose');
    expect([...listed].map(([, name]) => name).toSorted()).toEqual(names.toSorted());
    expect(exitCode).toBe(0);
  });

  it.each([[['history']], [['undo', 'run1', '--yes']], [['fix', '--resume', 'run1', '--yes']]])(
    'does not call runs unknown that it could not look at: %j',
    async (args) => {
      const { stdout, stderr, exitCode } = await run(args, { POSTGRES_URL: '' });
      expect(stderr).toMatch(/runs that are kept .* could not be looked at: no address/);
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 3 });
    },
  );

  it('explains each command on its own', async () => {
    const { stdout, exitCode } = await run(['trace', '--help']);
    expect(stdout).toContain('kc-doctor trace [options] [paymentId...]');
    expect(exitCode).toBe(0);
  });

  it.each([
    ['an unknown flag', ['--frob'], "unknown option '--frob'"],
    ['an unknown command', ['frob'], 'no command is called "frob"'],
    ['a payment without a command', ['5dc56599-cd44-4672-ab73-2bf7f789ef34'], 'kc-doctor trace 5dc56599'],
    ['a missing argument', ['trace'], 'no payment was named'],
    ['a missing file name', ['snapshot'], '--output <file>'],
    ['a malformed payment id', ['trace', 'nope'], '"nope" is not a payment id'],
    ['an unknown format', ['--format', 'xml'], 'Allowed choices are human, json'],
    ['an unknown id', ['explain', 'offsets/nope'], 'offsets/committed-inside-log'],
    ['an id that is not quite one', ['explain', 'start-work'], 'known: start-worker'],
    ['a window that is none', ['--since', 'soon'], '--since: "soon" is neither a duration nor a time'],
    ['no time at all', ['--timeout', '0'], '--timeout: "0" is not a time to wait'],
    ['a folder that is not there', ['--project-dir', 'nowhere'], 'nowhere is not a folder'],
    ['an unknown time zone', ['--tz', 'Moon'], '"Moon" is not a time zone'],
    [
      'an unknown time zone with a snapshot',
      ['--from', 'healthy.json', '--tz', 'Moon'],
      '"Moon" is not a time zone',
    ],
    [
      'a flag without effect',
      ['--from', 'healthy.json', '--since', '3d'],
      '--since has no effect with --from',
    ],
    ['an unknown profile', ['--env', 'prod'], '"prod": no config file was found'],
    [
      'a folder that cannot be written to',
      ['snapshot', '--from', 'healthy.json', '-o', 'no/where.json'],
      'no/where.json (ENOENT)',
    ],
  ])('answers %s in plain words with exit 2', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stderr).toContain(words);
    expect(stderr).toMatch(/^kc-doctor: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect([exitCode, stdout]).toEqual([2, '']);
  });

  it('names every mistake of a config file at once, one sentence each', async () => {
    await place.write(
      'wrong.yaml',
      'runtime: dokcer\nexpected:\n  partitionCount: many\nkafka:\n  brokres: [a:1]\n',
    );
    const { exitCode, stdout, stderr } = await run(['--config', 'wrong.yaml']);
    expect(stderr.split('\n').slice(0, 4)).toEqual([
      'kc-doctor: 3 settings are not usable',
      '  - runtime: is not known; write one of docker, none',
      '  - kafka.brokres: unknown key; did you mean brokers?',
      '  - expected.partitionCount: is not a whole number; write 1 or more',
    ]);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect([exitCode, stdout]).toEqual([2, '']);
  });
});

describe('--from', () => {
  it.each([
    ['nothing', 'nothing.json', null, 'nothing.json does not exist'],
    ['a folder', '.', null, '. cannot be read (EISDIR)'],
    ['no JSON', 'text.json', 'hello', 'is not a snapshot of kc-doctor'],
    ['another document', 'other.json', '{"a":1}', 'is not a snapshot of kc-doctor'],
    ['an empty file', 'empty.json', '', 'is not a snapshot of kc-doctor'],
  ])('refuses %s', async (_, name, text, words) => {
    if (text !== null) await place.write(name, text);
    const { exitCode, stdout, stderr } = await run(['--from', name]);
    expect(stderr).toContain(words);
    expect([exitCode, stdout]).toEqual([2, '']);
  });

  it('says which part of a snapshot is missing, and that a newer one is newer', async () => {
    const whole = readFileSync(`${place.folder}/healthy.json`, 'utf8');
    await place.write('cut.json', whole.slice(0, 900));
    await place.write('newer.json', whole.replace('"schemaVersion":1', '"schemaVersion":7'));
    await place.write('partial.json', whole.replace('"takenAtMs":', '"takenAt":'));
    const [cut, newer, partial] = await Promise.all(
      ['cut.json', 'newer.json', 'partial.json'].map((name) => run(['--from', name])),
    );
    expect(cut?.stderr).toContain('cut.json is cut off or damaged');
    expect(newer?.stderr).toContain('snapshot of version 7');
    expect(partial?.stderr).toContain('at state.takenAtMs');
    expect([cut, newer, partial].map((each) => each?.exitCode)).toEqual([2, 2, 2]);
  });
});

describe('a recorded incident', () => {
  it.each(Object.entries(INCIDENTS))(
    '%s: same bytes each time, same exit code in each format',
    async (name, state) => {
      const file = await place.writeSnapshot(`${name}.json`, state());
      const [first, second, json, verbose] = await Promise.all([
        run(['--from', file]),
        run(['--from', file], { NO_COLOR: '1', CI: 'true', TERM: 'xterm-256color', COLUMNS: '200' }),
        run(['--from', file, '--json']),
        run(['--from', file, '--verbose']),
      ]);
      expect(second.stdout).toBe(first.stdout);
      expect(first.stderr + json.stderr).toBe('');
      const document = JSON.parse(json.stdout);
      expect(document.exitCode).toBe(first.exitCode);
      expect([json.exitCode, verbose.exitCode]).toEqual([first.exitCode, first.exitCode]);
      expect(first.stdout.replace(/\s+/g, ' ')).toContain(document.headline);
    },
  );

  it('fails on a warning only where that was asked for', async () => {
    const warned = {
      ...healthyState(),
      clocks: { kind: 'seen', seenAtMs: 0, value: { databaseAheadMs: 60_000, newestRecordAheadMs: null } },
    } as const;
    const file = await place.writeSnapshot('warned.json', warned);
    const [lenient, strict] = [await run(['--from', file]), await run(['--from', file, '--fail-on', 'warn'])];
    expect([lenient.exitCode, strict.exitCode]).toEqual([0, 1]);
    expect(lenient.stdout).toContain('! events');
  });

  it('writes a snapshot that says the same again', async () => {
    const file = await place.writeSnapshot('before.json', INCIDENTS['never-deployed']?.() ?? healthyState());
    const copied = await run(['snapshot', '--from', file, '-o', 'after.json']);
    expect([copied.exitCode, copied.stdout]).toEqual([1, '']);
    expect(copied.stderr).toContain('written: after.json');
    expect((await run(['--from', 'after.json'])).stdout).toBe((await run(['--from', file])).stdout);
  });

  it('is in ASCII where the terminal has no more', async () => {
    const { stdout } = await run(['--from', 'healthy.json'], { TERM: 'dumb' });
    expect(stdout).toContain('v containers');
    expect(stdout).not.toMatch(/\P{ASCII}/u);
  });
});
