/** What scripts leave behind: their own name as the source of a mark. */
import { openCases } from '../platform/effects.ts';
import { EVENT_TYPES } from '../platform/pipeline.ts';
import { FIX_SCRIPT, MANUAL_SCRIPT } from '../platform/witnesses.ts';
import type { Question, Reading } from './cause.ts';
import { idsOf, mostOf } from './readings.ts';

const SCRIPTS: readonly string[] = [FIX_SCRIPT, MANUAL_SCRIPT];

/** Of any event type: a script that made the purchase marks PURCHASE_CONFIRMED, because that is the event it stands for. */
export function scriptMarkReading(question: Question): Reading {
  const index = openCases(question.state).index;
  return mostOf(question, 'marks by scripts', (trace) => {
    const marks = EVENT_TYPES.map((type) => index.marksUnder(idsOf(trace), type));
    if (marks.some((each) => each === null)) return 'unseen';
    const found = marks.flatMap((each) => each ?? []).find(({ source }) => SCRIPTS.includes(source));
    return {
      holds: found !== undefined,
      text: found === undefined ? 'no script marked it' : `${found.eventType} was marked by ${found.source}`,
    };
  });
}
