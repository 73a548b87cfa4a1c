import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournalFile } from '../../src/adapters/journal-file/open-journal-file.ts';
import { openPostgresLedger } from '../../src/adapters/postgres/ledger/open-ledger.ts';
import { SimulatedLedgerDatabase } from '../support/simulated-run-ledger.ts';
import { troubled } from '../support/tcp-proxy.ts';
import {
  lockContract,
  NO_IDENTITY,
  runJournalContract,
  signal,
  someEntry,
  someTaker,
} from './run-ledger.contract.ts';

describe('simulated run ledger', () => {
  runJournalContract(async () => {
    const database = new SimulatedLedgerDatabase();
    return () => database.open();
  });

  lockContract(async () => {
    const database = new SimulatedLedgerDatabase();
    return { open: () => database.open(), loseHolder: async () => database.loseHolder() };
  });
});

describe('journal in a file', () => {
  let home: string;
  let path: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'kc-journal-'));
    path = join(home, 'state', 'kc-doctor', 'kodingcaravan.journal');
  });

  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  runJournalContract(async () => () => openJournalFile(path));

  async function filled(): Promise<readonly string[]> {
    await using journal = openJournalFile(path);
    for (let sequence = 1; sequence <= 4; sequence += 1) {
      await journal.append(someEntry({ run: 'a1', sequence, data: { offset: BigInt(sequence) } }), signal);
    }
    return (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  }

  async function write(lines: readonly string[]): Promise<void> {
    await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  }

  it('is for its owner alone, folder included, and stays so', async () => {
    await filled();
    const modeOf = async (place: string) => (await stat(place)).mode & 0o777;
    expect(await modeOf(path)).toBe(0o600);
    expect(await modeOf(join(home, 'state', 'kc-doctor'))).toBe(0o700);
    await chmod(path, 0o644);
    await using journal = openJournalFile(path);
    await journal.append(someEntry(), signal);
    expect(await modeOf(path)).toBe(0o600);
  });

  it('is one JSON document a line', async () => {
    const lines = await filled();
    expect(lines).toHaveLength(4);
    expect(lines.map((line) => JSON.parse(line).entry.sequence)).toEqual([1, 2, 3, 4]);
  });

  it('passes over a line that was broken off, and says where', async () => {
    const lines = await filled();
    await appendFile(path, lines[0]?.slice(0, 90) ?? '');
    await using journal = openJournalFile(path);
    expect(await journal.entries(10, signal)).toHaveLength(4);
    expect(await journal.condition(signal)).toEqual({ kind: 'torn', lines: [5] });
    await journal.append(someEntry({ run: 'a1', sequence: 5 }), signal);
    await journal.append(someEntry({ run: 'a1', sequence: 6 }), signal);
    expect((await journal.entriesOf('a1', signal)).map(({ sequence }) => sequence)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(await journal.condition(signal)).toEqual({ kind: 'torn', lines: [5] });
  });

  it('loses no whole line that lacks its line feed alone', async () => {
    await filled();
    await writeFile(path, (await readFile(path, 'utf8')).trimEnd());
    await using journal = openJournalFile(path);
    const fourth = (await journal.entriesOf('a1', signal))[3];
    if (fourth === undefined) throw new Error('the fourth entry is gone');
    await journal.append(fourth, signal);
    await journal.append(someEntry({ run: 'a1', sequence: 5 }), signal);
    expect((await journal.entriesOf('a1', signal)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(await journal.condition(signal)).toEqual({ kind: 'whole' });
  });

  it.each([
    ['changed', (lines: readonly string[]) => lines.map((line) => line.replace('"2n"', '"3n"'))],
    ['taken out', (lines: readonly string[]) => lines.toSpliced(1, 1)],
    ['overwritten', (lines: readonly string[]) => lines.with(1, 'x')],
    ['moved', (lines: readonly string[]) => [lines[0], lines[2], lines[1], lines[3]].map(String)],
    ['taken off the beginning', (lines: readonly string[]) => lines.slice(1)],
  ])('is not believed where a line was %s', async (_, change) => {
    await write(change(await filled()));
    await using journal = openJournalFile(path);
    const tampered = { name: 'DependencyError', system: 'journal', code: 'KC_JOURNAL_TAMPERED' };
    await expect(journal.entries(10, signal)).rejects.toMatchObject(tampered);
    await expect(journal.entriesOf('a1', signal)).rejects.toMatchObject(tampered);
    const before = await readFile(path, 'utf8');
    await expect(journal.append(someEntry(), signal)).rejects.toMatchObject(tampered);
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await journal.condition(signal)).toMatchObject({ kind: 'tampered' });
  });

  it('starts anew where it was put aside meanwhile', async () => {
    await using journal = openJournalFile(path);
    await journal.append(someEntry({ run: 'a1', sequence: 1 }), signal);
    await rm(path);
    const next = someEntry({ run: 'a1', sequence: 2 });
    await journal.append(next, signal);
    expect(await journal.entries(10, signal)).toEqual([next]);
    expect(await journal.condition(signal)).toEqual({ kind: 'whole' });
  });

  it('says which file cannot be used and why', async () => {
    await mkdir(path, { recursive: true });
    await using journal = openJournalFile(path);
    const failed = { name: 'DependencyError', system: 'journal', code: 'KC_JOURNAL_FILE' };
    await expect(journal.entries(1, signal)).rejects.toMatchObject({
      ...failed,
      message: `The local journal ${path} cannot be read (EISDIR).`,
    });
    await expect(journal.append(someEntry(), signal)).rejects.toMatchObject({
      ...failed,
      message: `The local journal ${path} cannot be written (EISDIR).`,
    });
    // A file where a folder is needed.
    await writeFile(join(home, 'file'), '');
    await using below = openJournalFile(join(home, 'file', 'x.journal'));
    expect(await below.standing(signal)).toBe('denied');
    await expect(below.append(someEntry(), signal)).rejects.toMatchObject(failed);
  });
});

describe.each([
  ['refused', 'refused'],
  ['hung', 'timeout'],
] as const)('run ledger of a Postgres that is %s', (trouble, gapCode) => {
  it('says so, and promises nothing', async () => {
    await using nowhere = await troubled('127.0.0.1:1', trouble);
    await using ledger = openPostgresLedger({
      url: `postgres://kc:geheim@${nowhere.address}/kc`,
      ssl: { mode: 'disable' },
      statementTimeoutMs: 300,
      lockTimeoutMs: 300,
      connectTimeoutMs: 300,
      applicationName: 'kc-doctor',
      secrets: [],
    });
    for (const call of [
      () => ledger.standing(signal),
      () => ledger.entries(1, signal),
      () => ledger.entriesOf('a1', signal),
      () => ledger.holder(NO_IDENTITY, signal),
      () => ledger.append(someEntry(), signal),
      () => ledger.lock(NO_IDENTITY, someTaker(), signal),
    ]) {
      await expect(call()).rejects.toMatchObject({
        name: 'DependencyError',
        system: 'postgres',
        gapCode,
        message: expect.not.stringContaining('geheim'),
      });
    }
  });
});
