import { indexPayments } from '../platform/payment.ts';
import { EVENT_TYPES } from '../platform/pipeline.ts';
import type { Cause, Question, Reading } from './cause.ts';
import { definitionOf, idsOf, lineOfPaymentReading, mostOf, opposes, supports } from './readings.ts';

const SCRIPTS = ['fix-script', 'manual-script'];

function scriptReading(question: Question): Reading {
  const index = indexPayments(question.state);
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

export const handMadeRows: Cause = {
  id: 'hand-made-rows',
  title: 'A script inserted rows by hand',
  explains: [{ stages: 'any', roles: ['row', 'out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('script-mark', 'database', 'decisive', scriptReading, { discriminates: true }),
    supports('no-worker-line', 'logs', 'moderate', (question) => {
      const { worker } = definitionOf(question);
      const line = lineOfPaymentReading(question, worker, (each) => each.kind !== 'other', {
        found: `${worker} handled it`,
        missing: `${worker} has no line about it`,
      });
      return line.holds === 'unseen' ? line : { ...line, holds: !line.holds };
    }),
    opposes('by-services', 'database', 'decisive', (question) => {
      const script = scriptReading(question);
      return script.holds === 'unseen' ? script : { ...script, holds: !script.holds };
    }),
  ],
  rival: 'retry-queue-purchase',
  probe: 'whose name do the marks carry?',
  hurts: 'named',
  repairs: ['replay-payment', 'create-sessions', 'invalidate-student-cache'],
  explain:
    'A person ran a script that inserted rows straight into the tables. Nothing was published and later stages were never told. Replay the payment at the next stage.',
};
