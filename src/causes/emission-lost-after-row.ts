import { type Stage, TOPIC_OF_EVENT } from '../platform/pipeline.ts';
import { isFinishLine } from '../platform/workers.ts';
import { assigningLineReading } from './assigning.ts';
import type { Cause } from './cause.ts';
import {
  contradictionReading,
  definitionOf,
  lineOfPaymentReading,
  ofKinds,
  opposes,
  reading,
  stageOf,
  supports,
  unseenReading,
  workerReading,
} from './readings.ts';

/** A worker that died between its row and its event comes back at once; Docker waits a minute at most. */
const RESTART_WITHIN_MS = 60_000;

/** Where the event of the row goes. */
const NEXT_TOPIC: Readonly<Partial<Record<Stage, string>>> = {
  purchase: TOPIC_OF_EVENT.PURCHASE_CREATED,
  allocation: TOPIC_OF_EVENT.TRAINER_ALLOCATED,
};

export const emissionLostAfterRow: Cause = {
  id: 'emission-lost-after-row',
  title: 'The row was made, its event was not sent',
  explains: [{ stages: ['purchase', 'allocation'], roles: ['out'] }],
  scope: 'stage',
  needsRunningWorker: false,
  generation: null,
  prior: null,
  evidence: [
    supports('row-without-event', 'records', 'strong', (question) =>
      contradictionReading(question, 'row-without-event', {
        found: `the ${stageOf(question)} row exists and its record was never sent`,
        missing: 'its record was sent',
      }),
    ),
    supports('finished-without-emission', 'logs', 'strong', (question) => {
      const { stage, worker } = definitionOf(question);
      const finished = lineOfPaymentReading(
        question,
        worker,
        (line) => isFinishLine(line) && line.kind !== 'event-emitted',
        { found: `${worker} made the row`, missing: `${worker} has no line that it made the row` },
      );
      if (finished.holds === true || stage !== 'allocation') return finished;
      // The newest allocation-worker assigns in its own process, and may end before it can say that it is done.
      const created = assigningLineReading(question, ofKinds('auto-assignment-created'), {
        found: (line) => `the allocation was made: ${line.message}`,
      });
      return created.holds === true ? created : finished;
    }),
    supports('restarted', 'containers', 'moderate', (question) =>
      workerReading(
        question,
        ({ name, startedAtMs }) => {
          const sinceRow = question.cohort.traces.map(({ stoppedAfterMs }) =>
            startedAtMs === null || stoppedAfterMs === null ? null : startedAtMs - stoppedAfterMs,
          );
          return {
            holds: sinceRow.every((ms) => ms !== null && ms >= 0 && ms <= RESTART_WITHIN_MS),
            text: `${name} was started again within a minute of the row`,
          };
        },
        { holds: false, text: '' },
      ),
    ),
    opposes('row-before-read', 'database', 'strong', (question) =>
      contradictionReading(question, 'row-before-read', {
        found: 'the row came before its worker read the event',
        missing: '',
      }),
    ),
    opposes('no-topic', 'records', 'decisive', (question) => {
      const output = NEXT_TOPIC[stageOf(question)];
      const topic = output === undefined ? undefined : question.state.topics[output];
      const observation = `topics ${output ?? ''}`;
      if (output === undefined || topic?.kind !== 'seen') return unseenReading(observation);
      return reading(topic.value.kind === 'absent', `there is no topic ${output} to send it to`, observation);
    }),
  ],
  rival: 'retry-queue-purchase',
  probe: 'who made the row: the worker, or something else?',
  hurts: 'named',
  repairs: ['replay-payment', 'create-sessions'],
  explain:
    'The worker wrote its row and died, or failed, before it sent the event. Its retry finds the row, marks, and sends nothing. Replay the payment at the next stage.',
};
