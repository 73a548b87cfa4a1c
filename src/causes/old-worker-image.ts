import { isFinishLine, linesSinceStart } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  definitionOf,
  letterReasonReading,
  lineReading,
  ofKinds,
  opposes,
  reading,
  supports,
  unseenReading,
} from './readings.ts';

export const oldWorkerImage: Cause = {
  id: 'old-worker-image',
  title: 'Its image is older than the schema',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('undefined-column', 'logs', 'decisive', (question) =>
      lineReading(question, ofKinds('undefined-column'), {
        found: (line) => line.message,
        missing: 'its log names no missing column or table since its start',
      }),
    ),
    supports('letters', 'records', 'moderate', (question) =>
      letterReasonReading(question, /(column|relation) .* does not exist/i, 'a missing column or table'),
    ),
    opposes('finished-since', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      const lines = linesSinceStart(question.state, worker);
      if (lines === null) return unseenReading(`logs ${worker}`);
      const failed = lines.findLast(({ kind }) => kind === 'undefined-column')?.atMs ?? null;
      const finished = lines.findLast(isFinishLine)?.atMs ?? null;
      return reading(
        failed === null || (finished !== null && finished > failed),
        failed === null ? 'no schema error since its start' : 'it finished an event since',
        `logs ${worker}`,
      );
    }),
  ],
  rival: 'unique-guard-missing',
  probe: 'read the SQLSTATE in its log: 42703 or 42P01 is the image, 42P10 an index',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The worker asks for a column or table that the schema does not have (any more): it was built against another version. Deploy the present image; the blocked records retry themselves.',
};
