import { linesSinceStart } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import { definitionOf, reading, supports, unseenReading } from './readings.ts';

export const somethingElse: Cause = {
  id: 'something-else',
  title: 'None of the listed causes',
  explains: [],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: 0.3,
  evidence: [
    supports('unknown-error', 'logs', 'strong', (question) => {
      const { worker } = definitionOf(question);
      const line = linesSinceStart(question.state, worker)?.findLast(({ kind }) => kind === 'error');
      return line === undefined
        ? unseenReading(`logs ${worker}`)
        : reading(true, `${worker} logged an error that no pattern knows: ${line.message}`, `logs ${worker}`);
    }),
  ],
  rival: null,
  probe: 'take a snapshot, and run the probes of the next two causes',
  hurts: 'named',
  repairs: ['manual-instructions'],
  explain:
    'Room that every ranking keeps for what the catalogue does not know. When it leads, the diagnosis is not determined: take a snapshot and read the unknown error.',
};
