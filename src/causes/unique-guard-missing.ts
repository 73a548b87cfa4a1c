import type { Stage } from '../platform/pipeline.ts';
import { isFinishLine, linesSinceStart } from '../platform/workers.ts';
import type { Cause, Question, Reading } from './cause.ts';
import {
  definitionOf,
  lineReading,
  ofKinds,
  opposes,
  reading,
  stageOf,
  supports,
  unseenReading,
} from './readings.ts';

/** The unique index that each stage's insert relies on (platform.md, Tables). */
const GUARD_OF: Readonly<Partial<Record<Stage, string>>> = {
  purchase: 'unique_active_purchase',
  allocation: 'unique_active_allocation',
  sessions: 'unique_session_slot',
};

function guardReading(question: Question): Reading {
  const name = GUARD_OF[stageOf(question)];
  const { schema } = question.state;
  if (schema.kind === 'unseen' || name === undefined) return unseenReading('schema guards');
  const guard = schema.value.guards.find((each) => each.name === name);
  const isBad = guard === undefined || guard.state !== 'valid';
  return reading(
    isBad,
    isBad ? `${name} is ${guard?.state ?? 'absent'}` : `${name} is valid`,
    'schema guards',
  );
}

export const uniqueGuardMissing: Cause = {
  id: 'unique-guard-missing',
  title: 'A unique index that the worker relies on is missing',
  explains: [
    { stages: 'any', roles: ['read'] },
    { stages: ['sessions'], roles: ['row'] },
  ],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('unmatched-conflict', 'logs', 'decisive', (question) => {
      const guard = guardReading(question);
      if (guard.holds !== true) return guard.holds === false ? { ...guard, text: '' } : guard;
      return lineReading(question, ofKinds('on-conflict-unmatched'), {
        found: (line) => line.message,
        missing: 'no 42P10 or 25P02 since its start',
      });
    }),
    supports('guard', 'database', 'strong', guardReading),
    opposes('guard-valid', 'database', 'decisive', (question) => {
      const guard = guardReading(question);
      return guard.holds === 'unseen' ? guard : { ...guard, holds: !guard.holds };
    }),
    opposes('fallback', 'logs', 'strong', (question) => {
      const { worker } = definitionOf(question);
      const lines = linesSinceStart(question.state, worker);
      if (lines === null) return unseenReading(`logs ${worker}`);
      const failed = lines.findLast(({ kind }) => kind === 'on-conflict-unmatched')?.atMs ?? null;
      const went =
        lines.findLast((line) => line.kind === 'fallback-method' || isFinishLine(line))?.atMs ?? null;
      return reading(
        failed !== null && went !== null && went >= failed,
        'it went on by its fallback',
        `logs ${worker}`,
      );
    }),
  ],
  rival: 'old-worker-image',
  probe: 'list the unique indexes: \\d student_course_purchases',
  hurts: 'stage',
  repairs: ['create-missing-indexes', 'create-sessions'],
  explain:
    'The workers are idempotent by unique indexes, and a known migration makes none of them. Ask the catalogue (pg_index), not the log: a 42P10 warning before "(fallback method)" is noise of healthy platforms.',
};
