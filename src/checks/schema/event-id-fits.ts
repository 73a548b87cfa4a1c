import { isUuid } from '../../platform/ids.ts';
import type { Gap } from '../../platform/observed.ts';
import type { PlatformState, RecordSeen } from '../../platform/state.ts';
import { expectedStages, linesSinceStart, logReachesStart, workerLog } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const eventIdFits: Check = {
  id: 'schema/event-id-fits',
  title: 'event_id accepts the ids in use',
  required: false,
  after: ['schema/tables-present'],
  needs: ['schema', 'records', 'logs', 'containers', 'settings'],
  explain:
    'Old deployments keep processed_events.event_id as uuid, while recovery paths use ids such as purchase-created-<id>. Looking such an id up fails with a uuid syntax error, after the row was made and before its event was sent. Migrate the column to text; rows that stayed unannounced then need kc-doctor fix replay-payment at the next stage.',
  examine(state) {
    const { schema } = state;
    if (schema.kind === 'unseen') return { status: 'unknown', gap: schema.gap };
    const column = schema.value.tables
      .find(({ name }) => name === 'processed_events')
      ?.columns.find(({ name }) => name === 'event_id');
    if (column !== undefined && column.type !== 'uuid') {
      return { status: 'pass', summary: `event_id is ${column.type}` };
    }
    const errors = uuidErrors(state);
    const prefixed = seenRecords(state).filter(({ eventId }) => eventId !== null && !isUuid(eventId));
    const [example] = prefixed;
    if (errors.worker === null && example === undefined) {
      return outcomeOf({ pass: 'event_id is uuid, and so are the ids', findings: [], gaps: errors.gaps });
    }
    const observed =
      errors.worker === null
        ? `uuid column, ${prefixed.length} records with ids like ${example?.eventId}`
        : `uuid column, ${errors.worker} fails with uuid syntax errors`;
    const finding: Finding = {
      severity: errors.worker === null ? 'warn' : 'fail',
      subject: { kind: 'system', name: 'processed_events.event_id' },
      stage: null,
      observed,
      expected: 'a text column',
      summary: `processed_events.event_id: ${observed}`,
      hint: 'migrate the column: alter table processed_events alter column event_id type text',
      payments: [],
    };
    return outcomeOf({ pass: '', findings: [finding], gaps: errors.worker === null ? errors.gaps : [] });
  },
};

function uuidErrors(state: PlatformState): { readonly worker: string | null; readonly gaps: readonly Gap[] } {
  const gaps: Gap[] = [];
  for (const { worker } of expectedStages(state)) {
    const lines = linesSinceStart(state, worker);
    if (lines?.some(({ kind }) => kind === 'uuid-syntax')) return { worker, gaps: [] };
    const log = workerLog(state, worker);
    if (log.kind === 'unseen') gaps.push(log.gap);
    else if (!logReachesStart(state, worker)) gaps.push(cutShort(worker));
  }
  return { worker: null, gaps };
}

function seenRecords({ records }: PlatformState): readonly RecordSeen[] {
  const hits = Object.values(records.byPayment).flatMap((scans) =>
    Object.values(scans).flatMap((scan) => (scan.kind === 'seen' ? scan.value.hits : [])),
  );
  const heads = Object.values(records.heads).flatMap((head) =>
    head.kind === 'seen' && head.value !== null ? [head.value] : [],
  );
  return [...hits, ...heads];
}

function cutShort(worker: string): Gap {
  return {
    system: 'docker',
    operation: `log of ${worker}`,
    code: 'incomplete',
    reason: 'what was read of it does not reach back to its start',
    hint: `docker logs ${worker}`,
  };
}
