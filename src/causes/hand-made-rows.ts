import type { Cause } from './cause.ts';
import { definitionOf, lineOfPaymentReading, opposes, supports } from './readings.ts';
import { scriptMarkReading } from './scripts.ts';

export const handMadeRows: Cause = {
  id: 'hand-made-rows',
  title: 'A script inserted rows by hand',
  explains: [{ stages: 'any', roles: ['row', 'out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('script-mark', 'database', 'decisive', scriptMarkReading, { discriminates: true }),
    supports('no-worker-line', 'logs', 'moderate', (question) => {
      const { worker } = definitionOf(question);
      const line = lineOfPaymentReading(question, worker, (each) => each.kind !== 'other', {
        found: `${worker} handled it`,
        missing: `${worker} has no line about it`,
      });
      return line.holds === 'unseen' ? line : { ...line, holds: !line.holds };
    }),
    opposes('by-services', 'database', 'decisive', (question) => {
      const script = scriptMarkReading(question);
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
