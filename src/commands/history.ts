import type { Command } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { findRuns } from '../repair/journal.ts';
import { findRecord, withJournals } from './find-run.ts';

/** Entries of the journal that are read; a run has some twenty. */
const MOST_ENTRIES = 2_000;

/** Who repaired what, newest first; with a run, all of its steps. */
export const history: Command = async (context, [run]) => {
  const { runs, notLooked } =
    run === undefined
      ? await withJournals(context, (journals) => findRuns(journals, MOST_ENTRIES, context.signal))
      : { runs: [await findRecord(context, run)], notLooked: [] };
  for (const reason of notLooked) context.say(`runs may be missing here: ${reason}`);
  const exitCode = notLooked.length > 0 ? EXIT.inconclusive : EXIT.healthy;
  if (context.format === 'json') {
    const { jsonHistory } = await import('../report/json-plan.ts');
    return { exitCode, text: jsonHistory(context.tool, runs) };
  }
  const { humanHistory } = await import('../report/human-run.ts');
  const withSteps = run !== undefined || context.view.verbose;
  return { exitCode, text: humanHistory(runs, context.view, withSteps) };
};
