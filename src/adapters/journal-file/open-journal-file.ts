import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RefusedError } from '../../errors.ts';
import { encode } from '../../platform/codec.ts';
import { type JournalEntry, journalEntry } from '../../platform/journal-entry.ts';
import type { JournalStanding, RunJournal } from '../../ports/run-ledger.ts';
import { Chain, type Condition } from './chain.ts';
import { codeOf, fileFailure, newer, noTime, tampered } from './file-failure.ts';
import { lineText, readLine } from './journal-line.ts';
import { linesOf } from './lines.ts';

export interface JournalFile extends RunJournal {
  /** Whether all of its lines are there as they were written. */
  condition(signal: AbortSignal): Promise<Condition>;
}

const LINE_FEED = 0x0a;

/** A journal for its owner alone, one JSON document a line. Made with its folder at the first entry. */
export function openJournalFile(path: string): JournalFile {
  return new LocalJournal(path);
}

/** What was read so far. A run writes many entries, and none of them should cost a look at the whole file. */
interface Progress {
  readonly chain: Chain;
  readonly fileId: string;
  /** Entries as text, by run and sequence. */
  readonly written: Map<string, string>;
  readTo: number;
}

class LocalJournal implements JournalFile {
  readonly place: string;
  #progress: Progress | null = null;
  #appending: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.place = path;
  }

  async standing(signal: AbortSignal): Promise<JournalStanding> {
    if (signal.aborted) throw noTime(this.place);
    try {
      await access(this.place, constants.R_OK | constants.W_OK);
      return 'ready';
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return 'denied';
    }
    return (await canMake(dirname(this.place))) ? 'to-be-made' : 'denied';
  }

  async entries(limit: number, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    const newest: JournalEntry[] = [];
    const chain = await this.#read(signal, (entry) => {
      newest.push(entry);
      if (newest.length > limit) newest.shift();
    });
    this.#refuseUnsound(chain);
    return newest.reverse();
  }

  async entriesOf(run: string, signal: AbortSignal): Promise<readonly JournalEntry[]> {
    const found: JournalEntry[] = [];
    const chain = await this.#read(signal, (entry) => {
      if (entry.run === run) found.push(entry);
    });
    this.#refuseUnsound(chain);
    return found.sort((a, b) => a.sequence - b.sequence);
  }

  async condition(signal: AbortSignal): Promise<Condition> {
    return (await this.#read(signal, () => undefined)).condition();
  }

  /** One after the other: each line follows the one before it. */
  async append(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    const write = () => this.#append(entry, signal);
    const appending = this.#appending.then(write, write);
    this.#appending = appending;
    await appending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever appended has its error; here it only has to be over.
    await Promise.allSettled([this.#appending]);
  }

  async #append(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw noTime(this.place);
    try {
      const isNew = await makeFolder(this.place);
      await using file = await open(this.place, 'a+', 0o600);
      // It may have been laid there with other rights.
      await file.chmod(0o600);
      const { chain, written } = await this.#catchUp(file, signal);
      this.#refuseUnsound(chain);
      const present = written.get(keyOf(entry));
      if (present !== undefined && present !== encode(journalEntry(entry))) throw taken(entry);
      // The line of a process that died stays as it is, and ours begins below it.
      const lineFeed = (await isBrokenOff(file)) ? '\n' : '';
      if (present === undefined) await writeAll(file, `${lineFeed}${lineText(chain.last, entry)}\n`);
      await file.sync();
      // After a crash a new file is only there if its folder was flushed as well.
      if (isNew) await flushFolder(dirname(this.place));
    } catch (error) {
      throw fileFailure(error, this.place, 'written');
    }
  }

  /** Reads what came to the file since the last time, from whomever. */
  async #catchUp(file: FileHandle, signal: AbortSignal): Promise<Progress> {
    const { size, dev, ino } = await file.stat();
    const fileId = `${dev} ${ino}`;
    const known = this.#progress;
    const progress =
      known !== null && known.fileId === fileId && known.readTo <= size
        ? known
        : { chain: new Chain(), fileId, written: new Map<string, string>(), readTo: 0 };
    this.#progress = progress;
    for await (const line of linesOf(file, progress.readTo)) {
      if (signal.aborted) throw noTime(this.place);
      // Whoever writes it may not have finished. It is read again when it has an end.
      if (!line.isEnded && readLine(line.text) === null) break;
      const entry = progress.chain.add(line.text);
      if (entry !== null) progress.written.set(keyOf(entry), encode(entry));
      progress.readTo = line.endsAt;
    }
    return progress;
  }

  async #read(signal: AbortSignal, take: (entry: JournalEntry) => void): Promise<Chain> {
    if (signal.aborted) throw noTime(this.place);
    const chain = new Chain();
    try {
      await using file = await open(this.place, 'r');
      for await (const { text } of linesOf(file, 0)) {
        if (signal.aborted) throw noTime(this.place);
        const entry = chain.add(text);
        if (entry !== null) take(entry);
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw fileFailure(error, this.place, 'read');
    }
    return chain;
  }

  #refuseUnsound(chain: Chain): void {
    const condition = chain.condition();
    if (condition.kind === 'tampered') throw tampered(this.place, condition.line);
    if (condition.kind === 'newer') throw newer(this.place, condition.line);
  }
}

function keyOf(entry: JournalEntry): string {
  return `${entry.sequence} ${entry.run}`;
}

/** True where the file is not there yet. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return true;
}

async function canMake(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const parent = dirname(folder);
    return codeOf(error) === 'ENOENT' && parent !== folder && (await canMake(parent));
  }
}

async function isBrokenOff(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_FEED;
}

/** In one write as a rule, so that what another process appends comes before or after it and never in between. */
async function writeAll(file: FileHandle, text: string): Promise<void> {
  let left = Buffer.from(text, 'ascii');
  while (left.length > 0) {
    const { bytesWritten } = await file.write(left);
    left = left.subarray(bytesWritten);
  }
}

async function flushFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

function taken(entry: JournalEntry): RefusedError {
  return new RefusedError(
    'KC_JOURNAL_TAKEN',
    `Somebody else has written entry ${entry.sequence} of run ${entry.run}.`,
    'Look at kc-doctor history before going on with this run.',
  );
}
