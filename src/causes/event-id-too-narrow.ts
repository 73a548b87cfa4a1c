import type { Cause, Question, Reading } from './cause.ts';
import { lineReading, ofKinds, opposes, reading, supports, unseenReading } from './readings.ts';

function columnReading({ state }: Question): Reading {
  if (state.schema.kind === 'unseen') return unseenReading('schema processed_events');
  const type = state.schema.value.tables
    .find(({ name }) => name === 'processed_events')
    ?.columns.find(({ name }) => name === 'event_id')?.type;
  return reading(
    type === 'uuid',
    `processed_events.event_id is ${type ?? 'absent'}`,
    'schema processed_events',
  );
}

export const eventIdTooNarrow: Cause = {
  id: 'event-id-too-narrow',
  title: 'event_id is a uuid, and the ids in use are not',
  explains: [{ stages: 'any', roles: ['read', 'out'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports('uuid-error', 'logs', 'decisive', (question) =>
      lineReading(question, ofKinds('uuid-syntax'), {
        found: (line) => line.message,
        missing: 'no uuid error since its start',
      }),
    ),
    supports('uuid-column', 'database', 'strong', columnReading),
    opposes('text-column', 'database', 'decisive', (question) => {
      const column = columnReading(question);
      return column.holds === 'unseen' ? column : { ...column, holds: !column.holds };
    }),
  ],
  rival: 'poison-record',
  probe: 'read the reason in the dead letter',
  hurts: 'stage',
  repairs: ['manual-instructions', 'replay-payment', 'create-sessions'],
  explain:
    'Old deployments keep processed_events.event_id as uuid; newer event ids carry a prefix such as "purchase-created-". Every mark fails, and with it the event. Migrate the column to text.',
};
