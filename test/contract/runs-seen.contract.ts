import { afterEach, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/platform/journal-entry.ts';
import type { RunSeen } from '../../src/platform/state.ts';
import type { PurchaseDatabaseReader } from '../../src/ports/purchase-database.ts';
import type { RunLedgerOperator } from '../../src/ports/run-ledger.ts';
import { DAY, HOUR, SECOND } from '../support/platform-rows.ts';
import { other, runEntries, start, stop } from '../support/run-entries.ts';
import { NO_IDENTITY, someTaker } from './run-ledger.contract.ts';

export interface OpenedRuns extends AsyncDisposable {
  readonly reader: PurchaseDatabaseReader;
  /** One more operator, who repairs. */
  readonly ledger: () => RunLedgerOperator;
  /** Lets the reader's login read the journal. */
  readonly letRead: () => Promise<void>;
}

/** Runs of kc-doctor as whoever diagnoses sees them, for the simulated database and for Postgres. */
export function runsSeenContract(open: () => Promise<OpenedRuns>): void {
  const opened: AsyncDisposable[] = [];
  const signal = AbortSignal.timeout(600_000);
  const question = { windowMs: 7 * DAY, limit: 20 };

  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  });

  async function journalled(...runs: readonly (readonly JournalEntry[])[]) {
    const place = await open();
    const ledger = place.ledger();
    opened.push(place, ledger);
    for (const entry of runs.flat()) await ledger.append(entry, signal);
    if (runs.length > 0) await place.letRead();
    return { ...place, ledger, runs: () => place.reader.runs(question, signal) };
  }

  it('is an empty list where no journal was ever made', async () => {
    const { runs } = await journalled();
    expect(await runs()).toEqual([]);
  });

  it('tells of a run that stopped a worker and died', async () => {
    const atMs = second(HOUR);
    const plan = [
      stop('purchase-worker'),
      other('move-offsets', { kind: 'commit-offsets', moves: [{ from: 41n, to: 12n }] }),
      start('purchase-worker'),
    ];
    const entries = runEntries(
      { run: 'a1', atMs },
      plan,
      'step-intended 1',
      'step-done 1',
      'step-intended 2',
    );
    const { runs } = await journalled(entries);
    const seen: RunSeen = {
      run: 'a1',
      operator: 'alice',
      title: 'move-offsets@purchase, start-worker@purchase for 3 payments',
      startedAtMs: atMs,
      lastAtMs: atMs + 3 * SECOND,
      end: null,
      stopped: [
        {
          containerId: 'id-purchase-worker',
          name: 'kodingcaravan-purchase-worker',
          service: 'purchase-worker',
          atMs: atMs + 2 * SECOND,
          isCertain: true,
        },
      ],
      lock: 'free',
    };
    expect(await runs()).toEqual([seen]);
  });

  it('says who has the repair lock, for as long as somebody has it', async () => {
    const opening = [stop('purchase-worker')];
    const { runs, ledger } = await journalled(
      runEntries({ run: 'a1', atMs: second(2 * HOUR) }, opening),
      runEntries({ run: 'b2', operator: 'bob', atMs: second(HOUR) }, opening),
    );
    const lock = await ledger.lock(NO_IDENTITY, someTaker({ run: 'b2', operator: 'bob' }), signal);
    const locks = async () => (await runs()).map((run) => [run.run, run.operator, run.lock]);
    expect(await locks()).toEqual([
      ['b2', 'bob', 'held'],
      ['a1', 'alice', 'held-by-other'],
    ]);
    await lock[Symbol.asyncDispose]();
    expect(await locks()).toEqual([
      ['b2', 'bob', 'free'],
      ['a1', 'alice', 'free'],
    ]);
  });

  it('tells the end of a long run, and nothing of what it sent', async () => {
    const produce = other('replay-payment', {
      kind: 'produce-record',
      record: { value: 'bm9ib2R5', odd: 'line \u2028 \u0000 "quoted"' },
    });
    const steps = [
      stop('session-worker'),
      ...Array.from({ length: 60 }, () => produce),
      start('session-worker'),
    ];
    const settled = steps.map((_, index) => `step-done ${index + 1}` as const);
    const { runs } = await journalled(
      runEntries({ run: 'a1', atMs: second(HOUR) }, steps, ...settled),
      runEntries({ run: 'b2', atMs: second(2 * HOUR) }, steps, ...settled, 'run-verified'),
      runEntries({ run: 'c3', atMs: second(3 * HOUR) }, steps, ...settled.slice(0, 30)),
    );
    const seen = await runs();
    expect(
      seen.map(({ run, end, stopped, lastAtMs, startedAtMs }) => [
        run,
        end?.kind,
        stopped.length,
        lastAtMs - startedAtMs,
      ]),
    ).toEqual([
      ['a1', undefined, 0, 62 * SECOND],
      ['b2', 'verified', 0, 63 * SECOND],
      ['c3', undefined, 1, 30 * SECOND],
    ]);
    expect(new Set(seen.map(({ title }) => title))).toEqual(
      new Set(['move-offsets@purchase, replay-payment@purchase, start-worker@purchase for 3 payments']),
    );
    expect(JSON.stringify(seen)).not.toContain('bm9ib2R5');
  });

  it('tells the newest of the window, by their last entry', async () => {
    const ended = (run: string, ageMs: number) =>
      runEntries({ run, atMs: second(ageMs) }, [stop('purchase-worker')], 'run-undone');
    const { reader } = await journalled(
      ended('old', 8 * DAY),
      ended('a1', 3 * HOUR),
      ended('b2', 2 * HOUR),
      ended('c3', HOUR),
    );
    const names = async (windowMs: number, limit: number) =>
      (await reader.runs({ windowMs, limit }, signal)).map(({ run }) => run);
    expect(await names(7 * DAY, 20)).toEqual(['c3', 'b2', 'a1']);
    expect(await names(7 * DAY, 2)).toEqual(['c3', 'b2']);
    expect(await names(9 * DAY, 20)).toEqual(['c3', 'b2', 'a1', 'old']);
  });

  it('throws where there is a journal that this login may not read', async () => {
    const place = await open();
    const ledger = place.ledger();
    opened.push(place, ledger);
    for (const entry of runEntries({ run: 'a1', atMs: second(HOUR) }, [stop('purchase-worker')]))
      await ledger.append(entry, signal);
    await expect(place.reader.runs(question, signal)).rejects.toMatchObject({
      name: 'DependencyError',
      system: 'postgres',
      gapCode: 'unauthorized',
    });
    await place.letRead();
    expect(await place.reader.runs(question, signal)).toHaveLength(1);
  });
}

/** Postgres keeps microseconds, and the entries of the tests are whole seconds apart. */
function second(ageMs: number): number {
  return Math.floor((Date.now() - ageMs) / SECOND) * SECOND;
}
