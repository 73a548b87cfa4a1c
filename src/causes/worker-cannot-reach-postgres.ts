import { isFinishLine, linesSinceStart } from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import {
  definitionOf,
  letterReasonReading,
  lineReading,
  opposes,
  reading,
  supports,
  unseenReading,
} from './readings.ts';

/** Texts of pg for SQLSTATE classes 08, 28 and 53, and of the socket. */
const DATABASE_REASON =
  /password authentication failed|too many clients|connection terminated|ECONNREFUSED|no pg_hba/i;

export const workerCannotReachPostgres: Cause = {
  id: 'worker-cannot-reach-postgres',
  title: 'The worker cannot use the database',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('connection-line', 'logs', 'strong', (question) => {
      const lines = linesSinceStart(question.state, definitionOf(question).worker) ?? [];
      const lastFinish = lines.findLast(isFinishLine)?.atMs ?? 0;
      return lineReading(question, (line) => line.kind === 'database-connection' && line.atMs > lastFinish, {
        found: (line) => line.message,
        missing: 'no database error since it last finished an event',
      });
    }),
    supports('letters', 'records', 'moderate', (question) =>
      letterReasonReading(question, DATABASE_REASON, 'the database connection'),
    ),
    opposes('finished-since', 'logs', 'decisive', (question) => {
      const { worker } = definitionOf(question);
      const lines = linesSinceStart(question.state, worker);
      if (lines === null) return unseenReading(`logs ${worker}`);
      const failed = lines.findLast(({ kind }) => kind === 'database-connection')?.atMs ?? null;
      const finished = lines.findLast(isFinishLine)?.atMs ?? null;
      return reading(
        finished !== null && (failed === null || finished > failed),
        'it finished an event since',
        `logs ${worker}`,
      );
    }),
  ],
  rival: 'old-worker-image',
  probe: 'read the SQLSTATE in its log: 08, 28 or 53 is the connection, 42 the schema',
  hurts: 'stage',
  repairs: ['manual-instructions'],
  explain:
    'The worker takes records and cannot reach or enter the database. Correct the address, the credentials or the connection limit and recreate the container; blocked records retry themselves.',
};
