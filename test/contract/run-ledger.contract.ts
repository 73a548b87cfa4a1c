import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import type { Identity } from '../../src/platform/state.ts';
import type { JournalEntry, LockTaker, RunJournal, RunLedgerOperator } from '../../src/ports/run-ledger.ts';

export const signal = AbortSignal.timeout(3_600_000);

export function someEntry(values: Partial<JournalEntry> = {}): JournalEntry {
  return {
    run: randomUUID().slice(0, 8),
    sequence: 1,
    atMs: Date.UTC(2026, 0, 7, 20, 41, 3, 217),
    kind: 'run-opened',
    operator: 'alice',
    step: null,
    data: null,
    ...values,
  };
}

export function someTaker(values: Partial<LockTaker> = {}): LockTaker {
  return {
    run: randomUUID().slice(0, 8),
    operator: 'alice',
    host: 'ops-1',
    title: 'start container purchase-worker',
    ...values,
  };
}

export const NO_IDENTITY: Identity = {
  composeProject: 'kodingcaravan',
  dockerDaemonId: 'daemon',
  kafkaClusterId: 'cluster',
  databaseSystemId: null,
  databaseOid: null,
  databaseName: null,
  dockerAddress: null,
  kafkaAddress: null,
  databaseAddress: null,
  belongsTogether: { verdict: 'proved', proofs: [] },
};

/** What a plan may hold: offsets, texts in every script, what breaks lines, JSON or SQL, and the order of its keys. */
const AWKWARD = {
  z: 9_007_199_254_740_993n,
  a: [null, true, 0.1, -1, 'नमस्ते 👋 \u2028 \ud800'],
  quote: `it's "x"; drop schema kc_doctor -- \\ \n \r\n \u0000 \u0085`,
  looksTagged: ['41n', '\\41n'],
  nested: { 10: 'ten', 2: 'two', b: {}, a: [] },
};

/** Keeping entries: the same in memory, in Postgres and in a file. Several journals of one place are several operators. */
export function runJournalContract(openPlace: () => Promise<() => RunJournal>): void {
  const opened: RunJournal[] = [];

  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal[Symbol.asyncDispose]();
  });

  function tracked(open: () => RunJournal): RunJournal {
    const journal = open();
    opened.push(journal);
    return journal;
  }

  it('has no entries before the first one, and says that it will make its place', async () => {
    const journal = tracked(await openPlace());
    expect(await journal.standing(signal)).toBe('to-be-made');
    expect(await journal.entries(10, signal)).toEqual([]);
    expect(await journal.entriesOf('7f3a', signal)).toEqual([]);
    // Looking made nothing.
    expect(await journal.standing(signal)).toBe('to-be-made');
  });

  it('gives back what was appended, to everybody and exactly', async () => {
    const open = await openPlace();
    const mine = tracked(open);
    const entry = someEntry({ data: AWKWARD, operator: 'Zoë O’Brien', step: 3, kind: 'step-done' });
    await mine.append(entry, signal);
    expect(await mine.standing(signal)).toBe('ready');
    const theirs = tracked(open);
    expect(await theirs.entries(10, signal)).toEqual([entry]);
    const [read] = await theirs.entriesOf(entry.run, signal);
    expect(Object.keys(read?.data ?? {})).toEqual(Object.keys(AWKWARD));
  });

  it('shows the newest first, and one run in its own order', async () => {
    const open = await openPlace();
    const [first, second] = [tracked(open), tracked(open)];
    // The second operator's clock is behind.
    const entries = [
      someEntry({ run: 'a1', sequence: 1 }),
      someEntry({ run: 'b2', sequence: 1, atMs: 1_000 }),
      someEntry({ run: 'a1', sequence: 2, kind: 'step-intended', step: 1 }),
      someEntry({ run: 'b2', sequence: 2, atMs: 2_000, kind: 'run-interrupted' }),
    ];
    const [a1, b1, a2, b2] = entries;
    if (a1 === undefined || b1 === undefined || a2 === undefined || b2 === undefined) throw new Error('four');
    await first.append(a1, signal);
    await second.append(b1, signal);
    await first.append(a2, signal);
    await second.append(b2, signal);
    expect(await first.entries(3, signal)).toEqual([b2, a2, b1]);
    expect(await second.entriesOf('a1', signal)).toEqual([a1, a2]);
    expect(await second.entriesOf('c3', signal)).toEqual([]);
  });

  it('takes the same entry again for the one that is there', async () => {
    const open = await openPlace();
    const entry = someEntry({ data: AWKWARD });
    await tracked(open).append(entry, signal);
    const later = tracked(open);
    await later.append(entry, signal);
    expect(await later.entries(10, signal)).toEqual([entry]);
  });

  it('lets nobody write another entry into the place of one', async () => {
    const open = await openPlace();
    const entry = someEntry({ data: { offset: 41n } });
    await tracked(open).append(entry, signal);
    const rival = tracked(open);
    for (const other of [{ data: { offset: 42n } }, { operator: 'bob' }, { kind: 'run-failed' as const }]) {
      await expect(rival.append({ ...entry, ...other }, signal)).rejects.toMatchObject({
        name: 'RefusedError',
        code: 'KC_JOURNAL_TAKEN',
        message: expect.stringContaining(entry.run),
      });
    }
    expect(await rival.entries(10, signal)).toEqual([entry]);
  });

  it('keeps every entry of operators that write side by side', async () => {
    const open = await openPlace();
    const runs = ['a1', 'b2', 'c3', 'd4'];
    await Promise.all(
      runs.map(async (run) => {
        const journal = tracked(open);
        for (let sequence = 1; sequence <= 10; sequence += 1) {
          await journal.append(someEntry({ run, sequence, data: { run, sequence } }), signal);
        }
      }),
    );
    const reader = tracked(open);
    for (const run of runs) {
      const entries = await reader.entriesOf(run, signal);
      expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
    expect(await reader.entries(100, signal)).toHaveLength(40);
  });

  it('gives up when told to, and says so', async () => {
    const journal = tracked(await openPlace());
    const silence = { name: 'DependencyError', gapCode: 'timeout' };
    await expect(journal.standing(AbortSignal.abort())).rejects.toMatchObject(silence);
    await expect(journal.entries(1, AbortSignal.abort())).rejects.toMatchObject(silence);
    await expect(journal.entriesOf('a1', AbortSignal.abort())).rejects.toMatchObject(silence);
    await expect(journal.append(someEntry(), AbortSignal.abort())).rejects.toMatchObject(silence);
    expect(await journal.entries(1, signal)).toEqual([]);
  });
}

export interface LedgerPlace {
  /** One more operator's ledger. */
  open(): RunLedgerOperator;
  /** Ends the connection of whoever holds the lock. */
  loseHolder(): Promise<void>;
}

/** Keeping others away: the same in memory and in Postgres. */
export function lockContract(openPlace: () => Promise<LedgerPlace>): void {
  const opened: RunLedgerOperator[] = [];

  afterEach(async () => {
    for (const ledger of opened.splice(0)) await ledger[Symbol.asyncDispose]();
  });

  function tracked(place: LedgerPlace): RunLedgerOperator {
    const ledger = place.open();
    opened.push(ledger);
    return ledger;
  }

  it('is held by nobody at first, and free again when it was given back', async () => {
    const place = await openPlace();
    const [mine, theirs] = [tracked(place), tracked(place)];
    expect(await theirs.holder(NO_IDENTITY, signal)).toBeNull();
    const taker = someTaker();
    const lock = await mine.lock(NO_IDENTITY, taker, signal);
    await lock.prove(signal);
    expect(await theirs.holder(NO_IDENTITY, signal)).toMatchObject({ run: taker.run, operator: 'alice' });
    await lock[Symbol.asyncDispose]();
    expect(await theirs.holder(NO_IDENTITY, signal)).toBeNull();
    const next = await theirs.lock(NO_IDENTITY, someTaker(), signal);
    await next.prove(signal);
  });

  it('tells the second operator who, what and since when', async () => {
    const place = await openPlace();
    const [mine, theirs] = [tracked(place), tracked(place)];
    const taker = someTaker({ operator: 'Zoë', title: 'start container purchase-worker' });
    await using lock = await mine.lock(NO_IDENTITY, taker, signal);
    await mine.append(someEntry({ run: taker.run }), signal);
    await expect(theirs.lock(NO_IDENTITY, someTaker({ operator: 'bob' }), signal)).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'KC_LOCK_HELD',
      message: expect.stringMatching(
        new RegExp(
          `^Run ${taker.run} \\(start container purchase-worker\\) by Zoë on ops-1 holds the repair lock since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC, \\d+ s ago\\.$`,
        ),
      ),
    });
    expect(await theirs.holder(NO_IDENTITY, signal)).toEqual({ ...taker, sinceMs: expect.any(Number) });
    // The one who was refused has not disturbed the one who holds it.
    await lock.prove(signal);
  });

  it('tells who, and since when, before anything was written', async () => {
    const place = await openPlace();
    const [mine, theirs] = [tracked(place), tracked(place)];
    const taker = someTaker();
    await mine.lock(NO_IDENTITY, taker, signal);
    expect(await mine.standing(signal)).toBe('to-be-made');
    await expect(theirs.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
      code: 'KC_LOCK_HELD',
      message: expect.stringMatching(new RegExp(`^Run ${taker.run} by alice on ops-1 holds .* since `)),
    });
    expect(await theirs.holder(NO_IDENTITY, signal)).toMatchObject({ run: taker.run, title: null });
  });

  it('keeps no one waiting for an operator that asks twice', async () => {
    const place = await openPlace();
    const mine = tracked(place);
    const taker = someTaker();
    await using lock = await mine.lock(NO_IDENTITY, taker, signal);
    await expect(mine.lock(NO_IDENTITY, someTaker(), signal)).rejects.toMatchObject({
      code: 'KC_LOCK_HELD',
      message: expect.stringContaining(taker.run),
    });
    await lock.prove(signal);
  });

  it('says so where the lock was lost, and lets the next one have it', async () => {
    const place = await openPlace();
    const [mine, theirs] = [tracked(place), tracked(place)];
    const taker = someTaker();
    const lock = await mine.lock(NO_IDENTITY, taker, signal);
    await mine.append(someEntry({ run: taker.run }), signal);
    await place.loseHolder();
    await expect(lock.prove(signal)).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'KC_LOCK_LOST',
      message: expect.stringContaining(taker.run),
    });
    // What the lost holder left behind is not believed.
    expect(await theirs.holder(NO_IDENTITY, signal)).toBeNull();
    const next = someTaker({ operator: 'bob' });
    await using held = await theirs.lock(NO_IDENTITY, next, signal);
    await held.prove(signal);
    expect(await mine.holder(NO_IDENTITY, signal)).toMatchObject({ run: next.run, operator: 'bob' });
    await expect(lock.prove(signal)).rejects.toMatchObject({ code: 'KC_LOCK_LOST' });
    // Giving back what is no longer ours takes it from nobody.
    await lock[Symbol.asyncDispose]();
    await held.prove(signal);
    // What was going on is still written down.
    await mine.append(someEntry({ run: taker.run, sequence: 2, kind: 'run-interrupted' }), signal);
    expect(await theirs.entriesOf(taker.run, signal)).toHaveLength(2);
  });

  it('still writes down what happened where the lock was lost before the first entry', async () => {
    const place = await openPlace();
    const mine = tracked(place);
    const lock = await mine.lock(NO_IDENTITY, someTaker(), signal);
    await place.loseHolder();
    const entry = someEntry({ kind: 'run-interrupted' });
    await mine.append(entry, signal);
    expect(await mine.entries(10, signal)).toEqual([entry]);
    await expect(lock.prove(signal)).rejects.toMatchObject({ code: 'KC_LOCK_LOST' });
  });

  it('is not lost by a proof that was given up', async () => {
    const place = await openPlace();
    const mine = tracked(place);
    await using lock = await mine.lock(NO_IDENTITY, someTaker(), signal);
    await expect(lock.prove(AbortSignal.abort())).rejects.toMatchObject({ gapCode: 'timeout' });
    await lock.prove(signal);
  });

  it('is given back with the ledger', async () => {
    const place = await openPlace();
    const mine = place.open();
    await mine.lock(NO_IDENTITY, someTaker(), signal);
    await mine[Symbol.asyncDispose]();
    const theirs = tracked(place);
    await using lock = await theirs.lock(NO_IDENTITY, someTaker(), signal);
    await expect(lock.prove(signal)).resolves.toBeUndefined();
  });

  it('lets exactly one of two win, 20 times, and names the winner to the other', async () => {
    const place = await openPlace();
    const [mine, theirs] = [tracked(place), tracked(place)];
    for (let round = 0; round < 20; round += 1) {
      const takers = [someTaker(), someTaker({ operator: 'bob', host: 'ops-2' })];
      const results = await Promise.allSettled([
        mine.lock(NO_IDENTITY, takers[0] ?? someTaker(), signal),
        theirs.lock(NO_IDENTITY, takers[1] ?? someTaker(), signal),
      ]);
      const won = results.findIndex(({ status }) => status === 'fulfilled');
      const lost = results[1 - won];
      expect(lost).toMatchObject({
        status: 'rejected',
        reason: { code: 'KC_LOCK_HELD', message: expect.stringContaining(`Run ${takers[won]?.run} by`) },
      });
      const winner = results[won];
      if (winner?.status !== 'fulfilled') throw new Error('nobody won');
      await winner.value.prove(signal);
      await winner.value[Symbol.asyncDispose]();
    }
  });

  it('gives up when told to, and leaves the lock free', async () => {
    const place = await openPlace();
    const [mine, theirs] = [tracked(place), tracked(place)];
    await expect(mine.lock(NO_IDENTITY, someTaker(), AbortSignal.abort())).rejects.toMatchObject({
      name: 'DependencyError',
      gapCode: 'timeout',
    });
    await using lock = await theirs.lock(NO_IDENTITY, someTaker(), signal);
    await lock.prove(signal);
  });
}
